"""The staging models on one export, in memory."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from winrate.build import staging
from winrate.project import RunValues


@dataclass(frozen=True)
class Staged:
    """A connection to the raw and staging tables of one export."""

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

    def run(self, path: Path, mapping_path: Path | None = None, **values: str) -> Staged:
        """Read an export and stage it; raises what reading raises."""
        connection = duckdb.connect(config={"threads": 1})
        # Planning nested regular expressions takes longer than running them on a few rows.
        connection.execute("pragma disable_optimizer")
        staging.stage(
            connection,
            self.models,
            RunValues(deals_path=str(path), mapping_path=str(mapping_path or ""), **values),
        )
        return Staged(connection)
