"""Connections that can neither leave their database nor change their own settings."""

import re
from collections import namedtuple
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

LOCKED = {"enable_external_access": False, "lock_configuration": True}
OUT_OF_MEMORY = re.compile(r"Out of Memory Error|\bMemoryError\b|\b_ArrayMemoryError\b")
LESS_MEMORY = "set THREADS=1, which needs less memory, or use a machine with more"
MEMORY_LIMIT = re.compile(r"/([\d.]+ \w+) used\)")


def open_readonly(warehouse: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads this one database and nothing else, whatever its views ask for."""
    return duckdb.connect(str(warehouse), read_only=True, config=LOCKED)


def open_locked(path: str | Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes this one database, which it creates, and nothing else."""
    return duckdb.connect(str(path), config=LOCKED)


def out_of_memory(message: str) -> str | None:
    """What to do where an error of DuckDB or Python says that memory ran out; None for others.

    DuckDB's own advice is to change settings that are locked here.
    """
    if not OUT_OF_MEMORY.search(message):
        return None
    limit = MEMORY_LIMIT.search(message)
    limited = f" (DuckDB may use {limit[1]})" if limit else ""
    return f"there is not enough memory{limited}; {LESS_MEMORY}"


def reason(error: Exception) -> str:
    """An error of DuckDB in one line."""
    return out_of_memory(str(error)) or str(error).splitlines()[0]


def named_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[Any] = ()
) -> list[Any]:
    """The answer to a query as named tuples: `row.n_deals` is a column of it."""
    answer = connection.execute(query, parameters)
    row_type = namedtuple("Row", [name for name, *_ in answer.description])
    return [row_type(*row) for row in answer.fetchall()]
