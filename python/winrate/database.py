"""Connections to a built database."""

from pathlib import Path

import duckdb


def open_readonly(warehouse: str | Path, writable: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A connection that reads this one database and nothing else, whatever its views ask for.

    writable: a folder into which it may write files.
    """
    connection = duckdb.connect(str(warehouse), read_only=True)
    if writable:
        connection.execute("set allowed_directories = ?", [[str(writable.absolute())]])
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection
