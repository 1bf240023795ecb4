"""The scores of the previous build."""

from pathlib import Path

import pyarrow as pa

from winrate import database

SCHEMA = pa.schema(
    {
        "deal_id": pa.string(),
        "as_of_date": pa.date32(),
        "win_probability": pa.float64(),
        "previous_win_probability": pa.float64(),
    }
)


def previous_scores(warehouse: str | Path | None) -> pa.Table:
    """The scores in the published database of the build before this one.

    warehouse: its path; nothing, or a file that is not there, means that there was none.
    Returns one row per deal: `deal_id`, `as_of_date`, `win_probability` and
    `previous_win_probability` (shares). No row where that build has no scores.
    """
    if warehouse and Path(warehouse).exists():
        with database.open_readonly(warehouse) as connection:
            known = connection.execute(
                """
                select count(*) from information_schema.tables
                where table_schema = 'scores' and table_name = 'scored_deals'
                """
            ).fetchall()
            if known[0][0]:
                return connection.execute(
                    """
                    select deal_id, as_of_date, win_probability, previous_win_probability
                    from scores.scored_deals
                    """
                ).to_arrow_table()
    return SCHEMA.empty_table()
