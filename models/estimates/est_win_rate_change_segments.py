from winrate.statistics import change
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    counts = dbt.ref("segment_window_totals").df()[change.SEGMENT_COLUMNS]
    rules = ClaimRules(**dbt.config.get("rules"))
    return change.win_rate_change_segments(counts, rules)
