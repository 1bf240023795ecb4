-- Every row of the stage history with the one reason for which it cannot be used, or null. A deal is the line of the
-- export on which it stands: the tables of a long history carry numbers and not ids.

with

deals as (

    select
        source_line as deal_line,
        {{ deal_key('deal_id') }} as deal_key
    from {{ ref('stg_deals') }}

),

cells as (

    select
        source_line,
        coalesce(read_error, skip_code) as reader_code,
        {{ trimmed('deal_id') }} as deal_id,
        deal_stage as stage_text,
        old_stage as old_stage_text,
        {{ trimmed('entered_date') }} as entered_text
    from {{ ref('raw_stages') }}

),

keyed as (

    select
        *,
        {{ deal_key('deal_id') }} as deal_key,
        {{ stage_day('entered_text') }} as day,
        {{ time_order('entered_text') }} as time_order
    from cells

),

typed as (

    select
        keyed.source_line,
        keyed.reader_code,
        keyed.deal_id,
        deals.deal_line,
        keyed.stage_text,
        stages.deal_stage,
        stages.stage_outcome,
        old_stages.deal_stage as old_stage,
        old_stages.stage_outcome as old_outcome,
        keyed.entered_text,
        coalesce(days.is_filled, false) as has_date,
        days.entered_date,
        keyed.time_order,
        as_of_dates.as_of_date
    from keyed
    cross join {{ ref('as_of_dates') }} as as_of_dates
    left join deals on keyed.deal_key = deals.deal_key
    left join {{ ref('stage_texts') }} as stages on keyed.stage_text = stages.text
    left join {{ ref('stage_texts') }} as old_stages on keyed.old_stage_text = old_stages.text
    left join {{ ref('stage_days') }} as days on keyed.day = days.day

),

coded as (

    select
        *,
        case
            when reader_code is not null then reader_code
            {% for reason in stage_reject_reasons() if reason.condition -%}
            when {{ reason.condition }} then '{{ reason.code }}'
            {% endfor -%}
        end as reject_code
    from typed

),

final as (

    select
        source_line,
        deal_line,
        deal_stage,
        stage_outcome,
        old_stage,
        old_outcome,
        entered_date,
        time_order,
        as_of_date,
        reject_code,
        case when reject_code is not null then deal_id end as deal_id,
        case when reject_code is not null then stage_text end as stage_text,
        case when reject_code is not null then entered_text end as entered_text
    from coded

)

select * from final
