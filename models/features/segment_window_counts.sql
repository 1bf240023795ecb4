-- Closed and won deals of each level in each comparison window, and what they came to.

with

deals as (

    select * from {{ ref('window_deals') }}

),

final as (

    {% for feature in feature_names() -%}
    select
        comparison,
        '{{ feature }}' as feature,
        {{ feature }} as level,
        count(case when is_before then 1 end) as n_before,
        count(case when is_before and is_won = 1 then 1 end) as n_won_before,
        {{ sum_amount('case when is_before then amount end') }} as closed_amount_before,
        {{ sum_amount('case when is_before and is_won = 1 then amount end') }} as won_amount_before,
        count(case when not is_before then 1 end) as n_after,
        count(case when not is_before and is_won = 1 then 1 end) as n_won_after,
        {{ sum_amount('case when not is_before then amount end') }} as closed_amount_after,
        {{ sum_amount('case when not is_before and is_won = 1 then amount end') }} as won_amount_after
    from deals
    group by comparison, {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
order by comparison, feature, level
