from winrate.project import known_at
from winrate.statistics import stage_changes, stage_conversion
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    totals = dbt.ref("stage_window_totals").df()[stage_changes.WINDOW_TOTALS]
    exits = dbt.ref("stage_exits").df()[stage_conversion.EXITS]
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    rules = ClaimRules(**dbt.config.get("rules"))
    return stage_changes.stage_changes(totals, exits, features, rules)
