-- Every combination of an outcome and a stage in the export, and how many rows have it.

with

trimmed as (

    select
        {{ trimmed('deal_id') }} as trimmed_id,
        outcome,
        deal_stage
    from {{ ref('raw_deals') }}
    where read_error is null

),

-- A row without an id is no deal, such as a total.
counted as (

    select
        outcome,
        deal_stage,
        count(case when {{ null_if_empty('trimmed_id') }} is not null then 1 end) as n_rows
    from trimmed
    group by outcome, deal_stage

),

cell_texts as (

    select * from {{ ref('cell_texts') }}

),

final as (

    select
        outcome_texts.cell as outcome,
        deal_stage_texts.cell as deal_stage,
        counted.n_rows
    from counted
    left join cell_texts as outcome_texts
        on
            outcome_texts.column_name = 'outcome'
            and counted.outcome = outcome_texts.text_id
    left join cell_texts as deal_stage_texts
        on
            deal_stage_texts.column_name = 'deal_stage'
            and counted.deal_stage = deal_stage_texts.text_id
    where counted.n_rows > 0

)

select * from final
