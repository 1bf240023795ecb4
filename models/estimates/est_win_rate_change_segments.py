from winrate.statistics import change


def model(dbt, session):
    counts = dbt.ref("segment_window_totals").df()
    return change.win_rate_change_segments(
        counts,
        min_deals_per_level=dbt.config.get("min_deals_per_level"),
        min_outcomes=dbt.config.get("min_outcomes"),
        max_q_value=dbt.config.get("max_q_value"),
    )
