-- How many rows were read, accepted, rejected and skipped, and how many lines of the file they cover.

{{ config(drops=['raw_deals']) }}

with

checked_rows as (

    select * from {{ ref('checked_rows') }}

),

raw_totals as (

    select
        count(*) as n_read,
        sum(n_lines) as n_lines_in_rows
    from {{ ref('raw_deals') }}

),

file_lines as (

    select * from {{ ref('raw_lines') }}

),

row_totals as (

    select
        count(case when reject_code is null then 1 end) as n_accepted,
        count(case when reject_code not in ({{ quoted_list(skipped_codes()) }}) then 1 end) as n_rejected,
        count(case when reject_code in ({{ quoted_list(skipped_codes()) }}) then 1 end) as n_skipped,
        count(case when reject_code = 'out_of_scope' then 1 end) as n_out_of_scope
    from checked_rows

),

final as (

    select
        -- Not by `var`, which would take braces in the name of a file for code.
        raw_build.source_file,
        raw_totals.n_read,
        row_totals.n_accepted,
        row_totals.n_rejected,
        row_totals.n_skipped,
        file_lines.n_lines,
        cast(raw_totals.n_lines_in_rows + file_lines.n_header_lines as bigint) as n_lines_read,
        row_totals.n_out_of_scope
    from row_totals
    cross join raw_totals
    cross join file_lines
    cross join {{ ref('raw_build') }} as raw_build

)

select * from final
