from winrate.project import creation_features
from winrate.statistics import scores
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("score_profiles").df()
    features = creation_features(dbt.config.get("features"), dbt.config.get("known_at_close"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return scores.score_profiles(profiles, features, rules)
