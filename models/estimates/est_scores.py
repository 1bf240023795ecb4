from winrate.project import feature_names, known_at
from winrate.statistics import scores
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("score_profiles").df()
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    used = known_at(timing, dbt.config.get("features"), "creation")
    features = [name for name in feature_names(dbt.config.get("features")) if name in profiles]
    rules = ClaimRules(**dbt.config.get("rules"))
    return scores.score_profiles(profiles, features, used, rules)
