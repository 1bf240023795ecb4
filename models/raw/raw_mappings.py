from winrate.ingest import mapping, masking


def model(dbt, session):
    mappings = mapping.mappings_table(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    masked_columns = masking.masked_columns(dbt.config.get("masks"))
    return masking.mask_mappings(mappings, masked_columns, dbt.config.get("null_values"))
