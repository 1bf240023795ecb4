-- Counts and total amounts of the closed and the open deals of each rep. No row where no deal has one.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

final as (

    select
        sales_rep_id,
        {{ deal_totals() }}
    from deals
    group by sales_rep_id
    qualify bool_or(sales_rep_id != 'Unknown') over ()

)

select * from final
order by sales_rep_id
