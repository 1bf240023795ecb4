-- The ids that more than one row has; among them may be null values, which are no ids.

with

trimmed as (

    select {{ trimmed('deal_id') }} as deal_id
    from {{ ref('raw_deals') }}
    where read_error is null

),

final as (

    select deal_id
    from trimmed
    where deal_id is not null
    group by deal_id
    having count(*) > 1

)

select * from final
