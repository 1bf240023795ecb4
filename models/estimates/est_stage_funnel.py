from winrate.statistics import proportions


def model(dbt, session):
    stages = dbt.ref("stage_totals").df()
    return proportions.compare_with_rest(
        stages,
        min_deals=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
