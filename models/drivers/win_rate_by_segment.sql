with

totals as (

    select * from {{ ref('segment_quarter_totals') }}

),

estimates as (

    select * from {{ ref('est_win_rate_by_segment') }}

),

quarters as (

    select * from {{ ref('win_rate_trend') }} where grain = 'quarter'

),

final as (

    select
        totals.basis,
        totals.period_start,
        totals.feature,
        totals.level,
        totals.n_deals,
        totals.n_won,
        {{ win_rate('totals.n_won', 'totals.n_deals') }} as win_rate,
        {{ wilson_low('totals.n_won', 'totals.n_deals') }} as win_rate_low,
        {{ wilson_high('totals.n_won', 'totals.n_deals') }} as win_rate_high,
        estimates.shrunk_win_rate,
        {{ amount_weighted_win_rate('totals.won_amount', 'totals.closed_amount') }} as amount_weighted_win_rate,
        quarters.is_complete
    from totals
    inner join estimates using (basis, quarter, feature, level)
    inner join quarters
        on totals.basis = quarters.basis and totals.period_start = quarters.period_start

)

select * from final
order by basis, period_start, feature, level
