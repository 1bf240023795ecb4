from winrate.statistics import shrinkage


def model(dbt, session):
    counts = dbt.ref("segment_quarter_totals").df()[shrinkage.SEGMENT_COLUMNS]
    return shrinkage.win_rate_by_segment(counts)
