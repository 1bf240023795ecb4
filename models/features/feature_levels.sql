-- Every value of every categorical feature and the level it is counted as:
-- itself, or 'Other' where fewer than `min_deals_per_level` closed deals have it.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

counted as (

    select
        cast(null as string) as feature,
        cast(null as string) as feature_value,
        cast(null as bigint) as n_closed_deals
    where false
    {% for feature in categorical_features() -%}
    union all
    select
        '{{ feature }}' as feature,
        {{ feature }} as feature_value,
        count(is_won) as n_closed_deals
    from deals
    group by {{ feature }}
    {% endfor %}
),

final as (

    select
        feature,
        feature_value,
        case
            when n_closed_deals < {{ var('min_deals_per_level') }} then 'Other'
            else feature_value
        end as level,
        n_closed_deals < {{ var('min_deals_per_level') }} as is_pooled,
        n_closed_deals
    from counted

)

select * from final
