from winrate.statistics import pipeline_health


def model(dbt, session):
    totals = dbt.ref("pipeline_totals").df()
    mix = dbt.ref("est_pipeline_mix").df()
    return pipeline_health.pipeline_health(
        totals,
        mix,
        min_deals=dbt.config.get("min_deals_per_level"),
        max_q_value=dbt.config.get("max_q_value"),
    )
