-- Whose deals count for a target: one row per target and combination of rep, name of the rep and team. An owner is the
-- one with that id or with that name, in any spelling. Without targets, no deal is read.

with

targets as (

    select * from {{ ref('target_periods') }} where period_start is not null

),

owners as (

    select distinct
        sales_rep_id,
        owner_name,
        team,
        {{ nfc('sales_rep_id') }} as id_nfc,
        {{ nfc('owner_name') }} as name_nfc,
        {{ nfc('team') }} as team_nfc
    from {{ ref('stg_deals') }}
    where exists (select 1 from targets)

),

keyed as (

    select
        sales_rep_id,
        owner_name,
        team,
        {{ name_key('id_nfc') }} as id_key,
        {{ name_key('name_nfc') }} as owner_key,
        {{ name_key('team_nfc') }} as team_key
    from owners

),

final as (

    select
        targets.file_line,
        keyed.sales_rep_id,
        keyed.owner_name,
        keyed.team
    from targets
    cross join keyed
    where
        targets.entity_type = 'all'
        or targets.team_key = keyed.team_key
        or targets.owner_key = keyed.id_key
        or targets.owner_key = keyed.owner_key

)

select * from final
