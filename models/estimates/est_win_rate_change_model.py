from winrate import project
from winrate.statistics import change_model
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    profiles = dbt.ref("window_profiles").df()
    features = project.feature_names(dbt.config.get("features"))
    rules = ClaimRules(
        min_deals_per_level=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        min_deals_per_window=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
        max_p_value=dbt.config.get("max_q_value"),
    )
    return change_model.win_rate_change_model(profiles, features, rules)
