from winrate.project import creation_features
from winrate.statistics import drivers
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    close_profiles = dbt.ref("close_profiles").df()
    known_at_close = dbt.config.get("known_at_close")
    features = creation_features(dbt.config.get("features"), known_at_close)
    rules = ClaimRules(**dbt.config.get("rules"))
    return drivers.win_rate_drivers(profiles, close_profiles, features, known_at_close, rules)
