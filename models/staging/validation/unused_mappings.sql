-- Mappings of the user's own file for values and words that no row of the export has: misspelled, or
-- not in this export. Words of loss reasons are a list for any export.

with

own_mappings as (

    select
        kind,
        found,
        {{ nfc('found') }} as found_nfc
    from {{ ref('raw_mappings') }}
    where kind not in ('column', 'stage_column', 'loss_kind') and priority = 0

),

keyed_mappings as (

    select
        kind,
        found,
        {{ level_key('found_nfc') }} as level_key
    from own_mappings

),

keyed_levels as (

    select
        column_name,
        {{ level_key('spelling') }} as level_key
    from {{ ref('level_mappings') }}

),

found_keys as (

    select
        column_name as kind,
        level_key
    from keyed_levels
    union
    select
        'outcome' as kind,
        level_key
    from {{ ref('outcome_texts') }}
    union
    select
        column_name as kind,
        level_key
    from {{ ref('name_texts') }}

),

final as (

    select distinct
        keyed_mappings.kind,
        keyed_mappings.found
    from keyed_mappings
    left join found_keys
        on keyed_mappings.kind = found_keys.kind and keyed_mappings.level_key = found_keys.level_key
    where found_keys.kind is null

)

select * from final
