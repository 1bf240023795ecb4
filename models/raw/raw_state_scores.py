from pathlib import Path

from winrate.state import scores, store


def model(dbt, session):
    folder = dbt.config.get("state_path")
    records = store.read_records(Path(folder)) if folder else []
    return scores.records_table(scores.of_scope(records, dbt.config.get("scope")))
