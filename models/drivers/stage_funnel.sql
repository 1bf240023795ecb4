-- Text is cast because a table that Python leaves empty has no types.

with

compared as (

    select * from {{ ref('est_stage_funnel') }}

),

final as (

    select
        cast(deal_stage as string) as deal_stage,
        n_deals,
        n_hits as n_lost,
        lost_amount,
        rate as drop_off_rate,
        rate_low as drop_off_rate_low,
        rate_high as drop_off_rate_high,
        rest_rate as drop_off_rate_elsewhere,
        difference_pp,
        difference_pp_low,
        difference_pp_high,
        p_value,
        q_value,
        -- A stage such as 'Closed Lost' states the outcome: it is no bottleneck.
        cast(case when rate in (0, 1) then 'inconclusive' else evidence end as string) as evidence,
        n_open_deals,
        open_amount
    from compared

)

select * from final
order by deal_stage
