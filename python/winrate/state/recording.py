"""What a build adds to the state: written aside before the build is published, and added after.

A state that cannot be read or written stops no build: it goes on without, and says so.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from winrate import database
from winrate.build.publish import BuildError
from winrate.state import deals, store
from winrate.state.store import StateError

PREPARED = "record-"  # the name of what a build prepared: this, and the id of its run
UNFINISHED = "unfinished.parquet"  # which has an end even where an error cut it short
BATCH_ROWS = 100_000
THIS_EXPORT = """
    select known_exports.*, build_info.input_sha256, build_info.scope, build_info.run_id
    from internal.known_exports as known_exports
    cross join quality.build_info as build_info
    where known_exports.is_this_export and known_exports.record_number is null
"""
ROWS = "select * from internal.new_deal_values"  # in their order


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
        with self._warned(f"the state in {folder} is not used, and no change is recorded"):
            records = store.read_records(folder)
            deals.of_scope(records, scope)
            self._after = records[-1].path.name if records else ""
            self.folder = folder

    def prepare(self, new_warehouse: Path) -> None:
        """Write what a finished database adds to the state into the build directory."""
        new = self._directory / UNFINISHED
        if self.folder:
            with self._warned("no change is recorded"):
                self._write(new_warehouse, new)
        new.unlink(missing_ok=True)

    def settle(self) -> None:
        """Add what was prepared to the state if its build is the published one, or drop it."""
        for prepared in self._prepared():
            with self._warned(f"no change is recorded in {self._state}"):
                if prepared.stem == f"{PREPARED}{_run_id(self._published)}":
                    store.add(self._state, prepared)
                prepared.unlink()

    def _write(self, new_warehouse: Path, path: Path) -> None:
        with database.open_readonly(new_warehouse) as connection:
            for export in database.named_rows(connection, THIS_EXPORT):
                facts = {
                    "kind": deals.KIND,
                    "after": self._after,
                    "as_of_date": export.as_of_date.isoformat(),
                    "input_sha256": export.input_sha256,
                    "scope": export.scope,
                    "readings": deals.stated_readings(export._asdict()),
                }
                reader = connection.execute(ROWS).to_arrow_reader(BATCH_ROWS)
                schema = deals.record_schema(facts["readings"])
                with store.writer(path, schema, facts) as file:
                    for batch in reader:
                        file.write_batch(batch.select(schema.names).cast(schema))
                path.replace(self._directory / f"{PREPARED}{export.run_id}.parquet")

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


def _run_id(published: Path) -> str:
    """The run that built a database, or nothing where no build of this version did."""
    if not published.exists():
        return ""
    try:
        with database.open_readonly(published) as connection:
            return connection.execute("select run_id from quality.build_info").fetchall()[0][0]
    except (duckdb.Error, LookupError):
        return ""
