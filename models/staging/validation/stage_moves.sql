-- One row per move of a deal into another stage than the one it was in. A history of changes has no row for the first
-- stage of a deal: it is the old stage of the first change, from the creation of the deal on, where the history reaches
-- back so far. Without a file, the moves are those that earlier exports show.

with

entries as (

    select
        deal_line,
        deal_stage,
        stage_outcome,
        old_stage,
        old_outcome,
        entered_date,
        time_order,
        source_line
    from {{ ref('stage_rows') }}
    where reject_code is null

),

starts as (

    select {{ first_complete_date('min(entered_date)') }} as first_date from entries

),

ordered as (

    select
        deal_line,
        deal_stage,
        stage_outcome,
        old_stage,
        old_outcome,
        entered_date,
        cast(row_number() over by_time as bigint) as place,
        lag(deal_stage) over by_time as stage_before
    from entries
    window by_time as (partition by deal_line order by entered_date asc, time_order asc nulls first, source_line asc)

),

first_stages as (

    select
        ordered.deal_line,
        ordered.old_stage as deal_stage,
        ordered.old_outcome as stage_outcome,
        deals.created_date as entered_date,
        cast(0 as bigint) as place
    from ordered
    inner join {{ ref('stg_deals') }} as deals on ordered.deal_line = deals.source_line
    cross join starts
    where
        ordered.place = 1
        and ordered.old_stage != ordered.deal_stage
        and deals.created_date between starts.first_date and ordered.entered_date

),

final as (

    select
        deal_line,
        deal_stage,
        stage_outcome,
        entered_date,
        place
    from ordered
    where coalesce(stage_before != deal_stage, true)
    union all
    select
        deal_line,
        deal_stage,
        stage_outcome,
        entered_date,
        place
    from first_stages
    union all
    select
        deal_line,
        deal_stage,
        stage_outcome,
        entered_date,
        place
    from {{ ref('recorded_stage_moves') }}

)

select * from final
