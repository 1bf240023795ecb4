-- A level that is in exactly the deals of some levels of other features, in a feature that otherwise
-- has effects of its own.

with

levels as (

    select
        *,
        count(case when {{ is_left_out_by(['repeats']) }} then 1 end) over (partition by feature) as n_repeated,
        count(*) over (partition by feature) as n_levels
    from {{ ref('win_rate_drivers') }}

),

found as (

    select
        feature,
        level,
        n_deals,
        {{ level_title('feature', 'level') }} || ' is in the same deals as levels of other features: '
        || 'it has no effect of its own and counts as the average of its feature.' as message
    from levels
    where {{ is_left_out_by(['repeats']) }} and n_repeated < n_levels

)

{{ check_shape('found', provides=['feature', 'level']) }}
