with

totals as (

    select * from {{ ref('stage_totals') }}

),

estimates as (

    select * from {{ ref('est_stage_funnel') }}

),

final as (

    select
        totals.deal_stage,
        totals.n_deals,
        totals.n_lost,
        totals.lost_amount,
        estimates.drop_off_rate,
        estimates.drop_off_rate_low,
        estimates.drop_off_rate_high,
        estimates.drop_off_rate_elsewhere,
        estimates.difference_pp,
        estimates.difference_pp_low,
        estimates.difference_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        totals.n_open_deals,
        totals.open_amount
    from totals
    inner join estimates using (deal_stage)

)

select * from final
order by deal_stage
