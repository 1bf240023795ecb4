-- Every value of every categorical feature and the level it counts as: itself, or 'Other' where fewer
-- than `min_deals_per_level` closed deals have it. A missing value stays 'Unknown', so that one can see how many
-- there are.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

counted as (

    {% if categorical_features() -%}
    {{ per_level(categorical_features(), 'count(is_won) as n_closed_deals') }}
    {%- else -%}
    select
        cast(null as string) as feature,
        cast(null as string) as level,
        cast(null as bigint) as n_closed_deals
    where false
    {%- endif %}
),

final as (

    select
        feature,
        level as feature_value,
        case
            when n_closed_deals < {{ var('min_deals_per_level') }} and level != 'Unknown' then 'Other'
            else level
        end as level,
        n_closed_deals < {{ var('min_deals_per_level') }} and level != 'Unknown' as is_pooled,
        n_closed_deals
    from counted

)

select * from final
