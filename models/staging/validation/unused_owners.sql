-- Lines of the user's owners.csv that are about no owner of the export.

with

used_lines as (

    select distinct owner_line from {{ ref('name_texts') }} where owner_line is not null

),

final as (

    select
        owners.file_line,
        owners.owner
    from {{ ref('raw_owners') }} as owners
    left join used_lines on owners.file_line = used_lines.owner_line
    where used_lines.owner_line is null

)

select * from final
