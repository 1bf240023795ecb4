from winrate.statistics import change


def model(dbt, session):
    counts = dbt.ref("segment_window_totals").df()[change.SEGMENT_COLUMNS]
    return change.win_rate_change_segments(counts)
