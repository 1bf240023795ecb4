from winrate.project import known_at
from winrate.statistics import pipeline_health
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    levels = dbt.ref("level_totals").df()[pipeline_health.MIX_COLUMNS]
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    rules = ClaimRules(**dbt.config.get("rules"))
    return pipeline_health.pipeline_mix(levels, features, rules)
