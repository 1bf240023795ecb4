-- Lines of owners.csv of which the export has no owner.

with

used_lines as (

    select distinct owner_line from {{ ref('name_texts') }} where owner_line is not null

),

found as (

    select
        cast(0 as bigint) as n_deals,
        'line ' || owners.file_line || ' of owners.csv: no deal has the owner ' || {{ name_in_text('owners.owner') }}
        || '; expected an id or a name as in the export.' as message
    from {{ ref('raw_owners') }} as owners
    left join used_lines on owners.file_line = used_lines.owner_line
    where used_lines.owner_line is null

)

{{ check_shape('found') }}
