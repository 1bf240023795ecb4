from winrate.statistics import change
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    windows = dbt.ref("window_totals").df()[change.WINDOW_COLUMNS]
    quarters = dbt.ref("quarter_totals").df()
    effect = dbt.ref("est_design_effect").fetchone()[0]
    comparisons = dbt.config.get("comparisons")
    rules = ClaimRules(**dbt.config.get("rules"))
    return change.win_rate_change(windows, quarters, comparisons, rules, effect)
