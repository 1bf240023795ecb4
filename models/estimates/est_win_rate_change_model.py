from winrate import project
from winrate.statistics import change_model


def model(dbt, session):
    profiles = dbt.ref("window_profiles").df()
    return change_model.win_rate_change_model(
        profiles,
        project.feature_names(dbt.config.get("features")),
        min_outcomes=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
