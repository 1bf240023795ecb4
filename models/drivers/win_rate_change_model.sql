-- Text is cast because a table that Python leaves empty has no types.

select
    cast(comparison as string) as comparison,
    comparison = 'last two quarters' as is_primary,
    cast(feature as string) as feature,
    explained_pp,
    explained_pp_low,
    explained_pp_high,
    unexplained_pp,
    unexplained_pp_low,
    unexplained_pp_high,
    total_pp,
    p_value,
    q_value,
    cast(evidence as string) as evidence,
    cast(statement as string) as statement
from {{ ref('est_win_rate_change_model') }}
order by comparison, p_value, feature
