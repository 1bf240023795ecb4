"""Connections to a built database."""

from pathlib import Path

import duckdb


def open_readonly(warehouse: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads this one database and nothing else, whatever its views ask for."""
    return duckdb.connect(
        str(warehouse),
        read_only=True,
        config={"enable_external_access": False, "lock_configuration": True},
    )
