-- What a stage history tells of open deals on a day: one row per deal and day, for the deals that the score models
-- are fitted on at each month end, and for all open deals on the as-of date. Nothing that happened later is used.
-- There are no rows without a history of most deals, won and lost ones alike: a history that only some have would
-- tell the outcome.

with

stays as (

    select
        deal_id,
        deal_stage,
        entered_date,
        left_date,
        stage_number
    from {{ ref('stg_deal_stages') }}

),

score_deals as (

    select * from {{ ref('score_deals') }}

),

deals_with_history as (

    select distinct deal_id from stays

),

histories as (

    select
        min(share) >= {{ var('min_history_share') }} as is_complete,
        min(first_date) as first_date
    from (
        select
            score_deals.is_won,
            cast(count(deals_with_history.deal_id) as double) / count(*) as share,
            (select min(entered_date) from stays) as first_date
        from score_deals
        left join deals_with_history on score_deals.deal_id = deals_with_history.deal_id
        where score_deals.is_dated
        group by score_deals.is_won
    ) as of_outcomes

),

closes as (

    select distinct cast(date_trunc('month', closed_date) as date) as month_start
    from score_deals
    where closed_date is not null

),

month_ends as (

    select {{ add_days(add_months('closes.month_start', 1), -1) }} as state_date
    from closes
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where {{ add_months('closes.month_start', 1) }} <= as_of_dates.as_of_date

),

at_month_ends as (

    select
        score_deals.deal_id,
        score_deals.start_date,
        month_ends.state_date
    from score_deals
    inner join month_ends
        on
            score_deals.start_date <= month_ends.state_date
            and {{ add_days('score_deals.start_date', 'score_deals.entry_days') }} <= month_ends.state_date
            and (score_deals.is_open or score_deals.closed_date > month_ends.state_date)
    where score_deals.is_dated

),

today as (

    select
        deals.deal_id,
        {{ assumed_created_date('deals', 'as_of_dates.as_of_date') }} as start_date,
        as_of_dates.as_of_date as state_date
    from {{ ref('deal_features') }} as deals
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where deals.is_open

),

days as (

    select days_of_deals.*
    from (
        select * from at_month_ends
        union
        select * from today
    ) as days_of_deals
    cross join histories
    where histories.is_complete and days_of_deals.state_date >= histories.first_date

),

found as (

    select
        days.deal_id,
        days.state_date,
        days.start_date,
        max_by(stays.deal_stage, stays.stage_number) as deal_stage,
        max_by(stays.entered_date, stays.stage_number) as entered_date
    from days
    left join stays
        on
            days.deal_id = stays.deal_id
            and days.state_date >= stays.entered_date
            and (days.state_date < stays.left_date or stays.left_date is null)
    group by days.deal_id, days.state_date, days.start_date

),

final as (

    select
        deal_id,
        state_date,
        coalesce(deal_stage, 'Unknown') as stage_then,
        {{ day_band(days_between('entered_date', 'state_date'), var('stage_day_bands')) }} as stage_days_then,
        {{ day_band(days_between('start_date', 'state_date'), var('state_age_bands')) }} as age_then
    from found

)

select * from final
