-- What the closed and the won deals of each level came to in each comparison window, by close date.

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

deals as (

    select
        levels.*,
        stg_deals.deal_amount as amount,
        windows.comparison,
        levels.closed_date < windows.after_start as is_before
    from {{ ref('deal_features') }} as levels
    inner join {{ ref('stg_deals') }} as stg_deals on levels.deal_id = stg_deals.deal_id
    inner join windows
        on
            levels.closed_date between windows.before_start and windows.before_end
            or levels.closed_date between windows.after_start and windows.after_end

),

final as (

    {% for feature in feature_names() -%}
    select
        comparison,
        '{{ feature }}' as feature,
        {{ feature }} as level,
        {{ sum_amount('case when is_before then amount end') }} as closed_amount_before,
        {{ sum_amount('case when is_before and is_won = 1 then amount end') }} as won_amount_before,
        {{ sum_amount('case when not is_before then amount end') }} as closed_amount_after,
        {{ sum_amount('case when not is_before and is_won = 1 then amount end') }} as won_amount_after
    from deals
    group by comparison, {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
