-- The levels and names in the columns that the scope of the build names, with the rows that have them.

with

found as (

    select
        column_name,
        level,
        n_deals
    from {{ ref('level_mappings') }}
    union all
    select
        column_name,
        name as level,
        n_deals
    from {{ ref('name_texts') }}

),

final as (

    select
        column_name,
        level,
        cast(sum(n_deals) as bigint) as n_deals
    from found
    where column_name in (select raw_scope.column_name from {{ ref('raw_scope') }} as raw_scope)
    group by column_name, level

)

select * from final
