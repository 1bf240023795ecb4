"""One build: read the export, run dbt beside the published database, check, and swap.

A build writes a new database of the same name in a folder beside the published one. Only
when dbt and its tests have passed and the report is drawn do both replace what was there, so a
failed build leaves everything as it was and a reader never sees half a build.
"""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from winrate import ingest, mapping, project, summary, wording

ASIDE = ".winrate-build"  # on the same file system as the database, so that a move is atomic
LOGS = project.ROOT / "logs"


class BuildError(RuntimeError):
    """A build that published nothing: one sentence that says why."""


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


def build(request: BuildRequest) -> str:
    """Build the warehouse and the report, publish both and return the summary to print.

    Raises ExportError where the export cannot be used, BuildRunningError where another build
    holds the lock, BuildError where dbt, a test or the report failed. Nothing is published then.
    """
    variables = project.project_vars()
    ingest.check_export(request.deals, mapping.wanted_columns(request.mapping, variables))

    warehouse = request.warehouse.absolute()
    if warehouse.is_dir():
        raise BuildError(f"{request.warehouse} is a folder; WAREHOUSE must name a database file.")
    with _folder_aside(warehouse) as aside:
        new_warehouse = aside / warehouse.name
        _run_dbt(request, new_warehouse, warehouse)
        facts = summary.read_facts(new_warehouse)
        if not facts.n_accepted:
            raise BuildError(
                f"{request.deals}: none of its {wording.count(facts.n_read)} rows can be used "
                f"({facts.rejections}); expected at least one deal. Nothing was published."
            )
        publish_report(new_warehouse, request.report)
        _publish_database(new_warehouse, warehouse)
    return summary.summary_text(
        facts, request.deals, request.warehouse, request.report, variables["importance_max_deals"]
    )


@contextlib.contextmanager
def _folder_aside(warehouse: Path) -> Iterator[Path]:
    """An empty folder beside the published database, held by one build at a time."""
    folder = warehouse.parent / ASIDE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / f"{warehouse.name}.lock").open("w")
    except OSError as error:
        raise BuildError(
            f"{warehouse.parent} cannot be written to ({error.strerror}); the database "
            f"{warehouse.name} is built and published there."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildRunningError(
                f"Another build of {warehouse} is running; nothing was done."
            ) from error
        aside = folder / warehouse.stem
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            yield aside
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _run_dbt(request: BuildRequest, database: Path, published: Path) -> None:
    """`dbt build` into `database`, in a process of its own: its end closes the database."""
    variables = {
        "deals_path": str(request.deals.absolute()),
        "as_of_date": request.as_of.isoformat() if request.as_of else "",
        "previous_warehouse": str(published),
        "mapping_path": str(request.mapping.absolute()) if request.mapping else "",
        "date_format": request.date_format,
        "decimal_mark": request.decimal_mark,
    }
    target_path = Path(os.environ.get("DBT_TARGET_PATH", project.ROOT / "target"))
    results = target_path / "run_results.json"
    results.unlink(missing_ok=True)
    arguments = [
        *("--quiet", "build", "--exclude-resource-type", "unit_test"),
        *("--project-dir", project.ROOT, "--profiles-dir", project.ROOT),
        *("--target", request.target, "--target-path", target_path, "--log-path", LOGS),
        *("--vars", json.dumps(variables)),
    ]
    run = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *map(str, arguments)],
        cwd=project.ROOT,
        env=os.environ
        | {
            "WINRATE_DATABASE": str(database),
            "WINRATE_THREADS": str(request.threads or _cores()),
            "DO_NOT_TRACK": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        failed = _failures(results) or [run.stdout.strip() or run.stderr.strip()]
        raise BuildError(
            "The build failed, and what was published before still stands.\n"
            + "\n".join(f"  {line}" for line in failed)
            + f"\nThe whole story: {LOGS / 'dbt.log'}"
        )


def _cores() -> int:
    """The number of cores that DuckDB finds; unlike Python it knows the limits of a container."""
    with duckdb.connect() as connection:
        return connection.execute("select current_setting('threads')").fetchall()[0][0]


def _failures(run_results: Path) -> list[str]:
    """One line per model or test that failed."""
    if not run_results.exists():
        return []
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return [
        f"{result['unique_id'].split('.')[2]}: {_last_line(result['message'])}"
        for result in results
        if result["status"] in ("error", "fail")
    ]


def _last_line(message: str | None) -> str:
    """Of a traceback the sentence at its end, without the exception's name."""
    lines = (message or "no message").strip().splitlines()
    sentence = lines[-1] if "Traceback" in (message or "") else " ".join(map(str.strip, lines))
    return sentence.removeprefix("winrate.ingest.ExportError: ")


def publish_report(warehouse: Path, folder: Path) -> Path:
    """Draw the report of a database and put it into `folder`; returns the path of the page.

    Each file is replaced in one step. Raises BuildError where the folder cannot be written.
    """
    from winrate import report  # Plotly and matplotlib take a second to load

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as aside:
            report.write_report(warehouse, Path(aside))
            for page in sorted(Path(aside).iterdir()):
                page.replace(folder / page.name)
    except OSError as error:
        raise BuildError(f"{folder} cannot be written to: {error.strerror}.") from error
    return folder / "index.html"


def _publish_database(new: Path, published: Path) -> None:
    """Replace the published database by the new one in one step."""
    with duckdb.connect(str(new)) as connection:
        connection.execute("checkpoint")
    if Path(f"{new}.wal").exists():
        raise BuildError(f"{new} still has a write-ahead log; nothing was published.")
    # The log of a database that somebody wrote in place would not fit the new file.
    Path(f"{published}.wal").unlink(missing_ok=True)
    new.replace(published)
