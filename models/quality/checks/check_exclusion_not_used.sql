-- Lines of exclusions.csv that leave out no row, or only rows that an earlier line leaves out.

with

used_lines as (

    select distinct file_line from {{ ref('excluded_rows') }}

),

found as (

    select
        cast(0 as bigint) as n_deals,
        'line ' || exclusions.file_line || ' of exclusions.csv (' || {{ brief('exclusions.reason', 60) }}
        || ') leaves out no row that an earlier line does not.' as message
    from {{ ref('raw_exclusions') }} as exclusions
    left join used_lines on exclusions.file_line = used_lines.file_line
    where used_lines.file_line is null

)

{{ check_shape('found') }}
