-- One row per stay of a deal in a stage: from the day on which it entered it to the one on which it entered the next,
-- or was won or lost. Entering a closed stage ends a stay and is none.

with

moves as (

    select
        deal_line,
        deal_stage,
        stage_outcome,
        entered_date,
        place,
        lead(entered_date) over by_time as next_date,
        coalesce(lead(stage_outcome) over by_time, lead(deal_stage) over by_time) as next_stage
    from {{ ref('stage_moves') }}
    window by_time as (partition by deal_line order by place)

),

stays as (

    select
        *,
        cast(row_number() over (partition by deal_line order by place asc) as bigint) as stage_number,
        row_number() over (partition by deal_line, deal_stage order by place asc) = 1 as is_first_entry
    from moves
    where stage_outcome is null

),

ended as (

    select
        stays.deal_line,
        stays.deal_stage,
        stays.entered_date,
        stays.stage_number,
        stays.is_first_entry,
        coalesce(
            stays.next_date,
            -- Some CRMs let a user set a close date before the day on which the stage was changed.
            case when deals.closed_date is not null then greatest(deals.closed_date, stays.entered_date) end
        ) as left_date,
        coalesce(stays.next_stage, case when not deals.is_open then deals.outcome end) as left_for,
        stays.next_stage is null and deals.is_open and deals.deal_stage in (stays.deal_stage, 'Unknown') as is_current,
        deals.as_of_date
    from stays
    inner join {{ ref('stg_deals') }} as deals on stays.deal_line = deals.source_line

),

final as (

    select
        deal_line,
        deal_stage,
        entered_date,
        left_date,
        left_for,
        {{ days_between('entered_date', 'case when is_current then as_of_date else left_date end') }} as days_in_stage,
        is_current,
        stage_number,
        is_first_entry
    from ended

)

select * from final
