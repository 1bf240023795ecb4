from winrate import project
from winrate.statistics import interactions


def model(dbt, session):
    profiles = dbt.ref("driver_profiles").df()
    return interactions.segment_pairs(
        profiles,
        project.feature_names(dbt.config.get("features")),
        min_deals_per_level=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
