-- Counts and total amounts of the closed deals of each level in both windows of each comparison.

{% set names = feature_names() -%}

with

deals as (

    select * from {{ ref('window_deals') }}

),

features as (

    {{ compared_features() }}

),

deal_levels as (

    select
        deals.comparison,
        deals.is_primary,
        deals.is_before,
        features.feature,
        {{ level_of(names) }} as level,
        deals.is_won,
        deals.amount
    from deals
    cross join features

),

final as (

    select
        comparison,
        is_primary,
        feature,
        level,
        {{ window_sums('before', 'is_before', 'amount') }},
        {{ window_sums('after', 'not is_before', 'amount') }}
    from deal_levels
    group by comparison, is_primary, feature, level

)

select * from final
order by comparison, feature, level
