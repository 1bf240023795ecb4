-- Text is cast because a table that Python leaves empty has no types, dates because Python made them moments.

select
    cast(comparison as string) as comparison,
    comparison = 'last two quarters' as is_primary,
    cast(basis as string) as basis,
    cast(before_start as date) as before_start,
    cast(before_end as date) as before_end,
    cast(after_start as date) as after_start,
    cast(after_end as date) as after_end,
    n_before,
    n_after,
    win_rate_before,
    win_rate_after,
    won_amount_before / nullif(closed_amount_before, 0) as amount_weighted_win_rate_before,
    won_amount_after / nullif(closed_amount_after, 0) as amount_weighted_win_rate_after,
    change_pp,
    change_pp_low,
    change_pp_high,
    p_value,
    q_value,
    detectable_pp,
    cast(verdict as string) as verdict,
    cast(statement as string) as statement
from {{ ref('est_win_rate_change') }}
order by comparison, basis
