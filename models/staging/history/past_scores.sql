-- The scores that earlier builds gave the deals of this one while they were open. Another deal with the same id, such
-- as another CRM's, has another creation date.

{{ config(drops=['recorded_scores']) }}

with

scores as (

    select recorded_scores.*
    from {{ ref('recorded_scores') }} as recorded_scores
    inner join {{ ref('stg_deals') }} as deals
        on
            recorded_scores.deal_id = deals.deal_id
            and recorded_scores.created_date is not distinct from deals.created_date

),

-- Of several builds for one day, that which was recorded last.
final as (

    select *
    from scores
    qualify row_number() over (partition by deal_id, as_of_date order by record_number desc) = 1

)

select * from final
