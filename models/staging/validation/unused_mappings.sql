-- What a user's own file says of values and words that no row of the export has: a slip of the pen,
-- or a value that this export happens to be without.

with

own_meanings as (

    select
        kind,
        found,
        {{ level_key('found') }} as level_key
    from {{ ref('raw_mappings') }}
    where kind != 'column' and priority = 0

),

spellings as (

    select * from {{ ref('level_mappings') }}

),

found_cells as (

    select
        column_name as kind,
        {{ level_key('spelling') }} as level_key
    from spellings
    union
    select
        'outcome' as kind,
        {{ level_key('spelling') }} as level_key
    from spellings
    where column_name = 'deal_stage'
    union
    select
        'outcome' as kind,
        {{ level_key(text('outcome')) }} as level_key
    from {{ ref('raw_deals') }}
    where read_error is null

),

final as (

    select distinct
        own_meanings.kind,
        own_meanings.found
    from own_meanings
    left join found_cells
        on own_meanings.kind = found_cells.kind and own_meanings.level_key = found_cells.level_key
    where found_cells.kind is null

)

select * from final
