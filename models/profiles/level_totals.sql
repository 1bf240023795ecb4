-- What the closed deals of each level came to, and the open deals that have it.

with

deals as (

    select
        deal_features.*,
        stg_deals.deal_amount as amount,
        stg_deals.sales_cycle_days as cycle_days
    from {{ ref('deal_features') }} as deal_features
    inner join {{ ref('stg_deals') }} as stg_deals using (deal_id)

),

final as (

    {% for feature in feature_names() -%}
    select
        '{{ feature }}' as feature,
        {{ feature }} as level,
        {{ deal_totals('amount') }},
        {{ mean_of('case when is_won = 1 then cycle_days end') }} as mean_won_cycle_days
    from deals
    group by {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
