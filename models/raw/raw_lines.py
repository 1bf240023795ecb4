from winrate import ingest, mapping


def model(dbt, session):
    path = dbt.config.get("deals_path")
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    return ingest.lines_table(path, ingest.read_header(path, wanted))
