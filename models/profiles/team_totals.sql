-- Counts and total amounts of the closed and the open deals of each team. No row where no deal has one.

with

deals as (

    select * from {{ ref('stg_deals') }} where team != 'Unknown'

),

final as (

    select
        team,
        count(distinct case when sales_rep_id != 'Unknown' then sales_rep_id end) as n_reps,
        {{ deal_totals() }}
    from deals
    group by team

)

select * from final
order by team
