-- Moves of deals into stages as earlier exports show them, where there is no file with the history: a deal that is in
-- another stage than in the export before entered it on the as-of date of the export, or shortly before. Of deals that
-- are older than the first export on record, when they entered their first stage is not known.

with

files as (

    select count(*) as n_files from {{ ref('raw_stage_lines') }}

),

starts as (

    select min(as_of_date) as first_date from {{ ref('known_exports') }}

),

changes as (

    select
        deal_id,
        old_value,
        new_value,
        seen_date,
        change_number
    from {{ ref('stg_deal_changes') }}
    where column_name = 'deal_stage'

),

first_changes as (

    select
        deal_id,
        old_value
    from changes
    where change_number = 1

),

deals as (

    select
        deal_id,
        source_line,
        deal_stage,
        created_date
    from {{ ref('stg_deals') }}

),

first_stages as (

    select
        deals.source_line as deal_line,
        case when first_changes.deal_id is null then deals.deal_stage else first_changes.old_value end as deal_stage,
        deals.created_date as entered_date,
        cast(0 as bigint) as place
    from deals
    cross join starts
    left join first_changes on deals.deal_id = first_changes.deal_id
    where deals.created_date > starts.first_date

),

later_stages as (

    select
        deals.source_line as deal_line,
        changes.new_value as deal_stage,
        changes.seen_date as entered_date,
        changes.change_number as place
    from changes
    inner join deals on changes.deal_id = deals.deal_id

),

stages as (

    select * from first_stages
    union all
    select * from later_stages

),

final as (

    select
        stages.deal_line,
        stages.deal_stage,
        -- A closed stage ends with the deal (deal_stays).
        cast(null as {{ dbt.type_string() }}) as stage_outcome,
        stages.entered_date,
        stages.place
    from stages
    cross join files
    where files.n_files = 0 and stages.deal_stage not in ('Unknown', 'Closed')

)

select * from final
