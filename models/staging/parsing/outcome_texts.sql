-- Every text in the columns outcome and deal_stage, once, and the outcome that it means, where it is known. HubSpot
-- writes the pipeline in brackets behind a stage.

with

cells as (

    select * from {{ ref('export_cells') }} where read_error is null

),

mappings as (

    select * from {{ ref('value_mappings') }} where kind = 'outcome'

),

texts as (

    select outcome as cell from cells where outcome is not null
    union
    select deal_stage as cell from cells where deal_stage is not null

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
