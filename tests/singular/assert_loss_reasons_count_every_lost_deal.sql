-- Within a dimension, the reasons of a segment count each of its lost deals once.

select
    comparison,
    feature,
    level,
    dimension,
    sum(n_lost_before) as n_lost_before,
    max(n_all_lost_before) as n_all_lost_before,
    sum(n_lost_after) as n_lost_after,
    max(n_all_lost_after) as n_all_lost_after
from {{ ref('loss_reasons') }}
group by comparison, feature, level, dimension
having
    sum(n_lost_before) != max(n_all_lost_before)
    or sum(n_lost_after) != max(n_all_lost_after)
    or count(*) != count(distinct reason)
