-- Every text of a stage in the stage history, once: the stage of the export that it is, by the key that spellings
-- share, with or without the pipeline that HubSpot writes behind it in brackets; and the outcome that it means, where
-- it is a closed one.

with

entries as (

    select
        deal_stage,
        old_stage,
        count(*) as n_entries
    from {{ ref('raw_stages') }}
    where read_error is null and skip_code is null
    group by deal_stage, old_stage

),

texts as (

    select
        deal_stage as text,
        n_entries
    from entries
    union all
    select
        old_stage as text,
        0 as n_entries
    from entries

),

counted as (

    select
        text,
        {{ trimmed('text') }} as bare_text,
        {{ whole_sum('n_entries') }} as n_entries
    from texts
    where text is not null
    group by text

),

filled as (

    select
        text,
        n_entries,
        {{ null_if_empty('bare_text') }} as filled_text
    from counted

),

cells as (

    select
        text,
        n_entries,
        {{ nfc('filled_text') }} as cell
    from filled
    where filled_text is not null

),

keyed as (

    select
        *,
        {{ level_key('cell') }} as level_key,
        {{ level_key(without_remark('cell')) }} as bare_key,
        {{ folded(without_remark('cell')) }} as name
    from cells

),

mappings as (

    select * from {{ ref('value_mappings') }}

),

export_spellings as (

    select
        level,
        n_deals,
        {{ level_key('spelling') }} as level_key,
        {{ level_key(without_remark('spelling')) }} as bare_key
    from {{ ref('level_mappings') }}
    where column_name = 'deal_stage'

),

export_levels as (

    select
        level_key,
        max_by(level, (n_deals, level)) as level
    from export_spellings
    group by level_key

),

bare_export_levels as (

    select
        bare_key,
        max_by(level, (n_deals, level)) as level
    from export_spellings
    group by bare_key

),

named as (

    select
        keyed.text,
        keyed.bare_key,
        keyed.n_entries,
        keyed.name,
        coalesce(stages.means, export_levels.level, bare_stages.means, bare_export_levels.level) as level,
        coalesce(outcomes.means, bare_outcomes.means) as outcome
    from keyed
    left join mappings as stages on stages.kind = 'deal_stage' and keyed.level_key = stages.level_key
    left join mappings as bare_stages on bare_stages.kind = 'deal_stage' and keyed.bare_key = bare_stages.level_key
    left join export_levels on keyed.level_key = export_levels.level_key
    left join bare_export_levels on keyed.bare_key = bare_export_levels.bare_key
    left join mappings as outcomes on outcomes.kind = 'outcome' and keyed.level_key = outcomes.level_key
    left join mappings as bare_outcomes on bare_outcomes.kind = 'outcome' and keyed.bare_key = bare_outcomes.level_key

),

final as (

    select
        text,
        coalesce(
            level, first_value(name) over (partition by bare_key order by n_entries desc, name asc)
        ) as deal_stage,
        case when outcome in ('Won', 'Lost') then outcome end as stage_outcome,
        n_entries
    from named

)

select * from final
