with

totals as (

    select * from {{ ref('loss_window_totals') }}

),

estimates as (

    select * from {{ ref('est_loss_reasons') }}

),

final as (

    select
        totals.comparison,
        totals.is_primary,
        case when totals.feature != 'all' then totals.feature end as feature,
        case when totals.feature != 'all' then totals.level end as level,
        totals.dimension,
        totals.reason,
        totals.kind,
        totals.n_lost_before,
        totals.n_lost_after,
        totals.n_all_lost_before,
        totals.n_all_lost_after,
        totals.lost_amount_before,
        totals.lost_amount_after,
        estimates.share_before,
        estimates.share_before_low,
        estimates.share_before_high,
        estimates.share_after,
        estimates.share_after_low,
        estimates.share_after_high,
        estimates.change_pp,
        estimates.change_pp_low,
        estimates.change_pp_high,
        estimates.p_value,
        estimates.q_value,
        estimates.evidence,
        estimates.inconclusive_because,
        estimates.statement,
        cast(row_number() over (
            partition by totals.comparison
            order by
                totals.feature = 'all' desc,
                totals.feature asc,
                totals.level asc,
                totals.dimension asc,
                totals.n_lost_after desc,
                totals.reason asc
        ) as bigint) as rank
    from totals
    inner join estimates using (comparison, feature, level, dimension, reason)

)

select * from final
order by comparison, rank
