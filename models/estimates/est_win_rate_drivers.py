from winrate.project import feature_names
from winrate.statistics import drivers
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    features = feature_names(dbt.config.get("features"))
    known_at_close = dbt.config.get("known_at_close")
    rules = ClaimRules(**dbt.config.get("rules"))
    return drivers.win_rate_drivers(profiles, features, known_at_close, rules)
