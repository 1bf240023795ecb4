-- Every spelling of every level in the export, and the level that it is: spellings that differ only by
-- case, spaces, hyphens and underscores are one level, spelled as in most deals.

with

cells as (

    select * from {{ ref('export_cells') }} where read_error is null

),

mappings as (

    select * from {{ ref('value_mappings') }}

),

category_columns as (

    {{ listed(category_columns(), 'column_name') }}

),

category_cells as (

    select
        category_columns.column_name,
        {{ value_of('category_columns.column_name', category_columns(), 'cells') }} as spelling
    from cells
    cross join category_columns

),

spellings as (

    select
        column_name,
        spelling,
        count(*) as n_deals
    from category_cells
    where spelling is not null
    group by column_name, spelling

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
