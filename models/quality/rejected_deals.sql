-- Rows outside the scope are counted by row_ledger: there may be more of them than within it.

with

rejected as (

    select * from {{ ref('checked_rows') }} where reject_code != 'out_of_scope'

),

rejected_lines as (

    select * from {{ ref('rejected_lines') }}

),

final as (

    select
        rejected.source_line,
        coalesce(rejected.raw_text, rejected_lines.raw_text) as raw_text,
        reject_code as reason_code,
        {{ reject_reason() }} as reason,
        reject_code in ({{ quoted_list(skipped_codes()) }}) as is_skipped,
        deal_id
    from rejected
    left join rejected_lines on rejected.source_line = rejected_lines.source_line

)

select * from final
