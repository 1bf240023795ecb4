select
    comparison,
    basis,
    before_start,
    before_end,
    after_start,
    after_end,
    n_before,
    n_after,
    win_rate_before,
    win_rate_after,
    change_pp,
    change_pp_low,
    change_pp_high,
    p_value,
    q_value,
    detectable_pp,
    verdict,
    statement
from {{ ref('model_win_rate_change') }}
order by comparison, basis
