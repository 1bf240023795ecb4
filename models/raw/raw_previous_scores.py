from winrate.ingest import previous_scores


def model(dbt, session):
    return previous_scores.previous_scores(dbt.config.get("previous_warehouse"))
