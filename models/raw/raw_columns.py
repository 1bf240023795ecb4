from winrate import ingest, mapping


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    return ingest.columns_table(ingest.check_export(dbt.config.get("deals_path"), wanted))
