-- Separation: a level whose deals were all won, or all lost.

with

found as (

    select
        feature,
        level,
        n_deals,
        {{ separation_text() }} as message
    from {{ ref('win_rate_drivers') }}
    where {{ is_judged_by_level() }} and n_won in (0, n_deals)

)

{{ check_shape('found', provides=['feature', 'level']) }}
