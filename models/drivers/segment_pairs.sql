with

totals as (

    select * from {{ ref('pair_totals') }}

),

estimates as (

    select * from {{ ref('est_segment_pairs') }}

),

final as (

    select
        estimates.feature_1,
        estimates.level_1,
        estimates.feature_2,
        estimates.level_2,
        totals.n_deals,
        totals.n_won,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as win_rate,
        {{ amount_weighted_win_rate('totals.won_amount', 'totals.closed_amount') }} as amount_weighted_win_rate,
        estimates.expected_win_rate,
        estimates.difference_pp,
        estimates.difference_pp_low,
        estimates.difference_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.rank,
        estimates.statement
    from estimates
    inner join totals using (feature_1, level_1, feature_2, level_2)

)

select * from final
order by rank
