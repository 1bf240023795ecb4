-- Every text of every column but those of which each deal has its own, once: raw_deals has its text_id.

with

texts as (

    select {{ each_of('new_texts') }} as new_text
    from {{ ref('raw_deals') }}
    where new_texts is not null

),

final as (

    select
        new_text.column_name,
        new_text.text_id,
        new_text.text
    from texts

)

select * from final
