-- Text is cast because a table that Python leaves empty has no types.

select
    cast(segments.comparison as string) as comparison,
    cast(segments.feature as string) as feature,
    cast(segments.level as string) as level,
    segments.n_before,
    segments.n_after,
    segments.share_before,
    segments.share_after,
    segments.win_rate_before,
    segments.win_rate_after,
    amounts.won_amount_before / nullif(amounts.closed_amount_before, 0) as amount_weighted_win_rate_before,
    amounts.won_amount_after / nullif(amounts.closed_amount_after, 0) as amount_weighted_win_rate_after,
    segments.change_pp,
    segments.change_pp_low,
    segments.change_pp_high,
    segments.mix_effect_pp,
    segments.rate_effect_pp,
    segments.total_effect_pp,
    segments.mix_effect_pp_low,
    segments.mix_effect_pp_high,
    segments.rate_effect_pp_low,
    segments.rate_effect_pp_high,
    segments.total_effect_pp_low,
    segments.total_effect_pp_high,
    segments.p_value,
    segments.q_value,
    cast(segments.evidence as string) as evidence,
    segments.rank
from {{ ref('model_win_rate_change_segments') }} as segments
left join {{ ref('segment_window_amounts') }} as amounts
    on
        cast(segments.comparison as string) = amounts.comparison
        and cast(segments.feature as string) = amounts.feature
        and cast(segments.level as string) = amounts.level
order by segments.comparison, segments.rank
