-- Text is cast because a table that Python leaves empty has no types.

select
    cast(pairs.feature_1 as string) as feature_1,
    cast(pairs.level_1 as string) as level_1,
    cast(pairs.feature_2 as string) as feature_2,
    cast(pairs.level_2 as string) as level_2,
    pairs.n_deals,
    pairs.n_won,
    pairs.win_rate,
    amounts.won_amount / nullif(amounts.closed_amount, 0) as amount_weighted_win_rate,
    pairs.expected_win_rate,
    pairs.difference_pp,
    pairs.difference_pp_low,
    pairs.difference_pp_high,
    pairs.p_value,
    pairs.q_value,
    cast(pairs.evidence as string) as evidence,
    pairs.rank,
    cast(pairs.statement as string) as statement
from {{ ref('est_segment_pairs') }} as pairs
left join {{ ref('pair_totals') }} as amounts
    on
        cast(pairs.feature_1 as string) = amounts.feature_1
        and cast(pairs.level_1 as string) = amounts.level_1
        and cast(pairs.feature_2 as string) = amounts.feature_2
        and cast(pairs.level_2 as string) = amounts.level_2
order by pairs.rank
