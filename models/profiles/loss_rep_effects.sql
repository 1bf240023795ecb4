-- How much larger the variance of a change in a reason's share is because deals of one rep are alike: of the sums of
-- each rep's deals against that of independent deals. Reps fill in reasons each in their own way.
--
-- The score of the difference of two proportions, summed by cluster: Liang and Zeger (1986). With the shares a and b of
-- a rep's deals in both windows, with the reason and in all, and the reason's share p, the score of a rep is a - p b.
-- Sums are of whole numbers, so that they do not depend on the order of rows.

{% set scale = '1000000000000000' -%}

with

windows as (

    select * from {{ ref('comparison_windows') }} where basis = 'closed'

),

counts as (

    select * from {{ ref('loss_counts') }} where month_start is not null and feature = 'sales_rep_id'

),

by_rep as (

    select
        windows.comparison,
        counts.dimension,
        counts.reason,
        counts.level as sales_rep_id,
        {{ whole_sum('case when counts.month_start < windows.after_start then counts.n_lost else 0 end') }} as n_before,
        {{ whole_sum('case when counts.month_start >= windows.after_start then counts.n_lost else 0 end') }} as n_after
    from counts
    inner join windows on {{ is_in_windows('counts.month_start') }}
    group by windows.comparison, counts.dimension, counts.reason, counts.level

),

counted as (

    select
        *,
        sum(n_before) over of_rep as n_before_of_rep,
        sum(n_after) over of_rep as n_after_of_rep,
        sum(n_before) over of_all as n_before_of_all,
        sum(n_after) over of_all as n_after_of_all,
        row_number() over (partition by comparison, dimension, sales_rep_id order by reason asc) = 1 as is_first
    from by_rep
    window
        of_rep as (partition by comparison, dimension, sales_rep_id),
        of_all as (partition by comparison, dimension)

),

shares as (

    select
        *,
        n_after / cast(n_after_of_all as double) - n_before / cast(n_before_of_all as double) as of_reason,
        n_after_of_rep / cast(n_after_of_all as double) - n_before_of_rep / cast(n_before_of_all as double) as of_rep
    from counted
    where n_before_of_all > 0 and n_after_of_all > 0

),

sums_of_all as (

    select
        comparison,
        dimension,
        count(case when is_first then 1 end) as n_reps,
        {{ whole_sum('case when is_first then round(' ~ scale ~ ' * of_rep * of_rep) end') }} as rep_squares
    from shares
    group by comparison, dimension

),

sums_of_reasons as (

    select
        comparison,
        dimension,
        reason,
        min(n_before_of_all) as n_before_of_all,
        min(n_after_of_all) as n_after_of_all,
        sum(n_before + n_after) / cast(min(n_before_of_all + n_after_of_all) as double) as share,
        {{ whole_sum('round(' ~ scale ~ ' * of_reason * of_reason)') }} as reason_squares,
        {{ whole_sum('round(' ~ scale ~ ' * of_reason * of_rep)') }} as products
    from shares
    group by comparison, dimension, reason

),

variances as (

    select
        reasons.comparison,
        reasons.dimension,
        reasons.reason,
        reps.n_reps / cast(nullif(reps.n_reps - 1, 0) as double)
        * (reasons.reason_squares - 2 * reasons.share * reasons.products + power(reasons.share, 2) * reps.rep_squares)
        / nullif({{ scale }}, 0) as of_reps,
        reasons.share * (1 - reasons.share)
        * (1.0 / nullif(reasons.n_before_of_all, 0) + 1.0 / nullif(reasons.n_after_of_all, 0)) as of_deals
    from sums_of_reasons as reasons
    inner join sums_of_all as reps
        on reasons.comparison = reps.comparison and reasons.dimension = reps.dimension

),

final as (

    select
        comparison,
        dimension,
        reason,
        coalesce(greatest(of_reps / nullif(of_deals, 0), 1), 1) as rep_design_effect
    from variances

)

select * from final
