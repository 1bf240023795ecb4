from winrate.statistics import leaks
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    timing = dbt.ref("feature_timing").project("feature, known_at").df()
    profiles = dbt.ref("driver_profiles").df()
    rules = ClaimRules(**dbt.config.get("rules"))
    return leaks.feature_timing(timing, profiles, rules)
