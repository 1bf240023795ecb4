from winrate.project import creation_features
from winrate.statistics import change_model
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("window_profiles").df()
    features = creation_features(dbt.config.get("features"), dbt.config.get("known_at_close"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return change_model.win_rate_change_model(profiles, features, rules)
