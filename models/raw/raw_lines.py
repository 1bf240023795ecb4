from winrate.ingest import kept, mapping, reader


def model(dbt, session):
    path = dbt.config.get("deals_path")
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))

    def read():
        return reader.lines_table(path, reader.read_header(path, wanted))

    return kept.rows(dbt.config.get("kept_path"), "raw_lines", read)
