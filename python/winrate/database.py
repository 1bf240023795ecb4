"""Connections that can neither leave their database nor change their own settings."""

from pathlib import Path

import duckdb

LOCKED = {"enable_external_access": False, "lock_configuration": True}


def open_readonly(warehouse: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads this one database and nothing else, whatever its views ask for."""
    return duckdb.connect(str(warehouse), read_only=True, config=LOCKED)


def open_locked(path: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes this one database, which it creates, and nothing else."""
    return duckdb.connect(str(path), config=LOCKED)
