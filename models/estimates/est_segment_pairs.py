from winrate.project import feature_names
from winrate.statistics import interactions
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    features = feature_names(dbt.config.get("features"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return interactions.segment_pairs(profiles, features, rules)
