-- The open pipeline: what the deal alerts look at.

with

deals as (

    select * from {{ ref('stg_deals') }} where is_open

),

scored as (

    select * from {{ ref('scored_deals') }} where status = 'open'

),

final as (

    select
        deals.deal_id,
        deals.sales_rep_id,
        deals.deal_stage,
        deals.deal_stage in ({{ quoted_list(var('late_stages')) }}) as is_late_stage,
        deals.deal_amount,
        deals.created_date,
        deals.expected_close_date,
        deals.deal_age_days,
        {{ days_in_stage('deals') }} as days_in_stage,
        coalesce(deals.stage_entered_date between deals.created_date and deals.as_of_date, false)
            as is_stage_date_known,
        scored.win_probability,
        scored.win_probability_low,
        scored.win_probability_high,
        scored.grade,
        scored.top_reason_1
    from deals
    inner join scored using (deal_id)

)

select * from final
