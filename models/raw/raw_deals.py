from winrate.ingest import kept, mapping, masking, reader


def model(dbt, session):
    wanted = mapping.wanted_columns(dbt.config.get("mapping_path"), dbt.config.get("variables"))
    masked_columns = masking.masked_columns(dbt.config.get("masks"))

    def read():
        records = reader.read_export(dbt.config.get("deals_path"), wanted)
        return masking.mask_records(records, masked_columns, dbt.config.get("null_values"))

    return kept.rows(dbt.config.get("kept_path"), "raw_deals", read)
