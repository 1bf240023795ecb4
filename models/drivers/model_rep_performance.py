from winrate import shrinkage


def model(dbt, session):
    reps = dbt.ref("rep_totals").df()
    return shrinkage.rep_performance(
        reps,
        min_deals=dbt.config.get("min_deals_per_level"),
        max_q_value=dbt.config.get("max_q_value"),
    )
