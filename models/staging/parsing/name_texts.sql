-- Every text that names a rep or an account, once, and the name that it stands for: spellings that differ by case,
-- spaces and invisible characters are one name, spelled as in most deals, or as the user's own file says. Ids are
-- compared as they are, since those of Salesforce differ by case alone. Of an owner also what owners.csv says, teams
-- and managers spelled as in the export.

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

named as (

    select
        column_name,
        cell,
        level_key,
        n_deals,
        first_value(name) over (
            partition by column_name, name_key order by is_mapped desc, n_deals desc, name asc
        ) as name
    from mapped

),

texts_of_names as (

    select
        *,
        {{ nfc('cell') }} as cell_nfc,
        {{ nfc('name') }} as name_nfc
    from named
    where
        column_name in ('sales_rep_id', 'owner_name', 'team', 'manager')
        and exists (select 1 from {{ ref('raw_owners') }})

),

keys as (

    select
        column_name,
        cell,
        name,
        {{ name_key('cell_nfc') }} as cell_key,
        {{ name_key('name_nfc') }} as name_key
    from texts_of_names

),

-- A line is about an owner in the spelling of the export, or in the one that it is mapped to.
candidates as (

    select
        column_name,
        cell,
        cell_key as owner_key,
        1 as priority
    from keys
    union all
    select
        column_name,
        cell,
        name_key as owner_key,
        2 as priority
    from keys

),

spellings as (

    select
        column_name,
        name_key,
        min(name) as name
    from keys
    group by column_name, name_key

),

owner_lines as (

    select
        candidates.column_name,
        candidates.cell,
        owners.file_line,
        coalesce(teams.name, owners.team) as team,
        coalesce(managers.name, owners.manager) as manager,
        owners.name
    from candidates
    inner join {{ ref('raw_owners') }} as owners on candidates.owner_key = owners.owner_key
    left join spellings as teams on owners.team_key = teams.name_key and teams.column_name = 'team'
    left join spellings as managers on owners.manager_key = managers.name_key and managers.column_name = 'manager'
    where candidates.column_name in ('sales_rep_id', 'owner_name')
    qualify row_number() over (
        partition by candidates.column_name, candidates.cell order by candidates.priority, owners.file_line
    ) = 1

),

final as (

    select
        named.column_name,
        named.cell,
        named.level_key,
        named.n_deals,
        named.name,
        owner_lines.file_line as owner_line,
        owner_lines.team as owner_team,
        owner_lines.manager as owner_manager,
        owner_lines.name as owner_label
    from named
    left join owner_lines on named.column_name = owner_lines.column_name and named.cell = owner_lines.cell

)

select * from final
