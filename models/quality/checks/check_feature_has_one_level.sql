-- A feature with the same level in all closed deals. 'Unknown' is a missing column and 'Other' a pool of
-- rare levels: other tables and alerts report these.

with

levels as (

    select
        feature,
        level,
        n_deals,
        count(*) over (partition by feature) as n_levels
    from {{ ref('level_totals') }}
    where n_deals > 0

),

found as (

    select
        feature,
        level,
        n_deals,
        {{ feature_title('feature') }} || ' is ' || level || ' in all closed deals: '
        || 'there is nothing to compare.' as message
    from levels
    where n_levels = 1 and level not in ('Unknown', 'Other')

)

{{ check_shape('found', provides=['feature', 'level']) }}
