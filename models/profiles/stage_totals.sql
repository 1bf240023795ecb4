-- Counts and amounts of the closed deals by the last stage they reached, and of the open deals in it. No row where
-- all closed deals have one stage, such as 'Unknown' or 'Closed': there is nothing to compare.

with

deals as (

    select * from {{ ref('stg_deals') }}

),

totals as (

    select
        deal_stage,
        {{ deal_counts() }},
        count(case when is_won = 0 then 1 end) as n_lost,
        {{ sum_amount('case when is_won = 0 then deal_amount end') }} as lost_amount,
        count(case when is_open then 1 end) as n_open_deals,
        {{ sum_amount('case when is_open then deal_amount end') }} as open_amount
    from deals
    group by deal_stage

),

final as (

    select * from totals
    qualify count(case when n_deals > 0 then 1 end) over () > 1

)

select * from final
order by deal_stage
