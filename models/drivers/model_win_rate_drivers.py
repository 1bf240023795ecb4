from winrate import drivers, project


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    return drivers.win_rate_drivers(
        profiles,
        project.feature_names(dbt.config.get("features")),
        min_deals_per_level=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
