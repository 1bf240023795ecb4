from winrate.ingest import mapping, reader


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    return reader.columns_table(reader.check_export(dbt.config.get("deals_path"), wanted))
