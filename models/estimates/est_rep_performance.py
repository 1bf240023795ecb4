from winrate.statistics import shrinkage
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    reps = dbt.ref("rep_totals").df()[shrinkage.REP_COLUMNS]
    rules = ClaimRules(**dbt.config.get("rules"))
    return shrinkage.rep_performance(reps, rules)
