-- The deals that the score models are fitted on: one row per deal that was not born closed, or, of more than
-- `max_score_deals`, of a fixed sample. `entry_days` is the age from which a deal is at risk of closing: an export by
-- close date lacks the deals that closed before its first day, so a deal counts from that day on (left truncation).

with

deals as (

    select * from {{ ref('deal_features') }} where not is_born_closed

),

counts as (

    select
        count(*) as n_deals,
        -- Not the first of all: one wrong date must not hide where the export begins.
        percentile_disc(0.005) within group (order by case when not is_open then closed_date end) as first_close_date
    from deals

),

dated as (

    select
        deals.*,
        counts.first_close_date,
        as_of_dates.as_of_date,
        {{ assumed_created_date('deals', 'as_of_dates.as_of_date') }} as start_date
    from deals
    cross join counts
    cross join {{ ref('as_of_dates') }} as as_of_dates
    where {{ id_share('deals.deal_id') }} * counts.n_deals < {{ var('max_score_deals') }}

),

final as (

    select
        deal_id,
        {{ score_fold('deal_id') }} as score_fold,
        {{ as_text(creation_features()) -}}
        is_open,
        is_won,
        start_date,
        closed_date,
        created_date is not null and (is_open or closed_date is not null) as is_dated,
        coalesce(deal_age_days, 0) as age_days,
        amount,
        case
            when deal_age_days is null then 0
            else greatest(
                {{ var('born_closed_days') }} + 1, coalesce({{ days_between('start_date', 'first_close_date') }}, 0)
            )
        end as entry_days,
        as_of_date
    from dated

)

select * from final
