select
    feature,
    coefficient
from {{ ref('est_importance') }}
order by coefficient, feature
