"""One build: read the export, run dbt beside the published database, test, and publish.

A build writes a new database of the same name in a folder beside the published one. Only when dbt
and its tests have passed and the report is drawn do both replace what was published. So a failed
build leaves everything as it was, and a reader never sees half a build.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from winrate import database, project
from winrate.build import compiled, data_tests, dbt, publish, summary
from winrate.build.directory import BuildDirectory, locked_build_directory
from winrate.build.publish import BuildError
from winrate.config import scope
from winrate.config.folder import Config
from winrate.ingest import kept, mapping, provenance, reader, stage_history
from winrate.state import store
from winrate.state.recording import Recording

UNCHANGED = "nothing was published"  # true of a first build, too
RESERVED_NAMES = ("main", "temp", "system")  # of databases and schemas that DuckDB always has

# The memory that a build needs, measured on exports of up to 10 million deals: that of its
# processes, and a multiple of the size of the file, which is compressed but for text.
GIB = 1 << 30
BASE_MEMORY = GIB * 3 // 4
MEMORY_PER_BYTE = {".parquet": 6, ".gz": 8, ".xlsx": 8}

ALL_WITH_TESTS = ("build", "--exclude-resource-type", "unit_test")
ALL_WITH_THE_GATE = (
    *(*ALL_WITH_TESTS, "--indirect-selection", "empty"),
    *("--select", "resource_type:model", f"test_name:{data_tests.GATE}"),
)


@dataclass(frozen=True)
class BuildRequest:
    """What to build from what: see `make help`.

    as_of: a date, or None for the data's own. threads: how many dbt and DuckDB use, or None for
    as many as DuckDB finds cores; the tables are the same. mapping: a file that is read in place
    of the one in the folder of `config`. state: the folder of the state, or None for the one beside
    the warehouse. kept: a folder that several builds of one export share, of which the first reads
    it for all; whoever gives it makes sure that the export is the same for all.
    """

    deals: Path
    warehouse: Path
    report: Path
    as_of: date | None = None
    target: str = "duckdb"
    threads: int | None = None
    mapping: Path | None = None
    date_format: str = ""
    decimal_mark: str = ""
    scope: str = ""
    stages: Path | None = None
    state: Path | None = None
    kept: Path | None = None
    config: Config = field(default_factory=Config)

    @property
    def own_files(self) -> dict[str, str]:
        """The user's own files, by the variable that names them; empty where there is none."""
        paths = self.config.paths()
        return paths | {"mapping_path": str(self.mapping.absolute())} if self.mapping else paths

    def run_values(self) -> project.RunValues:
        """The variables of dbt_project.yml that this build gives."""
        # At UTC+14 it is tomorrow already.
        latest = datetime.now(UTC).date() + timedelta(days=1)
        return project.RunValues(
            deals_path=str(self.deals.absolute()),
            stages_path=str(self.stages.absolute()) if self.stages else "",
            as_of_date=self.as_of.isoformat() if self.as_of else "",
            latest_date=latest.isoformat(),
            date_format=self.date_format,
            decimal_mark=self.decimal_mark,
            scope=self.scope,
            state_path=str(self.state.absolute() if self.state else ""),
            kept_path=str(self.kept or ""),
            **self.own_files,
        )


def build(request: BuildRequest) -> str:
    """Build the warehouse and the report, publish both and return the summary to print.

    Raises SettingsError where the mapping or the scope cannot be used, ExportError where the export
    cannot, BuildRunningError where another build holds the lock, BuildError where dbt, a test or
    the report failed, the disk is full or there is too little memory. Nothing is published then.
    """
    variables = request.config.variables
    mapping_path = request.own_files["mapping_path"]
    header = reader.check_export(request.deals, mapping.wanted_columns(mapping_path, variables))
    scope.refuse_missing_columns(request.scope, header, variables)
    if request.stages:
        stage_history.check(request.stages, mapping_path, variables)
    _check_memory(request.deals)

    warehouse = request.warehouse.resolve()  # of a link: the file behind it, with its lock
    if warehouse.exists() and not warehouse.is_file():
        raise BuildError(
            f"{request.warehouse} is a folder, a pipe or a device; WAREHOUSE must name a database "
            "file."
        )
    if warehouse.stem.lower() in RESERVED_NAMES:
        raise BuildError(
            f"{request.warehouse}: DuckDB keeps the name '{warehouse.stem}' for itself; give the "
            "database file another name."
        )
    try:
        with locked_build_directory(warehouse) as directory:
            state = request.state or store.default_folder(warehouse)
            recording = Recording(state, request.scope, directory.path, warehouse)
            request = replace(request, state=recording.folder)
            new_warehouse = directory.staging / warehouse.name
            try:
                if warehouse.exists():  # said now: one that cannot be kept is not replaced later
                    publish.snapshot(warehouse, directory.staging / f"published_{warehouse.name}")
                _build_tables(request, directory, new_warehouse)
                facts = summary.read_facts(new_warehouse)
                recording.prepare(new_warehouse)
                publish.publish(new_warehouse, warehouse, request.report)
            finally:
                recording.settle()
    except OSError as error:
        where = error.filename2 or error.filename or warehouse.parent  # of a move: its target
        raise BuildError(f"{where}: {error.strerror or error}; {UNCHANGED}.") from error
    except duckdb.Error as error:
        raise BuildError(f"{database.reason(error)}; {UNCHANGED}.") from error
    return summary.summary_text(
        facts,
        request.deals,
        request.warehouse,
        request.report,
        variables["importance_max_deals"],
        recording.warnings,
    )


def _check_memory(deals: Path) -> None:
    """Raise BuildError where a build would not fit into memory, before it swaps or is killed."""
    needed = BASE_MEMORY + MEMORY_PER_BYTE.get(deals.suffix.lower(), 1) * deals.stat().st_size
    found = dbt.machine_memory()
    if found < needed:
        raise BuildError(
            f"{deals} needs some {needed / GIB:.1f} GiB of memory, and this machine or container "
            f"has {found / GIB:.1f} GiB; use one with more, or export fewer deals. "
            f"{UNCHANGED.capitalize()}."
        )


def _build_tables(request: BuildRequest, directory: BuildDirectory, database: Path) -> None:
    """Build all tables from an export that does not change meanwhile, and test them.

    Raises BuildError: where the export cannot be used as a whole, it says why in a sentence.
    """
    is_read = not (request.kept and kept.has_rows(request.kept))
    files = [path for path in (request.deals, request.stages) if path and is_read]
    read_from = [provenance.file_sha256(path) for path in files]
    try:
        run_dbt(request, directory, database)
    except dbt.DbtError as error:
        errors = summary.read_errors(database)
        if errors:
            raise BuildError(f"{request.deals}: {'; '.join(errors)}; {UNCHANGED}.") from error
        lines = "".join(f"  {line}\n" for line in str(error).splitlines())
        raise BuildError(
            f"The build failed, and {UNCHANGED}.\n{lines}Full log: {dbt.LOGS / 'dbt.log'}"
        ) from error
    for path, sha256 in zip(files, read_from, strict=True):
        if provenance.file_sha256(path) != sha256:
            raise BuildError(f"{path} changed while it was read; {UNCHANGED}.")


def run_dbt(request: BuildRequest, directory: BuildDirectory, database: Path) -> None:
    """Build every table with dbt and run every data test; raises DbtError.

    Where a build of this project has passed before, the tests that dbt compiled then are run by
    DuckDB, in a tenth of the time.
    """
    run = dbt.DbtRun(
        database=database,
        target_path=directory.dbt_target,
        values=request.run_values()._asdict(),
        target=request.target,
        threads=request.threads,
        held=[directory.lock],
        settings=request.config.model_settings,
        drops_used_tables=True,
    )
    key = compiled.project_key(run.settings)
    tests = data_tests.read(directory.dbt_target, key)
    command = ALL_WITH_TESTS if tests is None else ALL_WITH_THE_GATE
    dbt.run(run, *command, meanwhile=publish.load_report_libraries)
    if tests is None:
        data_tests.keep(directory.dbt_target, key)
        return
    failures = data_tests.failures(tests, database)
    if failures:
        raise dbt.DbtError("\n".join(dbt.failure_lines(failures)))
