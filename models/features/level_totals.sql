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
        count(is_won) as n_deals,
        cast(coalesce(sum(is_won), 0) as bigint) as n_won,
        {{ sum_amount('case when not is_open then amount end') }} as closed_amount,
        {{ sum_amount('case when is_won = 1 then amount end') }} as won_amount,
        {{ mean_of('case when is_won = 1 then amount end') }} as average_won_amount,
        {{ mean_of('case when is_won = 1 then cycle_days end') }} as mean_won_cycle_days,
        count(case when is_open then 1 end) as n_open_deals,
        {{ sum_amount('case when is_open then amount end') }} as open_amount
    from deals
    group by {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
