from winrate.project import creation_features
from winrate.statistics import pipeline_health
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    levels = dbt.ref("level_totals").df()[pipeline_health.MIX_COLUMNS]
    features = creation_features(dbt.config.get("features"), dbt.config.get("known_at_close"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return pipeline_health.pipeline_mix(levels, features, rules)
