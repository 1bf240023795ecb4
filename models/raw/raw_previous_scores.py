from winrate import history


def model(dbt, session):
    return history.previous_scores(dbt.config.get("previous_warehouse"))
