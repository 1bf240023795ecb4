from winrate.ingest import mapping, masking, reader


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    records = reader.read_export(dbt.config.get("deals_path"), wanted)
    nothing = dbt.config.get("words_for_nothing")
    return masking.mask_reps(records, nothing) if dbt.config.get("mask_reps") else records
