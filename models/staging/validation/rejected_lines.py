from winrate.ingest import reader


def model(dbt, session):
    checked_rows = dbt.ref("checked_rows")
    rejected = checked_rows.filter("reject_code != 'out_of_scope' and raw_text is null")
    lines = [line for (line,) in rejected.project("source_line").fetchall()]
    return reader.raw_texts(dbt.config.get("deals_path"), lines)
