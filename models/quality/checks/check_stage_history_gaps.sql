-- What the stage history lacks or contradicts, where there is one: rejected rows, deals without any row, open deals
-- that are now in another stage than the last one recorded, and deals that entered a stage before they were created.

with

deals as (

    select
        source_line,
        deal_stage,
        created_date,
        is_open
    from {{ ref('stg_deals') }}

),

last_moves as (

    select
        deal_line,
        max_by(deal_stage, place) as deal_stage,
        min(entered_date) as first_entered_date
    from {{ ref('stage_moves') }}
    group by deal_line

),

counted as (

    select
        count(*) as n_all_deals,
        count(case when last_moves.deal_line is null then 1 end) as n_without,
        count(case when deals.is_open and last_moves.deal_line is not null then 1 end) as n_open,
        count(case
            when deals.is_open and deals.deal_stage != 'Unknown' and last_moves.deal_stage != deals.deal_stage then 1
        end) as n_elsewhere,
        count(case when last_moves.first_entered_date < deals.created_date then 1 end) as n_early
    from deals
    left join last_moves on deals.source_line = last_moves.deal_line

),

totals as (

    select
        ledger.n_rejected,
        ledger.n_read - ledger.n_skipped as n_judged,
        counted.n_all_deals,
        counted.n_without,
        counted.n_open,
        counted.n_elsewhere,
        counted.n_early
    from {{ ref('stage_row_ledger') }} as ledger
    cross join counted

),

found as (

    select
        n_rejected as n_deals,
        {{ as_count('n_rejected') }} || ' of ' || {{ as_count('n_judged') }}
        || ' rows of the stage history could not be used; quality.rejected_stage_rows has the reasons.' as message
    from totals
    where n_rejected > 0

    union all

    select
        n_without as n_deals,
        {{ as_count('n_without') }} || ' of ' || {{ as_deals('n_all_deals') }}
        || ' have no row in the stage history; they are in no figure of drivers.stage_conversion.' as message
    from totals
    where n_without > {{ var('max_stage_gap_share') }} * n_all_deals

    union all

    select
        n_elsewhere as n_deals,
        {{ as_count('n_elsewhere') }} || ' of ' || {{ as_count('n_open') }}
        || ' open deals with a stage history are now in another stage than the last one recorded: export the history '
        || 'and the deals on the same day.' as message
    from totals
    where n_elsewhere > {{ var('max_stage_gap_share') }} * n_open

    union all

    select
        n_early as n_deals,
        {{ as_count('n_early') }} || ' of ' || {{ as_deals('n_all_deals') }}
        || ' entered a stage before the day on which they were created, by the stage history.' as message
    from totals
    where n_early > {{ var('max_stage_gap_share') }} * n_all_deals

)

{{ check_shape('found') }}
