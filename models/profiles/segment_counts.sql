-- Counts and sums of the deals of each level by month of creation and month of closing; what other tables sum. Amounts
-- and days are in hundredths, whole numbers, whose sums do not depend on the order of rows.

{% set aggregates -%}
{{ deal_counts() }},
count(case when is_open then 1 end) as n_open_deals,
{{ whole_sum('case when is_won is not null then cents end') }} as closed_cents,
{{ whole_sum('case when is_won = 1 then cents end') }} as won_cents,
{{ whole_sum('case when is_open then cents end') }} as open_cents,
count(case when is_won = 1 then cents end) as n_won_amounts,
{{ whole_sum('case when is_won = 1 then cycle_cents end') }} as won_cycle_cents,
count(case when is_won = 1 then cycle_cents end) as n_won_cycles
{%- endset %}

with

deals as (

    select
        {% for feature in feature_names() -%}
        {{ feature }},
        {% endfor -%}
        {% for basis, date in basis_dates().items() -%}
        cast(date_trunc('month', {{ date }}) as date) as {{ basis }}_month,
        {% endfor -%}
        is_open,
        is_won,
        {{ cents('amount') }} as cents,
        {{ cents('cycle_days') }} as cycle_cents
    from {{ ref('deal_features') }}

),

features as (

    {{ compared_features() }}

),

totals as (

    {{ per_level(feature_names(), aggregates, 'deals', ['closed_month', 'created_month']) }}
),

final as (

    select totals.*
    from totals
    inner join features on totals.feature = features.feature

)

select * from final
