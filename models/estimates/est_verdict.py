from winrate.project import creation_features
from winrate.statistics import verdict
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    features = creation_features(dbt.config.get("features"), dbt.config.get("known_at_close"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return verdict.model_verdict(profiles, features, rules)
