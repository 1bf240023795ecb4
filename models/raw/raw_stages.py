from winrate.ingest import kept, stage_history


def model(dbt, session):
    def read():
        return stage_history.read_stage_history(
            dbt.config.get("stages_path"),
            dbt.config.get("mapping_path"),
            dbt.config.get("variables"),
        )

    return kept.rows(dbt.config.get("kept_path"), "raw_stages", read)
