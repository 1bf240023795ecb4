-- What holds now: the rows of every alert view. A new view is added to this list.

{{ union_all([
    'alert_deal_at_risk',
    'alert_deal_stalled',
    'alert_deal_opportunity',
    'alert_score_drop',
    'alert_close_date_overdue',
    'alert_segment_decline',
    'alert_segment_underperforming',
    'alert_win_rate_decline',
    'alert_stage_bottleneck',
    'alert_data_quality',
]) }}
