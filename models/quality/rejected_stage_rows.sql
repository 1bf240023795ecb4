-- Changes of other fields and of deals that are not used are counted by stage_row_ledger: there may be more of them
-- than of the others.

with

rejected as (

    select * from {{ ref('stage_rows') }} where reject_code not in ('other_field', 'other_deal', 'no_stage_date')

),

final as (

    select
        source_line,
        reject_code as reason_code,
        {{ stage_reject_reason() }} as reason,
        reject_code in ({{ quoted_list(skipped_stage_codes()) }}) as is_skipped,
        deal_id,
        stage_text as deal_stage
    from rejected

)

select * from final
