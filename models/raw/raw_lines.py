from winrate.ingest import mapping, reader


def model(dbt, session):
    path = dbt.config.get("deals_path")
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    return reader.lines_table(path, reader.read_header(path, wanted))
