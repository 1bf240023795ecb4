-- A feature with the same level in all closed deals. 'Unknown' is a missing column and 'Other' a pool of
-- rare levels: other tables and alerts report these.

with

found as (

    select
        feature,
        first_level as level,
        n_deals,
        {{ feature_title('feature') }} || ' is ' || first_level || ' in all closed deals: '
        || 'there is nothing to compare.' as message
    from {{ ref('feature_timing') }}
    where n_levels = 1 and first_level not in ('Unknown', 'Other')

)

{{ check_shape('found', provides=['feature', 'level']) }}
