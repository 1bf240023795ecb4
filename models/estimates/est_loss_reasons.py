from winrate.project import known_at
from winrate.statistics import loss_reasons
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    counts = dbt.ref("loss_window_totals").df()[loss_reasons.COLUMNS]
    effect = dbt.ref("est_design_effect").fetchone()[0]
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    comparisons = dbt.config.get("comparisons")
    rules = ClaimRules(**dbt.config.get("rules"))
    return loss_reasons.loss_reasons(counts, features, comparisons, rules, effect)
