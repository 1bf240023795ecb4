"""One build: read the export, run dbt beside the published database, check, and swap.

A build writes a new database of the same name in a folder beside the published one. Only
when dbt and its tests have passed and the report is drawn do both replace what was there, so a
failed build leaves everything as it was and a reader never sees half a build.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from winrate import project
from winrate.build import publish, summary
from winrate.build.publish import BuildError
from winrate.ingest import mapping, masking, provenance, reader

ASIDE = ".winrate-build"  # on the same file system as the database, so that a move is one step
LOGS = project.ROOT / "logs"
STANDS = "what was published before still stands"
BUILD = ("build", "--exclude-resource-type", "unit_test")
MAX_FAILURES = 5  # named at the end of a build; dbt's log has all

# What dbt gets of our environment, and no more: its process reads what strangers wrote into the
# export, its log and artifacts are kept, and some of its own variables (DBT_ENV_CUSTOM_ENV_,
# DBT_ENV_SECRET_) are made to be passed on. So no password or webhook of the caller is in reach,
# and no stray DBT_ setting changes what a build does.
PASSED_NAMES = {
    *("PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    masking.KEY_VARIABLE,
}
PASSED_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_")

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class BuildRunningError(BuildError):
    """Another build of the same database is under way."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build from what: see `make help`.

    as_of: a date, or None for the data's own. threads: how many dbt and DuckDB use, or None for
    as many as DuckDB finds cores; the tables are the same.
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


@dataclass(frozen=True)
class Workplace:
    """The folder in which the builds of one database work, one at a time.

    lock: the descriptor that holds its lock.
    """

    folder: Path
    lock: int

    @property
    def aside(self) -> Path:
        """Where a build writes: empty at its start and gone at its end."""
        return self.folder / "new"

    @property
    def dbt_target(self) -> Path:
        """What dbt leaves; what it parsed saves the next build a few seconds."""
        return Path(os.environ.get("DBT_TARGET_PATH", self.folder / "target"))


def build(request: BuildRequest) -> str:
    """Build the warehouse and the report, publish both and return the summary to print.

    Raises ExportError where the export cannot be used, BuildRunningError where another build
    holds the lock, BuildError where dbt, a test or the report failed or the disk is full.
    Nothing is published then.
    """
    variables = project.project_vars()
    reader.check_export(request.deals, mapping.wanted_columns(request.mapping, variables))

    warehouse = request.warehouse.resolve()  # a link stays one, and has the lock of its file
    if warehouse.is_dir():
        raise BuildError(f"{request.warehouse} is a folder; WAREHOUSE must name a database file.")
    try:
        with held_workplace(warehouse) as workplace:
            new_warehouse = workplace.aside / warehouse.name
            _build_aside(request, workplace, new_warehouse, _previous(warehouse, workplace))
            facts = summary.read_facts(new_warehouse)
            publish.publish(new_warehouse, warehouse, request.report)
    except OSError as error:
        where = error.filename or warehouse.parent
        raise BuildError(f"{where}: {error.strerror or error}; {STANDS}.") from error
    except duckdb.Error as error:
        raise BuildError(f"{_last_line(str(error))}; {STANDS}.") from error
    return summary.summary_text(
        facts, request.deals, request.warehouse, request.report, variables["importance_max_deals"]
    )


def _build_aside(
    request: BuildRequest, workplace: Workplace, database: Path, previous: Path
) -> None:
    """Build all tables and run all checks; raises BuildError."""
    read_from = provenance.file_sha256(request.deals)
    try:
        run_dbt(request, workplace, database, previous, *BUILD)
    except BuildError as error:
        faults = summary.read_faults(database)
        if faults:
            raise BuildError(f"{request.deals}: {'; '.join(faults)}; {STANDS}.") from error
        raise
    if provenance.file_sha256(request.deals) != read_from:
        raise BuildError(f"{request.deals} changed while it was read; {STANDS}.")


@contextlib.contextmanager
def held_workplace(warehouse: Path) -> Iterator[Workplace]:
    """The folder beside the published database, held by one build at a time."""
    folder = warehouse.parent / ASIDE / warehouse.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"{warehouse.parent} cannot be written to ({error.strerror}); the database "
            f"{warehouse.name} is built and published there."
        ) from error
    with contextlib.ExitStack() as held:
        try:
            workplace = Workplace(folder, held.enter_context(publish.locked(folder, wait=False)))
        except BlockingIOError as error:
            raise BuildRunningError(
                f"Another build of {warehouse} is running; nothing was done."
            ) from error
        shutil.rmtree(workplace.aside, ignore_errors=True)  # a killed build leaves it
        workplace.aside.mkdir()
        try:
            yield workplace
        finally:
            shutil.rmtree(workplace.aside, ignore_errors=True)


def _previous(warehouse: Path, workplace: Workplace) -> Path:
    """The published database as it is now, for the models that look back; may not be there."""
    previous = workplace.aside / f"published_{warehouse.name}"
    return publish.snapshot(warehouse, previous) if warehouse.exists() else previous


def run_dbt(
    request: BuildRequest, workplace: Workplace, database: Path, previous: Path, *command: str
) -> None:
    """Run a command of dbt on `database`, in a process of its own: its end closes the database.

    The process holds the lock too. If this one is killed, Linux kills that one; elsewhere it
    runs to its end, and no other build starts before. Raises BuildError where dbt fails.
    """
    variables = {
        "deals_path": str(request.deals.absolute()),
        "as_of_date": request.as_of.isoformat() if request.as_of else "",
        # In the east it is the next day already.
        "latest_date": (datetime.now(UTC).date() + timedelta(days=1)).isoformat(),
        "previous_warehouse": str(previous),
        "mapping_path": str(request.mapping.absolute()) if request.mapping else "",
        "date_format": request.date_format,
        "decimal_mark": request.decimal_mark,
    }
    results = workplace.dbt_target / "run_results.json"
    results.unlink(missing_ok=True)
    arguments = [
        *("--quiet", *command),
        *("--project-dir", project.ROOT, "--profiles-dir", project.ROOT),
        *("--target", request.target, "--target-path", workplace.dbt_target, "--log-path", LOGS),
        *("--vars", json.dumps(variables)),
    ]
    run = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *map(str, arguments)],
        cwd=project.ROOT,
        env=dbt_environment(os.environ, database, request.threads or _cores()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        pass_fds=[workplace.lock],
        preexec_fn=_end_with_parent,
    )
    if run.returncode:
        failed = _failures(results) or [_without_results(run)]
        raise BuildError(
            f"The build failed, and {STANDS}.\n"
            + "\n".join(f"  {line}" for line in failed)
            + f"\nThe whole story: {LOGS / 'dbt.log'}"
        )


def dbt_environment(ours: Mapping[str, str], database: Path, threads: int) -> dict[str, str]:
    """The environment of dbt's process, from that of ours."""
    passed = {
        name: value
        for name, value in ours.items()
        if name in PASSED_NAMES or name.startswith(PASSED_PREFIXES)
    }
    return passed | {
        "WINRATE_DATABASE": str(database),
        "WINRATE_THREADS": str(threads),
        "DO_NOT_TRACK": "1",
    }


def _end_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _cores() -> int:
    """The number of cores that DuckDB finds; unlike Python it knows the limits of a container."""
    with duckdb.connect() as connection:
        return connection.execute("select current_setting('threads')").fetchall()[0][0]


def _failures(run_results: Path) -> list[str]:
    """One line per model or test that failed, or none where dbt did not come to write them."""
    try:
        results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError):
        return []
    failures = [
        f"{result['unique_id'].split('.')[2]}: {_last_line(result['message'])}"
        for result in results
        if result["status"] in ("error", "fail")
    ]
    n_more = len(failures) - MAX_FAILURES
    return failures[:MAX_FAILURES] + ([f"and {n_more} more"] if n_more > 0 else [])


def _without_results(run: subprocess.CompletedProcess) -> str:
    """Why dbt ended before it could say which model or test failed."""
    if run.returncode < 0:
        return f"dbt was ended by the signal {signal.Signals(-run.returncode).name}"
    return _last_line(run.stdout.strip() or run.stderr.strip())


def _last_line(message: str | None) -> str:
    """Of a traceback the sentence at its end, without the exception's name."""
    lines = (message or "no message").strip().splitlines()
    sentence = (
        lines[-1].strip() if "Traceback" in (message or "") else " ".join(map(str.strip, lines))
    )
    return sentence.removeprefix("winrate.ingest.reader.ExportError: ")
