with

totals as (

    select * from {{ ref('segment_window_totals') }}

),

estimates as (

    select * from {{ ref('est_win_rate_change_segments') }}

),

final as (

    select
        totals.comparison,
        totals.is_primary,
        totals.feature,
        totals.level,
        totals.n_before,
        totals.n_after,
        estimates.share_before,
        estimates.share_after,
        {{ win_rate('totals.n_won_before', 'totals.n_before') }} as win_rate_before,
        {{ win_rate('totals.n_won_after', 'totals.n_after') }} as win_rate_after,
        {{ amount_weighted_win_rate('totals.won_amount_before', 'totals.closed_amount_before') }}
            as amount_weighted_win_rate_before,
        {{ amount_weighted_win_rate('totals.won_amount_after', 'totals.closed_amount_after') }}
            as amount_weighted_win_rate_after,
        estimates.change_pp,
        estimates.change_pp_low,
        estimates.change_pp_high,
        estimates.mix_effect_pp,
        estimates.rate_effect_pp,
        estimates.total_effect_pp,
        estimates.mix_effect_pp_low,
        estimates.mix_effect_pp_high,
        estimates.rate_effect_pp_low,
        estimates.rate_effect_pp_high,
        estimates.total_effect_pp_low,
        estimates.total_effect_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.rank
    from totals
    inner join estimates using (comparison, feature, level)

)

select * from final
order by comparison, rank
