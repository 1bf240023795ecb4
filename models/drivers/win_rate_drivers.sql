with

totals as (

    select * from {{ ref('level_totals') }}

),

estimates as (

    select * from {{ ref('est_win_rate_drivers') }}

),

final as (

    select
        totals.feature,
        totals.level,
        totals.n_deals,
        totals.n_won,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as win_rate,
        estimates.adjusted_win_rate,
        estimates.effect_pp,
        estimates.effect_pp_low,
        estimates.effect_pp_high,
        estimates.coefficient,
        estimates.std_error,
        estimates.odds_ratio,
        estimates.p_value,
        estimates.q_value,
        estimates.feature_p_value,
        estimates.evidence,
        estimates.inconclusive_because,
        {{ amount_weighted_win_rate('totals.won_amount', 'totals.closed_amount') }} as revenue_weighted_win_rate,
        estimates.known_at,
        estimates.left_out_code,
        estimates.left_out_because,
        estimates.n_reps,
        estimates.rank,
        estimates.statement
    from estimates
    inner join totals using (feature, level)

)

select * from final
order by rank
