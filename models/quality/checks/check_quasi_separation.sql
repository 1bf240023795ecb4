-- Quasi-separation: a level whose deals were nearly all won, or nearly all lost.

{% set share = var('quasi_separation_share') -%}

with

found as (

    select
        feature,
        level,
        n_deals,
        {{ separation_text() }} as message
    from {{ ref('win_rate_drivers') }}
    where
        {{ is_judged_by_level() }}
        and n_won not in (0, n_deals)
        and (n_won <= {{ share }} * n_deals or n_won >= (1 - {{ share }}) * n_deals)

)

{{ check_shape('found', provides=['feature', 'level']) }}
