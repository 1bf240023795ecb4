from winrate.project import known_at
from winrate.statistics import change, change_model
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    effect = dbt.ref("est_design_effect").fetchone()[0]
    profiles = dbt.ref("window_profiles").df().assign(design_effect=effect)
    dispersion = change.dispersions(dbt.ref("quarter_totals").df())
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    rules = ClaimRules(**dbt.config.get("rules"))
    return change_model.win_rate_change_causes(profiles, features, dispersion, rules)
