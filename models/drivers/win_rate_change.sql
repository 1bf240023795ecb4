with

totals as (

    select * from {{ ref('window_totals') }}

),

estimates as (

    select * from {{ ref('est_win_rate_change') }}

),

-- Effective sample sizes: so many deals vary by chance alone as much as these do.
effective_counts as (

    select
        totals.comparison,
        totals.basis,
        totals.n_won_before / nullif(estimates.dispersion, 0) as effective_n_won_before,
        totals.n_before / nullif(estimates.dispersion, 0) as effective_n_before,
        totals.n_won_after / nullif(estimates.dispersion, 0) as effective_n_won_after,
        totals.n_after / nullif(estimates.dispersion, 0) as effective_n_after
    from totals
    inner join estimates using (comparison, basis)

),

final as (

    select
        totals.comparison,
        totals.is_primary,
        totals.basis,
        totals.before_start,
        totals.before_end,
        totals.after_start,
        totals.after_end,
        totals.n_before,
        totals.n_after,
        {{ win_rate('totals.n_won_before', 'totals.n_before') }} as win_rate_before,
        {{ wilson_low('effective_n_won_before', 'effective_n_before') }} as win_rate_before_low,
        {{ wilson_high('effective_n_won_before', 'effective_n_before') }} as win_rate_before_high,
        {{ win_rate('totals.n_won_after', 'totals.n_after') }} as win_rate_after,
        {{ wilson_low('effective_n_won_after', 'effective_n_after') }} as win_rate_after_low,
        {{ wilson_high('effective_n_won_after', 'effective_n_after') }} as win_rate_after_high,
        {{ amount_weighted_win_rate('totals.won_amount_before', 'totals.closed_amount_before') }}
            as amount_weighted_win_rate_before,
        {{ amount_weighted_win_rate('totals.won_amount_after', 'totals.closed_amount_after') }}
            as amount_weighted_win_rate_after,
        totals.closed_amount_before,
        totals.closed_amount_after,
        estimates.change_pp,
        estimates.change_pp_low,
        estimates.change_pp_high,
        estimates.year_ago_change_pp,
        estimates.dispersion,
        estimates.p_value,
        estimates.q_value,
        estimates.detectable_pp,
        estimates.verdict,
        estimates.withheld_because,
        estimates.inconclusive_because,
        estimates.statement
    from totals
    inner join estimates using (comparison, basis)
    inner join effective_counts using (comparison, basis)

)

select * from final
order by comparison, basis
