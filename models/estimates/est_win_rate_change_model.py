from winrate.project import feature_names
from winrate.statistics import change_model
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("window_profiles").df()
    features = feature_names(dbt.config.get("features"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return change_model.win_rate_change_model(profiles, features, rules)
