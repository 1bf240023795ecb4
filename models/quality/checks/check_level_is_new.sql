-- A level of the last two quarters that none of the two quarters before has.

with

found as (

    select
        feature,
        level,
        n_after as n_deals,
        {{ level_title('feature', 'level') }} || ' is in ' || {{ as_deals('n_after') }}
        || ' closed in {{ primary_comparison().after }} and in none of {{ primary_comparison().before }}: '
        || 'its part in a change is a mix effect, and there is no rate to compare.' as message
    from {{ ref('win_rate_change_segments') }}
    where is_primary and n_before = 0 and n_after >= {{ var('min_deals_per_level') }}

)

{{ check_shape('found', provides=['feature', 'level']) }}
