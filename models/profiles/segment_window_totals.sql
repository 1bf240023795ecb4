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
        {{ window_sums('before', 'is_before', 'amount') }},
        {{ window_sums('after', 'not is_before', 'amount') }}
    from deals
    group by comparison, {{ feature }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
order by comparison, feature, level
