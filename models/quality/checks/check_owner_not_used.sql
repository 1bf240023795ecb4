-- Lines of owners.csv of which the export has no owner.

with

found as (

    select
        cast(0 as bigint) as n_deals,
        'line ' || file_line || ' of owners.csv: no deal has the owner ' || {{ name_in_text('owner') }}
        || '; expected an id or a name as in the export.' as message
    from {{ ref('unused_owners') }}

)

{{ check_shape('found') }}
