"""Connections that can neither leave their database nor change their own settings."""

from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

LOCKED = {"enable_external_access": False, "lock_configuration": True}


def open_readonly(warehouse: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads this one database and nothing else, whatever its views ask for."""
    return duckdb.connect(str(warehouse), read_only=True, config=LOCKED)


def open_locked(path: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes this one database, which it creates, and nothing else."""
    return duckdb.connect(str(path), config=LOCKED)


def named_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()
) -> list[Any]:
    """The answer to a query as named tuples: `row.n_deals` is a column of it."""
    answer = connection.execute(query, parameters)
    row_type = namedtuple("Row", [name for name, *_ in answer.description])
    return [row_type(*row) for row in answer.fetchall()]
