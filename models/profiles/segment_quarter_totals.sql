-- Counts and total amounts of the closed deals of each level by quarter, by close date and by creation
-- date. `quarter` is the key that Python gets, the name of the quarter.

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
        cast(date_trunc('quarter', {{ date }}) as date) as period_start,
        *
    from deals
    where {{ date }} is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

deal_levels as (

    select
        deals.basis,
        deals.period_start,
        features.feature,
        {{ level_of(names) }} as level,
        deals.is_won,
        deals.amount
    from dated as deals
    cross join features

),

totals as (

    select
        basis,
        period_start,
        feature,
        level,
        {{ deal_counts() }},
        {{ deal_amounts('amount') }}
    from deal_levels
    group by basis, period_start, feature, level

),

final as (

    select
        basis,
        {{ quarter_name('period_start') }} as quarter,
        period_start,
        feature,
        level,
        n_deals,
        n_won,
        closed_amount,
        won_amount
    from totals

)

select * from final
order by basis, period_start, feature, level
