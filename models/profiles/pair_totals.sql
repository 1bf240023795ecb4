-- What the closed and the won deals of each pair of levels of two features came to.

{% set features = feature_names() -%}

with

deals as (

    select
        levels.*,
        stg_deals.deal_amount as amount
    from {{ ref('deal_features') }} as levels
    inner join {{ ref('stg_deals') }} as stg_deals on levels.deal_id = stg_deals.deal_id
    where not levels.is_open

),

final as (

    select
        cast(null as string) as feature_1,
        cast(null as string) as level_1,
        cast(null as string) as feature_2,
        cast(null as string) as level_2,
        cast(null as double) as closed_amount,
        cast(null as double) as won_amount
    where false
    {% for feature_1 in features -%}
    {% for feature_2 in features[loop.index:] -%}
    union all
    select
        '{{ feature_1 }}' as feature_1,
        {{ feature_1 }} as level_1,
        '{{ feature_2 }}' as feature_2,
        {{ feature_2 }} as level_2,
        {{ sum_amount('amount') }} as closed_amount,
        {{ sum_amount('case when is_won = 1 then amount end') }} as won_amount
    from deals
    group by {{ feature_1 }}, {{ feature_2 }}
    {% endfor -%}
    {% endfor %}
)

select * from final
