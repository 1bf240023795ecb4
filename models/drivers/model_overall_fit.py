from winrate import drivers, project


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    return drivers.model_verdict(
        profiles,
        project.feature_names(dbt.config.get("features")),
        min_outcomes=dbt.config.get("min_outcomes"),
        max_p_value=dbt.config.get("max_q_value"),
    )
