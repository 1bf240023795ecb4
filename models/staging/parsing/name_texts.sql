-- Every text that names a rep or an account, once, and the name that it stands for: spellings that differ by case,
-- spaces and invisible characters are one name, spelled as in most deals, or as the user's own file says. Ids are
-- compared as they are, since those of Salesforce differ by case alone.

with

mappings as (

    select * from {{ ref('value_mappings') }}

),

texts as (

    select
        column_name,
        cell,
        {{ nfc('cell') }} as text,
        cast(sum(n_cells) as bigint) as n_deals
    from {{ ref('cell_texts') }}
    where column_name in ({{ quoted_list(name_columns()) }}) and cell is not null
    group by column_name, cell

),

keyed as (

    select
        *,
        {{ level_key('text') }} as level_key,
        {{ is_id('text') }} as is_id
    from texts

),

mapped as (

    select
        keyed.column_name,
        keyed.cell,
        keyed.level_key,
        keyed.n_deals,
        mappings.means is not null as is_mapped,
        coalesce(mappings.means, case when keyed.is_id then keyed.cell else {{ folded('keyed.text') }} end) as name,
        case
            when mappings.means is null and keyed.is_id then keyed.cell
            else lower({{ visible(folded('coalesce(mappings.means, keyed.text)')) }})
        end as name_key
    from keyed
    left join mappings on keyed.column_name = mappings.kind and keyed.level_key = mappings.level_key

),

final as (

    select
        column_name,
        cell,
        level_key,
        n_deals,
        first_value(name) over (
            partition by column_name, name_key order by is_mapped desc, n_deals desc, name asc
        ) as name
    from mapped

)

select * from final
