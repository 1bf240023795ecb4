from winrate.statistics import change


def model(dbt, session):
    windows = dbt.ref("window_totals").df()
    return change.win_rate_change(
        windows,
        min_outcomes=dbt.config.get("min_outcomes"),
        low_evidence_outcomes=dbt.config.get("low_evidence_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
