-- Counts and amounts of the closed deals of each level by month, by close date and by creation date.

{% set names = feature_names() -%}

with

deals as (

    select * from {{ ref('deal_features') }}

),

features as (

    {{ compared_features() }}

),

dated as (

    {% for basis, date in basis_dates().items() -%}
    select
        '{{ basis }}' as basis,
        cast(date_trunc('month', {{ date }}) as date) as month_start,
        *
    from deals
    where {{ date }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

totals as (

    {{ per_level(names, counted_deals('amount'), 'dated', ['basis', 'month_start']) }}
),

final as (

    select totals.*
    from totals
    inner join features on totals.feature = features.feature

)

select * from final
