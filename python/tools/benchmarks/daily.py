"""What a build of a changed export would have to do even if it took over all that did not change.

A published database is a file of its own, which replaces the one before in one step. So rows that
did not change are written again, too.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from winrate.build import dbt

COPIED = ("internal.checked_rows", "scores.scored_deals")  # the tables of deals that are published


@dataclass(frozen=True)
class DailyTimes:
    """Seconds to find the rows that changed, and to copy the tables of those that did not."""

    n_deals: int
    compare_seconds: float
    copy_seconds: float


def daily_times(n_deals: int, export: Path, warehouse: Path, folder: Path) -> DailyTimes:
    """Compare an export in CSV with hashes of its rows, and copy what was built from it."""
    rows = f"""
        select deal_id, hash(rows) as row_hash
        from read_csv('{export}', all_varchar = true) as rows
    """
    with duckdb.connect(config={"memory_limit": f"{dbt.memory_limit() >> 20}MiB"}) as connection:
        connection.execute("set enable_progress_bar = false")
        connection.execute(f"attach '{folder / 'hashes.duckdb'}' as hashes")
        connection.execute(f"create table hashes.before as {rows}")
        compare = _seconds(
            connection,
            f"""
            create table hashes.changed as
            select rows.deal_id
            from ({rows}) as rows
            left join hashes.before on rows.deal_id = before.deal_id
            where rows.row_hash is distinct from before.row_hash
            """,
        )
        connection.execute(f"attach '{warehouse}' as published (read_only)")
        connection.execute(f"attach '{folder / 'copy.duckdb'}' as copy")
        copies = [
            f"create table copy.{name.split('.')[1]} as from published.{name}" for name in COPIED
        ]
        copy = _seconds(connection, *copies, "checkpoint copy")
    return DailyTimes(n_deals, compare, copy)


def _seconds(connection: duckdb.DuckDBPyConnection, *statements: str) -> float:
    start = time.perf_counter()
    for statement in statements:
        connection.execute(statement)
    return time.perf_counter() - start
