with

totals as (

    select * from {{ ref('segment_window_totals') }}

),

estimates as (

    select * from {{ ref('est_win_rate_change_segments') }}

),

-- Whether a segment changed otherwise than the other deals: decided with the causes of the change. Features
-- that are known only at close are not tested.
tests as (

    select * from {{ ref('est_win_rate_change_causes') }} where cause = 'segment'

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
        totals.closed_amount_before,
        totals.closed_amount_after,
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
        tests.p_value,
        tests.q_value,
        case tests.evidence
            when 'lowered' then 'got worse'
            when 'raised' then 'got better'
            else coalesce(tests.evidence, 'inconclusive')
        end as evidence,
        case
            when
                coalesce(tests.evidence, 'inconclusive') = 'inconclusive'
                and (estimates.change_pp_low > 0 or estimates.change_pp_high < 0)
                then case when tests.p_value is null then 'not tested' else 'like the change of the other deals' end
        end as inconclusive_because,
        cast(row_number() over (
            partition by totals.comparison
            order by tests.p_value asc nulls last, totals.feature asc, totals.level asc
        ) as bigint) as rank
    from totals
    inner join estimates using (comparison, feature, level)
    left join tests using (comparison, feature, level)

)

select * from final
order by comparison, rank
