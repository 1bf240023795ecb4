"""The staging models on one export, in memory."""

import functools
from dataclasses import dataclass
from pathlib import Path

import duckdb

from winrate.build import staging
from winrate.project import RunValues

LARGE = 1_000_000  # bytes


def is_large(path: Path) -> bool:
    """Would the rows of an export slow down those after it? DuckDB reads truncated rows again."""
    return path.is_file() and path.stat().st_size > LARGE


@functools.cache
def disabled_optimizers() -> list[str]:
    """All optimizers of DuckDB but two, which have it keep only the columns that a query needs.

    A plan that is run again must not depend on the rows for which it was made, and on a few rows
    optimizing takes longer than running.
    """
    names = duckdb.sql("select name from duckdb_optimizers()").fetchall()
    return [name for (name,) in names if name not in ("unused_columns", "column_lifetime")]


@dataclass(frozen=True)
class Staged:
    """A connection to the raw and staging tables of one export, until another one is staged."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple]:
        """The answer to a query."""
        return self.connection.execute(query).fetchall()

    def column(self, query: str) -> list:
        """The first column of the answer to a query."""
        return [first for first, *_ in self.rows(query)]


class Staging:
    """The compiled raw and staging models, to be run on many exports."""

    def __init__(self, manifest: dict):
        """manifest: of the compiled project."""
        self.models = staging.needed_models(manifest, (*staging.MODELS, "stg_deals"))
        # By the values of a run but the paths, which only Python reads.
        self.connections: dict[RunValues, duckdb.DuckDBPyConnection] = {}
        paths = [staging.PLACEHOLDERS[name] for name in ("deals_path", "mapping_path")]
        assert not any(path in model["code"] for model in self.models for path in paths)

    def run(self, path: Path, mapping_path: Path | None = None, **values: str) -> Staged:
        """Read an export and stage it; raises what reading raises."""
        key = RunValues(**values)
        of_run = key._replace(deals_path=str(path), mapping_path=str(mapping_path or ""))
        if key in self.connections and not is_large(path):
            self._stage_again(self.connections[key], of_run)
            return Staged(self.connections[key])
        connection = self._first_staged(of_run)
        if not is_large(path):
            self._prepare(connection, of_run)
            self.connections[key] = connection
        return Staged(connection)

    def _first_staged(self, values: RunValues) -> duckdb.DuckDBPyConnection:
        """A connection with the tables of an export."""
        connection = duckdb.connect(config={"threads": 1})
        connection.execute(f"set disabled_optimizers = '{','.join(disabled_optimizers())}'")
        staging.stage(connection, self.models, values)
        return connection

    def _prepare(self, connection: duckdb.DuckDBPyConnection, values: RunValues) -> None:
        """Plan the statement that fills each table from another.

        Planning takes longer than running on a few rows, with nested regular expressions above all.
        """
        for model in self.models:
            if model["code"]:
                inserting = f"insert into {staging.table_name(model)}"
                staging.run_model(
                    connection, model, values, f"prepare {model['name']} as {inserting}"
                )

    def _stage_again(self, connection: duckdb.DuckDBPyConnection, values: RunValues) -> None:
        """Fill the tables with another export."""
        for model in self.models:
            connection.execute(f"truncate {staging.table_name(model)}")
            if model["code"]:
                connection.execute(f"execute {model['name']}")
            else:
                inserting = f"insert into {staging.table_name(model)}"
                staging.run_model(connection, model, values, inserting)
