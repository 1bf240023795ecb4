from winrate.project import feature_names
from winrate.statistics import verdict
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    features = feature_names(dbt.config.get("features"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return verdict.model_verdict(profiles, features, rules)
