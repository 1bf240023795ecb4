-- What became of every row that was read.

with

checked_rows as (

    select * from {{ ref('checked_rows') }}

),

final as (

    select
        -- Not by `var`, which would take a file name with braces for code.
        (select source_file from {{ ref('raw_build') }}) as source_file,
        count(*) as n_read,
        count(case when reject_code is null then 1 end) as n_accepted,
        count(case when reject_code not in ({{ quoted_list(skip_codes()) }}) then 1 end) as n_rejected,
        count(case when reject_code in ({{ quoted_list(skip_codes()) }}) then 1 end) as n_skipped
    from checked_rows

)

select * from final
