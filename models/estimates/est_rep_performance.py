from winrate.project import creation_features
from winrate.statistics import reps
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    totals = dbt.ref("rep_totals").df()[reps.COLUMNS]
    profiles = dbt.ref("driver_profiles").df()
    features = creation_features(dbt.config.get("features"), dbt.config.get("known_at_close"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return reps.rep_performance(totals, profiles, features, rules)
