with

totals as (

    select * from {{ ref('team_totals') }}

),

estimates as (

    select * from {{ ref('est_team_performance') }}

),

final as (

    select
        totals.team,
        totals.n_reps,
        totals.n_deals,
        totals.n_won,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as win_rate,
        estimates.expected_win_rate,
        estimates.observed_minus_expected_pp,
        estimates.observed_minus_expected_pp_low,
        estimates.observed_minus_expected_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.shrunk_win_rate,
        totals.average_won_amount as average_deal_amount,
        totals.won_amount as amount_won,
        {{ amount_weighted_win_rate('totals.won_amount', 'totals.closed_amount') }} as amount_weighted_win_rate,
        totals.n_open_deals,
        totals.open_amount,
        estimates.rep_sd,
        estimates.spread_p_value,
        estimates.spread_evidence,
        estimates.statement
    from totals
    inner join estimates using (team)

)

select * from final
order by team
