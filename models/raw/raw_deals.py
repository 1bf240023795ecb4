from winrate import ingest, masking, project


def model(dbt, session):
    required, optional = project.export_columns(
        dbt.config.get("required_columns"),
        dbt.config.get("optional_columns"),
        dbt.config.get("features"),
    )
    records = ingest.read_export(dbt.config.get("deals_path"), required, optional)
    nothing = dbt.config.get("words_for_nothing")
    return masking.mask_reps(records, nothing) if dbt.config.get("mask_reps") else records
