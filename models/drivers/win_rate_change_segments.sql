-- Text is cast because a table that Python leaves empty has no types.

select
    cast(comparison as string) as comparison,
    comparison = 'last two quarters' as is_primary,
    cast(feature as string) as feature,
    cast(level as string) as level,
    n_before,
    n_after,
    share_before,
    share_after,
    win_rate_before,
    win_rate_after,
    won_amount_before / nullif(closed_amount_before, 0) as amount_weighted_win_rate_before,
    won_amount_after / nullif(closed_amount_after, 0) as amount_weighted_win_rate_after,
    change_pp,
    change_pp_low,
    change_pp_high,
    mix_effect_pp,
    rate_effect_pp,
    total_effect_pp,
    mix_effect_pp_low,
    mix_effect_pp_high,
    rate_effect_pp_low,
    rate_effect_pp_high,
    total_effect_pp_low,
    total_effect_pp_high,
    p_value,
    q_value,
    cast(evidence as string) as evidence,
    rank
from {{ ref('est_win_rate_change_segments') }}
order by comparison, rank
