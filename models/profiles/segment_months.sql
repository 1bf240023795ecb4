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
        {{ feature_and_level(names) }},
        {{ counted_deals('amount') }}
    from deals
    where {{ date }} is not null
    {{ by_level(names, 'month_start') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select dated.*
    from dated
    inner join features on dated.feature = features.feature

)

select * from final
