from winrate.project import known_at
from winrate.statistics import interactions
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    effect = dbt.ref("est_design_effect").fetchone()[0]
    profiles = dbt.ref("driver_profiles").df().assign(design_effect=effect)
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    verdict = dbt.ref("est_verdict").project("verdict").fetchone()[0]
    rules = ClaimRules(**dbt.config.get("rules"))
    max_features = dbt.config.get("max_paired_features")
    return interactions.segment_pairs(profiles, features, verdict, rules, int(max_features))
