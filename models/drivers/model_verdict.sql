select
    n_won,
    n_lost,
    n_won / nullif(n_won + n_lost, 0) as win_rate,
    lr_statistic,
    cast(lr_df as bigint) as lr_df,
    lr_p_value,
    auc,
    auc_low,
    auc_high,
    brier,
    brier_baseline,
    cast(minimum_deals as bigint) as minimum_deals,
    verdict,
    statement
from {{ ref('est_verdict') }}
