with

totals as (

    select * from {{ ref('rep_totals') }}

),

estimates as (

    select * from {{ ref('est_rep_performance') }}

),

final as (

    select
        totals.sales_rep_id,
        totals.n_deals,
        totals.n_won,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as win_rate,
        estimates.win_rate_low,
        estimates.win_rate_high,
        estimates.win_rate_elsewhere,
        estimates.expected_win_rate,
        estimates.observed_minus_expected_pp,
        estimates.adjusted_win_rate,
        estimates.difference_pp,
        estimates.difference_pp_low,
        estimates.difference_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.funnel_low_95,
        estimates.funnel_high_95,
        estimates.funnel_low_998,
        estimates.funnel_high_998,
        estimates.shrunk_win_rate,
        totals.average_won_amount as average_deal_amount,
        {{ value_per_deal('totals.n_won', 'totals.n_deals', 'totals.average_won_amount') }} as rep_impact_index,
        estimates.shrunk_win_rate * totals.average_won_amount as shrunk_impact_index,
        totals.won_amount as amount_won,
        {{ amount_weighted_win_rate('totals.won_amount', 'totals.closed_amount') }} as amount_weighted_win_rate,
        totals.n_open_deals,
        totals.open_amount,
        estimates.between_rep_sd,
        estimates.chance_sd,
        estimates.spread_p_value,
        estimates.spread_evidence,
        estimates.statement
    from totals
    inner join estimates using (sales_rep_id)

)

select * from final
order by sales_rep_id
