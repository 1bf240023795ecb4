-- The stays of deal_stays with the id of the deal.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

stays as (

    select * from {{ ref('deal_stays') }}

),

final as (

    select
        deals.deal_id,
        stays.deal_stage,
        stays.entered_date,
        stays.left_date,
        stays.days_in_stage,
        stays.is_current,
        stays.stage_number,
        stays.is_first_entry,
        stays.left_for
    from stays
    inner join deals on stays.deal_line = deals.source_line

)

select * from final
