-- Text is cast because a table that Python leaves empty has no types.

select
    cast(feature as string) as feature,
    cast(level as string) as level,
    n_open_deals,
    n_won,
    n_deals,
    share_open,
    share_won,
    share_closed,
    difference_pp,
    difference_pp_low,
    difference_pp_high,
    p_value,
    q_value,
    feature_p_value,
    feature_p_value_closed,
    cast(evidence as string) as evidence
from {{ ref('est_pipeline_mix') }}
order by feature, level
