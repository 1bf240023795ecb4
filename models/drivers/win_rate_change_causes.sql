with

estimates as (

    select * from {{ ref('est_win_rate_change_causes') }} where cause_order is not null

),

comparisons as (

    select distinct
        comparison,
        is_primary
    from {{ ref('comparison_windows') }}

),

segments as (

    select * from {{ ref('segment_window_totals') }}

),

final as (

    select
        estimates.comparison,
        comparisons.is_primary,
        estimates.cause_order,
        estimates.cause,
        estimates.feature,
        estimates.level,
        estimates.contribution_pp,
        estimates.contribution_pp_low,
        estimates.contribution_pp_high,
        segments.n_before,
        segments.n_after,
        {{ win_rate('segments.n_won_before', 'segments.n_before') }} as win_rate_before,
        {{ win_rate('segments.n_won_after', 'segments.n_after') }} as win_rate_after,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.statement
    from estimates
    inner join comparisons using (comparison)
    left join segments
        on
            estimates.comparison = segments.comparison
            and estimates.feature = segments.feature
            and estimates.level = segments.level

)

select * from final
order by comparison, cause_order
