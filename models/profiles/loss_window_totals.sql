-- Counts and amounts of the lost deals of each reason in both windows of each comparison, by close date, and the
-- counts of all lost deals beside it. Levels of features are in the primary comparison only. Windows are whole months.

{% set features = quoted_list(creation_features() or ['']) -%}

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

counts as (

    select * from {{ ref('loss_counts') }} where month_start is not null

),

window_counts as (

    select
        windows.comparison,
        windows.is_primary,
        counts.month_start < windows.after_start as is_before,
        counts.feature,
        counts.level,
        counts.dimension,
        counts.reason,
        counts.kind,
        counts.n_lost,
        counts.lost_cents
    from counts
    inner join windows on {{ is_in_windows('counts.month_start') }}
    where counts.feature = 'all' or (windows.is_primary and counts.feature in ({{ features }}))

),

totals as (

    select
        comparison,
        is_primary,
        feature,
        level,
        dimension,
        reason,
        kind,
        {{ whole_sum('case when is_before then n_lost end') }} as n_lost_before,
        {{ whole_sum('case when not is_before then n_lost end') }} as n_lost_after,
        cast(coalesce(sum(case when is_before then lost_cents end), 0) as double) / 100 as lost_amount_before,
        cast(coalesce(sum(case when not is_before then lost_cents end), 0) as double) / 100 as lost_amount_after
    from window_counts
    group by all

),

final as (

    select
        totals.*,
        cast(sum(totals.n_lost_before) over of_all as bigint) as n_all_lost_before,
        cast(sum(totals.n_lost_after) over of_all as bigint) as n_all_lost_after,
        coalesce(rep_effects.rep_design_effect, 1) as rep_design_effect
    from totals
    left join {{ ref('loss_rep_effects') }} as rep_effects
        on
            totals.comparison = rep_effects.comparison
            and totals.dimension = rep_effects.dimension
            and totals.reason = rep_effects.reason
    window of_all as (partition by totals.comparison, totals.feature, totals.level, totals.dimension)

)

select * from final
order by comparison, feature, level, dimension, reason
