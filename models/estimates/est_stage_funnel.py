from winrate.statistics import stage_funnel
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    stages = dbt.ref("stage_totals").df()[stage_funnel.COLUMNS]
    rules = ClaimRules(**dbt.config.get("rules"))
    return stage_funnel.stage_funnel(stages, rules)
