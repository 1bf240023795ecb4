-- Every rep and every account of which the user's own file maps a name, and the name that is meant. Spellings are
-- compared as those of levels.

with

cells as (

    select * from {{ ref('export_cells') }} where read_error is null

),

mappings as (

    select * from {{ ref('value_mappings') }}

),

name_columns as (

    {{ listed(name_columns(), 'column_name') }}

),

mapped_columns as (

    select column_name from name_columns where column_name in (select kind from mappings)

),

texts as (

    select distinct
        mapped_columns.column_name,
        {{ value_of('mapped_columns.column_name', name_columns(), 'cells') }} as cell
    from cells
    cross join mapped_columns

),

keyed as (

    select
        column_name,
        cell,
        {{ level_key(nfc('cell')) }} as level_key
    from texts
    where cell is not null

),

final as (

    select
        keyed.column_name,
        keyed.cell,
        keyed.level_key,
        mappings.means
    from keyed
    left join mappings on keyed.column_name = mappings.kind and keyed.level_key = mappings.level_key

)

select * from final
