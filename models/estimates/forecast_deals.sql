-- The deals of the forecast: those that are open, with their scores, and those won in the present quarter. Python gets
-- their amounts, one by one, since the spread of a total depends on the largest of them.

with

as_of_dates as (

    select
        as_of_dates.as_of_date,
        {{ quarter_start('as_of_dates.as_of_date', 'fiscal_calendars.start_month') }} as first_day
    from {{ ref('as_of_dates') }} as as_of_dates
    cross join {{ ref('fiscal_calendars') }} as fiscal_calendars

),

scores as (

    select * from {{ ref('deal_scores') }} where status = 'open'

),

final as (

    select
        deals.deal_id,
        deals.is_open,
        coalesce(deals.owner_name, deals.sales_rep_id) as owner,
        deals.deal_stage as stage,
        deals.deal_amount as amount,
        deals.expected_close_date,
        deals.crm_probability,
        scores.score_id,
        scores.win_probability,
        scores.win_probability_low,
        scores.win_probability_high
    from {{ ref('stg_deals') }} as deals
    cross join as_of_dates
    left join scores on deals.deal_id = scores.deal_id
    where
        deals.is_open
        or (deals.is_won = 1 and deals.closed_date between as_of_dates.first_day and as_of_dates.as_of_date)

)

select * from final
