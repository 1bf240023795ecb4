from winrate import project
from winrate.statistics import pipeline_health


def model(dbt, session):
    levels = dbt.ref("level_totals").df()
    features = project.creation_features(
        dbt.config.get("features"), dbt.config.get("known_at_close")
    )
    return pipeline_health.pipeline_mix(
        levels[levels["feature"].isin(features)],
        min_deals_per_level=dbt.config.get("min_deals_per_level"),
        max_q_value=dbt.config.get("max_q_value"),
    )
