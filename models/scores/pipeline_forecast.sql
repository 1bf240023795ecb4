-- The expected amount of the open pipeline, by the scores and by the overall win rate.

with

open_deals as (

    select * from {{ ref('scored_deals') }} where status = 'open'

),

health as (

    select * from {{ ref('pipeline_health') }}

),

totals as (

    select
        count(*) as n_open_deals,
        count(win_probability) as n_scored_deals,
        {{ sum_amount('deal_amount') }} as open_amount,
        {{ sum_amount('win_probability * deal_amount') }} as weighted_amount,
        {{ sum_amount('win_probability_low * deal_amount') }} as weighted_amount_low,
        {{ sum_amount('win_probability_high * deal_amount') }} as weighted_amount_high
    from open_deals

),

final as (

    select
        health.as_of_date,
        totals.n_open_deals,
        totals.n_scored_deals,
        totals.open_amount,
        {% for column in ['weighted_amount', 'weighted_amount_low', 'weighted_amount_high'] -%}
        -- There is no forecast where some deals have no score.
        case when totals.n_scored_deals = totals.n_open_deals then totals.{{ column }} end
            as {{ column | replace('weighted_amount', 'weighted_pipeline_amount') }},
        {% endfor -%}
        health.base_rate_pipeline_amount
    from totals
    cross join health

)

select * from final
