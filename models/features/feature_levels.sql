-- Every value of every categorical feature and the level it counts as: itself, or 'Other' where fewer
-- than `min_deals_per_level` closed deals have it. A missing value stays 'Unknown', so that one can see how many
-- there are.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

features as (

    {{ listed(categorical_features(), 'feature') }}

),

feature_values as (

    select
        features.feature,
        {{ value_of('features.feature', categorical_features(), 'deals') }} as feature_value,
        deals.is_won
    from deals
    cross join features

),

counted as (

    select
        feature,
        feature_value,
        count(is_won) as n_closed_deals
    from feature_values
    group by feature, feature_value

),

final as (

    select
        feature,
        feature_value,
        case
            when n_closed_deals < {{ var('min_deals_per_level') }} and feature_value != 'Unknown' then 'Other'
            else feature_value
        end as level,
        n_closed_deals < {{ var('min_deals_per_level') }} and feature_value != 'Unknown' as is_pooled,
        n_closed_deals
    from counted

)

select * from final
