from winrate.statistics import shrinkage


def model(dbt, session):
    reps = dbt.ref("rep_totals").df()
    return shrinkage.rep_performance(
        reps,
        min_deals=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
