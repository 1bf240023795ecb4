with

rejected as (

    select * from {{ ref('checked_rows') }} where reject_code is not null

),

final as (

    select
        source_line,
        raw_text,
        reject_code as reason_code,
        {{ reject_reason() }} as reason,
        reject_code in ({{ quoted_list(skipped_codes()) }}) as is_skipped,
        deal_id
    from rejected

)

select * from final
