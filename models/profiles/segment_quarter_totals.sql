-- Closed and won deals of each level by quarter, by close date and by creation date.

with

deals as (

    select
        deal_features.*,
        stg_deals.deal_amount as amount
    from {{ ref('deal_features') }} as deal_features
    inner join {{ ref('stg_deals') }} as stg_deals using (deal_id)

),

dated as (

    {% for basis, date in [('closed', 'closed_date'), ('created', 'created_date')] -%}
    select
        '{{ basis }}' as basis,
        cast({{ dbt.date_trunc('quarter', date) }} as date) as period_start,
        *
    from deals
    where {{ date }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    {% for feature in feature_names() -%}
    select
        basis,
        period_start,
        '{{ feature }}' as feature,
        {{ feature }} as level,
        count(is_won) as n_deals,
        cast(coalesce(sum(is_won), 0) as bigint) as n_won,
        {{ sum_amount('case when is_won is not null then amount end') }} as closed_amount,
        {{ sum_amount('case when is_won = 1 then amount end') }} as won_amount
    from dated
    group by basis, period_start, {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
order by basis, period_start, feature, level
