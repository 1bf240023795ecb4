"""The scores of the previous build."""

from pathlib import Path

import pyarrow as pa

from winrate import database

# What a build of this version needs of the one before, with DuckDB's types.
COLUMNS = {
    "deal_id": "VARCHAR",
    "as_of_date": "DATE",
    "win_probability": "DOUBLE",
    "previous_win_probability": "DOUBLE",
}
ARROW_TYPES = {"VARCHAR": pa.string(), "DATE": pa.date32(), "DOUBLE": pa.float64()}
SCHEMA = pa.schema({name: ARROW_TYPES[kind] for name, kind in COLUMNS.items()})


def previous_scores(warehouse: str | Path | None) -> pa.Table:
    """The scores in the published database of the build before this one.

    warehouse: its path; nothing, or a file that is not there, means that there was none.
    Returns one row per deal: `deal_id`, `as_of_date`, `win_probability` and
    `previous_win_probability` (shares). No row where that build has no scores, or was made by a
    version whose table has other columns.
    """
    if not warehouse or not Path(warehouse).exists():
        return SCHEMA.empty_table()
    with database.open_readonly(warehouse) as connection:
        columns = connection.execute(
            """
            select column_name, data_type from information_schema.columns
            where table_schema = 'scores' and table_name = 'scored_deals'
            """
        ).fetchall()
        if not COLUMNS.items() <= dict(columns).items():
            return SCHEMA.empty_table()
        return connection.execute(
            f"select {', '.join(COLUMNS)} from scores.scored_deals"
        ).to_arrow_table()
