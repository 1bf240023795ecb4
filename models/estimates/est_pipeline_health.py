from winrate.statistics import pipeline_health
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    totals = dbt.ref("pipeline_totals").df()[pipeline_health.TOTALS_COLUMNS]
    mix = dbt.ref("est_pipeline_mix").df()
    rules = ClaimRules(**dbt.config.get("rules"))
    return pipeline_health.pipeline_health(totals, mix, rules)
