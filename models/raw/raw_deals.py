from winrate import ingest, project


def model(dbt, session):
    required, optional = project.export_columns(
        dbt.config.get("required_columns"),
        dbt.config.get("optional_columns"),
        dbt.config.get("features"),
    )
    return ingest.read_export(dbt.config.get("deals_path"), required, optional)
