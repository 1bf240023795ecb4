with

windows as (

    select * from {{ ref('stage_windows') }}

),

estimates as (

    select * from {{ ref('est_stage_changes') }}

),

final as (

    select
        estimates.comparison,
        windows.is_primary,
        case when estimates.feature != 'all' then estimates.feature end as feature,
        case when estimates.feature != 'all' then estimates.level end as level,
        estimates.deal_stage,
        windows.before_start,
        windows.before_end,
        windows.after_start,
        windows.after_end,
        windows.horizon_days,
        estimates.n_entered_before,
        estimates.n_entered_after,
        estimates.went_on_rate_before,
        estimates.went_on_rate_after,
        estimates.lost_rate_before,
        estimates.lost_rate_after,
        estimates.change_pp,
        estimates.change_pp_low,
        estimates.change_pp_high,
        estimates.relative_change_pp,
        estimates.relative_change_pp_low,
        estimates.relative_change_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.statement,
        estimates.mean_days_before,
        estimates.mean_days_after,
        estimates.change_days,
        estimates.change_days_low,
        estimates.change_days_high,
        estimates.relative_change_days,
        estimates.relative_change_days_low,
        estimates.relative_change_days_high,
        estimates.days_p_value,
        estimates.days_q_value,
        estimates.days_evidence,
        estimates.days_inconclusive_because,
        estimates.days_statement
    from estimates
    inner join windows using (comparison)

)

select * from final
order by comparison, feature nulls first, level, deal_stage
