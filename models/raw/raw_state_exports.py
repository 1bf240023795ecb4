from pathlib import Path

from winrate.state import deals, store


def model(dbt, session):
    raw_columns = dbt.ref("raw_columns")
    raw_mappings = dbt.ref("raw_mappings")
    raw_rates = dbt.ref("raw_rates")
    tracked = dbt.config.get("tracked_columns")
    readings = deals.own_readings(
        tracked,
        dict(raw_columns.project("column_name, title").fetchall()),
        raw_mappings.order("all").to_arrow_table().to_pylist(),
        {**dbt.config.get("reading_settings"), "rates": raw_rates.order("all").fetchall()},
        dbt.config.get("masks"),
    )
    folder = dbt.config.get("state_path")
    records = store.read_records(Path(folder)) if folder else []
    return deals.exports_table(deals.of_scope(records, dbt.config.get("scope")), tracked, readings)
