-- Counts and total amounts of the closed and the open deals of each level.

{% set names = feature_names() -%}
{% set aggregates -%}
{{ deal_totals('amount') }},
{{ mean_of('case when is_won = 1 then cycle_days end') }} as mean_won_cycle_days
{%- endset %}

with

deals as (

    select * from {{ ref('deal_features') }}

),

features as (

    {{ compared_features() }}

),

totals as (

    {{ per_level(names, aggregates) }}
),

final as (

    select totals.*
    from totals
    inner join features on totals.feature = features.feature

)

select * from final
