from winrate.ingest import mapping, masking, reader


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    records = reader.read_export(dbt.config.get("deals_path"), wanted)
    masked_columns = masking.masked_columns(dbt.config.get("masks"))
    return masking.mask_records(records, masked_columns, dbt.config.get("null_values"))
