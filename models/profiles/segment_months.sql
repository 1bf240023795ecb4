-- Counts and amounts of the closed deals of each level by month, by close date and by creation date.

with

dated as (

    {% for basis in basis_dates() -%}
    select
        '{{ basis }}' as basis,
        {{ basis }}_month as month_start,
        *
    from {{ ref('segment_counts') }}
    where {{ basis }}_month is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        basis,
        month_start,
        feature,
        level,
        {% for name in ['n_deals', 'n_won', 'closed_cents', 'won_cents'] -%}
        {{ whole_sum(name) }} as {{ name }}{{ ',' if not loop.last }}
        {% endfor %}
    from dated
    group by basis, month_start, feature, level

)

select * from final
