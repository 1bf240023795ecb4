from winrate import project
from winrate.statistics import verdict


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    return verdict.model_verdict(
        profiles,
        project.feature_names(dbt.config.get("features")),
        min_outcomes=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_p_value=dbt.config.get("max_q_value"),
    )
