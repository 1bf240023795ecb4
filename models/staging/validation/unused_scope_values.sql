-- Values in the scope of the build that no row of the export has: misspelled, or not in this export.

with

scope_values as (

    select
        column_name,
        value,
        {{ nfc('value') }} as value_nfc
    from {{ ref('raw_scope') }}

),

keyed_values as (

    select
        column_name,
        value,
        {{ level_key('value_nfc') }} as level_key
    from scope_values

),

keyed_levels as (

    select distinct
        column_name,
        {{ level_key('level') }} as level_key
    from {{ ref('scope_levels') }}

),

final as (

    select
        keyed_values.column_name,
        keyed_values.value
    from keyed_values
    left join keyed_levels
        on keyed_values.column_name = keyed_levels.column_name and keyed_values.level_key = keyed_levels.level_key
    where keyed_levels.level_key is null and keyed_values.level_key != 'unknown'

)

select * from final
