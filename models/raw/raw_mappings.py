from winrate.ingest import mapping, masking


def model(dbt, session):
    mappings = mapping.mappings_table(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    if dbt.config.get("mask_reps"):
        mappings = masking.mask_mappings(mappings, dbt.config.get("null_values"))
    return mappings
