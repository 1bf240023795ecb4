from winrate.ingest import mapping


def model(dbt, session):
    return mapping.mappings_table(dbt.config.get("mapping_path"), dbt.config.get("variables"))
