"""What a build adds to the state: written aside before the build is published, and added after.

A state that cannot be read or written stops no build: it goes on without, and says so.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from winrate import database
from winrate.build.publish import BuildError
from winrate.state import deals, scores, store
from winrate.state.store import StateError

# What a build prepared has the id of its run in its name, and the place in which it is added.
PREPARED = "record-"
UNFINISHED = "unfinished.parquet"  # which has an end even where an error cut it short
BATCH_ROWS = 100_000
THIS_EXPORT = """
    select known_exports.*, build_info.input_sha256, build_info.scope, build_info.run_id
    from internal.known_exports as known_exports
    cross join quality.build_info as build_info
    where known_exports.is_this_export and known_exports.record_number is null
"""
ROWS = "select * from internal.new_deal_values"  # in their order
SCORES = """
    select score_history.*, deals.created_date
    from scores.score_history as score_history
    inner join staging.stg_deals as deals on score_history.deal_id = deals.deal_id
    where score_history.is_this_build
    order by score_history.deal_id
"""


class Recording:
    """The state in one build.

    folder: of the state, or None where it cannot be used. warnings: what could not be done, a
        sentence each.
    """

    def __init__(self, folder: Path, scope: str, build_directory: Path, published: Path):
        """Read the state, after adding what a build left that was killed once it was published.

        build_directory: the locked directory of the builds of `published`.
        """
        self.folder: Path | None = None
        self.warnings: list[str] = []
        self._state = folder
        self._directory = build_directory
        self._published = published
        self.settle()
        with self._warned(f"the state in {folder} is not used, and nothing is recorded"):
            records = store.read_records(folder)
            deals.of_scope(records, scope)
            self._scores = scores.of_scope(records, scope)
            self._last = records[-1].path.name if records else ""
            self.folder = folder

    def prepare(self, new_warehouse: Path) -> None:
        """Write what a finished database adds to the state into the build directory."""
        if not self.folder:
            return
        parts = {"change": self._prepare_deals, "score": self._prepare_scores}
        for place, (name, prepare) in enumerate(parts.items(), 1):
            new = self._directory / UNFINISHED
            with (
                self._warned(f"no {name} is recorded"),
                database.open_readonly(new_warehouse) as connection,
            ):
                run_id = prepare(connection, new)
                if run_id:
                    self._last = store.file_name(new)
                    new.replace(self._directory / f"{PREPARED}{run_id}.{place}.parquet")
            new.unlink(missing_ok=True)

    def settle(self) -> None:
        """Add what was prepared to the state if its build is the published one, or drop it."""
        with self._warned(f"nothing is recorded in {self._state}"):
            for prepared in self._prepared():
                if prepared.name.startswith(f"{PREPARED}{_run_id(self._published)}."):
                    store.add(self._state, prepared)
                prepared.unlink()

    def _prepare_deals(self, connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
        """Write what is new of the deals, if this export is not on record; returns the run."""
        for export in database.named_rows(connection, THIS_EXPORT):
            facts = self._facts(deals.KIND, export)
            facts["readings"] = deals.stated_readings(export._asdict())
            schema = deals.record_schema(facts["readings"])
            reader = connection.execute(ROWS).to_arrow_reader(BATCH_ROWS)
            _write(path, schema, facts, reader)
            return export.run_id
        return None

    def _prepare_scores(self, connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
        """Write the scores of the open deals, if they are not on record; returns the run."""
        [build] = database.named_rows(connection, "select * from quality.build_info")
        found = connection.execute(SCORES).to_arrow_table()
        found = found.select(scores.SCHEMA.names).cast(scores.SCHEMA)
        if not found.num_rows or scores.are_recorded(found, build.as_of_date, self._scores):
            return None
        _write(path, scores.SCHEMA, self._facts(scores.KIND, build), found.to_batches())
        return build.run_id

    def _facts(self, kind: str, build: Any) -> dict[str, Any]:
        return {
            "kind": kind,
            "after": self._last,
            "as_of_date": build.as_of_date.isoformat(),
            "input_sha256": build.input_sha256,
            "scope": build.scope,
        }

    def _prepared(self) -> list[Path]:
        return sorted(self._directory.glob(f"{PREPARED}*.parquet"))

    @contextlib.contextmanager
    def _warned(self, sentence: str) -> Iterator[None]:
        """Keep what cannot be done as a warning."""
        try:
            yield
        except (StateError, BuildError, duckdb.Error, pa.ArrowException) as error:
            self.warnings.append(f"{sentence}: {error}")
        except OSError as error:
            self.warnings.append(f"{sentence}: {error.strerror} ({error.filename}).")


def _write(
    path: Path, schema: pa.Schema, facts: Mapping[str, Any], batches: Iterable[pa.RecordBatch]
) -> None:
    with store.writer(path, schema, facts) as file:
        for batch in batches:
            file.write_batch(batch.select(schema.names).cast(schema))


def _run_id(published: Path) -> str:
    """The run that built a database, or nothing where no build of this version did."""
    if not published.exists():
        return ""
    try:
        with database.open_readonly(published) as connection:
            return connection.execute("select run_id from quality.build_info").fetchall()[0][0]
    except (duckdb.Error, LookupError):
        return ""
