from winrate.project import known_at
from winrate.statistics import verdict
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    effect = dbt.ref("est_design_effect").fetchone()[0]
    profiles = dbt.ref("driver_profiles").df().assign(design_effect=effect)
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    suspects = dbt.ref("est_feature_timing").filter("known_at = 'leak'").order("auc desc, feature")
    aucs = dict(suspects.project("feature, auc").fetchall())
    rules = ClaimRules(**dbt.config.get("rules"))
    return verdict.model_verdict(profiles, features, rules, aucs)
