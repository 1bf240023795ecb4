from winrate.ingest import stage_history


def model(dbt, session):
    return stage_history.history_lines(
        dbt.config.get("stages_path"), dbt.config.get("mapping_path"), dbt.config.get("variables")
    )
