-- How many rows of the stage history were read, accepted, rejected and skipped, and how many lines of the file they
-- cover. No row without a history.

-- depends_on: {{ ref('rejected_stage_rows') }}

{{ config(drops=['raw_stages', 'stage_rows']) }}

with

raw_totals as (

    select
        count(*) as n_read,
        {{ whole_sum('n_lines') }} as n_lines_in_rows
    from {{ ref('raw_stages') }}

),

file_lines as (

    select * from {{ ref('raw_stage_lines') }}

),

row_totals as (

    select
        count(case when reject_code is null then 1 end) as n_usable,
        count(case when reject_code not in ({{ quoted_list(skipped_stage_codes()) }}) then 1 end) as n_rejected,
        count(case when reject_code in ({{ quoted_list(skipped_stage_codes()) }}) then 1 end) as n_skipped,
        count(case when reject_code = 'other_field' then 1 end) as n_other_fields,
        count(case when reject_code = 'other_deal' then 1 end) as n_other_deals
    from {{ ref('stage_rows') }}

),

move_totals as (

    select count(*) as n_accepted
    from {{ ref('stage_moves') }}
    where place > 0

),

final as (

    select
        raw_totals.n_read,
        move_totals.n_accepted,
        row_totals.n_rejected,
        row_totals.n_skipped + row_totals.n_usable - move_totals.n_accepted as n_skipped,
        file_lines.n_lines,
        cast(raw_totals.n_lines_in_rows + file_lines.n_header_lines as bigint) as n_lines_read,
        row_totals.n_other_fields,
        row_totals.n_other_deals,
        row_totals.n_usable - move_totals.n_accepted as n_unchanged
    from file_lines
    cross join row_totals
    cross join raw_totals
    cross join move_totals

)

select * from final
