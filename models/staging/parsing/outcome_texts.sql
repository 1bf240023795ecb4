-- Every text in the columns outcome and deal_stage, once, and the outcome that it means, where it is known. HubSpot
-- writes the pipeline in brackets behind a stage.

with

mappings as (

    select * from {{ ref('value_mappings') }} where kind = 'outcome'

),

texts as (

    select distinct cell
    from {{ ref('cell_texts') }}
    where column_name in ('outcome', 'deal_stage') and cell is not null

),

keyed as (

    select
        cell,
        {{ level_key('cell') }} as level_key,
        {{ level_key(without_remark('cell')) }} as bare_key
    from texts

),

final as (

    select
        keyed.cell,
        keyed.level_key,
        coalesce(mappings.means, bare_mappings.means) as means
    from keyed
    left join mappings on keyed.level_key = mappings.level_key
    left join mappings as bare_mappings on keyed.bare_key = bare_mappings.level_key

)

select * from final
