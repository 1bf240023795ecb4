-- Every spelling of every level in the export, and the level that it is: spellings that differ only by
-- case, spaces, hyphens and underscores are one level, spelled as in most deals.

with

mappings as (

    select * from {{ ref('value_mappings') }}

),

spellings as (

    select
        column_name,
        cell as spelling,
        cast(sum(n_cells) as bigint) as n_deals
    from {{ ref('cell_texts') }}
    where column_name in ({{ quoted_list(category_columns()) }}) and cell is not null
    group by column_name, cell

),

keyed_spellings as (

    select
        *,
        {{ level_key('spelling') }} as spelling_key
    from spellings

),

renamed as (

    select
        keyed_spellings.column_name,
        keyed_spellings.spelling,
        keyed_spellings.n_deals,
        mappings.means is not null as is_mapped,
        coalesce(mappings.means, {{ folded('keyed_spellings.spelling') }}) as name
    from keyed_spellings
    left join mappings
        on keyed_spellings.column_name = mappings.kind and keyed_spellings.spelling_key = mappings.level_key

),

keyed_names as (

    select
        *,
        {{ level_key('name') }} as name_key
    from renamed

),

counted as (

    select
        *,
        sum(n_deals) over (partition by column_name, name) as n_deals_of_name,
        bool_or(is_mapped) over (partition by column_name, name) as is_mapped_name
    from keyed_names

),

final as (

    select
        column_name,
        spelling,
        first_value(name) over (
            partition by column_name, name_key order by is_mapped_name desc, n_deals_of_name desc, name asc
        ) as level,
        n_deals
    from counted

)

select * from final
