-- Text is cast because a table that Python leaves empty has no types.

select
    cast(feature_1 as string) as feature_1,
    cast(level_1 as string) as level_1,
    cast(feature_2 as string) as feature_2,
    cast(level_2 as string) as level_2,
    n_deals,
    n_won,
    win_rate,
    expected_win_rate,
    difference_pp,
    difference_pp_low,
    difference_pp_high,
    p_value,
    q_value,
    cast(evidence as string) as evidence,
    rank,
    cast(statement as string) as statement
from {{ ref('model_segment_pairs') }}
order by rank
