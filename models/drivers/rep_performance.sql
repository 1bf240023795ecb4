with

reps as (

    select * from {{ ref('est_rep_performance') }}

),

final as (

    select
        cast(sales_rep_id as string) as sales_rep_id,
        n_deals,
        n_won,
        win_rate,
        rate_low as win_rate_low,
        rate_high as win_rate_high,
        rest_rate as win_rate_elsewhere,
        difference_pp,
        difference_pp_low,
        difference_pp_high,
        p_value,
        q_value,
        cast(evidence as string) as evidence,
        funnel_low_95,
        funnel_high_95,
        funnel_low_998,
        funnel_high_998,
        shrunk_win_rate,
        average_won_amount as average_deal_amount,
        {{ value_per_deal('n_won', 'n_deals', 'average_won_amount') }} as rep_impact_index,
        shrunk_win_rate * average_won_amount as shrunk_impact_index,
        won_amount as amount_won,
        won_amount / nullif(closed_amount, 0) as amount_weighted_win_rate,
        n_open_deals,
        open_amount,
        between_rep_sd,
        chance_sd,
        spread_p_value,
        cast(spread_evidence as string) as spread_evidence,
        cast(statement as string) as statement
    from reps

)

select * from final
order by sales_rep_id
