select
    feature,
    coefficient
from {{ ref('model_importance') }}
order by coefficient, feature
