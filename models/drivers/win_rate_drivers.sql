-- Text is cast because a table that Python leaves empty has no types.

with

estimates as (

    select * from {{ ref('est_win_rate_drivers') }}

),

level_totals as (

    select * from {{ ref('level_totals') }}

),

final as (

    select
        cast(estimates.feature as string) as feature,
        cast(estimates.level as string) as level,
        estimates.n_deals,
        estimates.n_won,
        estimates.win_rate,
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
        cast(estimates.evidence as string) as evidence,
        level_totals.won_amount / nullif(level_totals.closed_amount, 0) as revenue_weighted_win_rate,
        cast(estimates.known_at as {{ dbt.type_string() }}) as known_at,
        cast(estimates.left_out_because as {{ dbt.type_string() }}) as left_out_because,
        estimates.rank,
        cast(estimates.statement as string) as statement
    from estimates
    inner join level_totals using (feature, level)

)

select * from final
order by rank
