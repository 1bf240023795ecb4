from winrate.ingest import mapping, masking, reader


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    records = reader.read_export(dbt.config.get("deals_path"), wanted)
    null_values = dbt.config.get("null_values")
    return masking.mask_reps(records, null_values) if dbt.config.get("mask_reps") else records
