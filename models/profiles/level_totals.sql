-- Counts and total amounts of the closed and the open deals of each level.

{% set names = feature_names() -%}

with

deals as (

    select * from {{ ref('deal_features') }}

),

features as (

    {{ compared_features() }}

),

deal_levels as (

    select
        features.feature,
        {{ level_of(names) }} as level,
        deals.is_open,
        deals.is_won,
        deals.amount,
        deals.cycle_days
    from deals
    cross join features

),

final as (

    select
        feature,
        level,
        {{ deal_totals('amount') }},
        {{ mean_of('case when is_won = 1 then cycle_days end') }} as mean_won_cycle_days
    from deal_levels
    group by feature, level

)

select * from final
