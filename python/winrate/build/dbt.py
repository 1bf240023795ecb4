"""Runs dbt in a process of its own, with few environment variables, and says why it failed."""

import ctypes
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from winrate import database, project
from winrate.ingest import masking

LOGS = project.ROOT / "logs"
RESULTS = "run_results.json"  # in the target folder
MAX_FAILURES = 5  # listed at the end of a build; dbt's log has all

# The environment variables that dbt's process gets from ours. It handles text of the export from
# unknown sources, its log and artifacts are kept, and dbt passes some variables on by design
# (DBT_ENV_CUSTOM_ENV_, DBT_ENV_SECRET_). With this list no password or webhook of the caller can
# leak, and no DBT_ setting of the caller changes a build.
PASSED_NAMES = {
    *("PATH", "HOME", "LANG", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    masking.KEY_VARIABLE,
}
PASSED_PREFIXES = ("LC_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_")

# Dbt keeps what it has parsed to its end. Python's garbage collector would go through it again and
# again, which takes 3% of a build.
START = "import gc; gc.set_threshold(100_000); from dbt.cli.main import cli; cli(prog_name='dbt')"

MAX_MEMORY = 1 << 30  # bytes that DuckDB may use, however many there are
LITTLE_MEMORY = 3 << 30  # bytes of a machine on which a build uses one thread

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None)


class DbtError(RuntimeError):
    """A run of dbt that failed: one line per model or test that did."""


@dataclass(frozen=True)
class DbtRun:
    """How dbt is to run.

    database: the file that it builds. target_path: the folder of its artifacts. values: the
        settings of this run by name, such as `deals_path`; see macros/run_values.sql. target: of
        profiles.yml. threads: for dbt and DuckDB, or None for one per core. held: descriptors that
        stay open until dbt ends, such as the one of a lock. settings: the variables of
        dbt_project.yml that have other values; dbt parses the project anew where they change.
    drops_used_tables: whether large tables that only the build needs are dropped on the way.
    """

    database: Path
    target_path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    target: str = "duckdb"
    threads: int | None = None
    held: Sequence[int] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    drops_used_tables: bool = False


def run(dbt_run: DbtRun, *command: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Run a command of dbt in a process of its own, whose end closes the database.

    meanwhile: what this process does while dbt runs.
    If this process is killed, Linux kills the one of dbt; elsewhere dbt runs to its end and holds
    `held` until then. Raises DbtError where dbt fails.
    """
    (dbt_run.target_path / RESULTS).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", START, *arguments(dbt_run, *command)],
        cwd=project.ROOT,
        env=environment(os.environ, dbt_run),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=dbt_run.held,
        preexec_fn=_end_with_parent,
    )
    with process:
        try:
            meanwhile()
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        failures = listed_failures(dbt_run.target_path)
        reason = _without_results(process.returncode, output or errors)
        raise DbtError("\n".join(failures or [reason]))


def arguments(dbt_run: DbtRun, *command: str, root: Path = project.ROOT) -> list[str]:
    """The arguments of dbt for a command, such as `build` with its options."""
    return [
        *("--quiet", "--log-level-file", "info", *command),
        *("--project-dir", str(root), "--profiles-dir", str(root)),
        *("--target", dbt_run.target, "--target-path", str(dbt_run.target_path)),
        *("--log-path", str(LOGS)),
        *(("--vars", json.dumps(dbt_run.settings, default=str)) if dbt_run.settings else ()),
    ]


def environment(ours: Mapping[str, str], dbt_run: DbtRun) -> dict[str, str]:
    """The environment of dbt's process, from that of ours."""
    passed = {
        name: value
        for name, value in ours.items()
        if name in PASSED_NAMES or name.startswith(PASSED_PREFIXES)
    }
    values = {f"WINRATE_{name.upper()}": value for name, value in dbt_run.values.items()}
    return (
        passed
        | values
        | {
            "WINRATE_DATABASE": str(dbt_run.database),
            "WINRATE_THREADS": str(dbt_run.threads or _threads()),
            "WINRATE_MEMORY_LIMIT": f"{memory_limit() >> 20}MiB",
            "WINRATE_DROPS_USED_TABLES": "1" if dbt_run.drops_used_tables else "",
            "DO_NOT_TRACK": "1",
        }
    )


def failure_lines(failures: Sequence[tuple[str, str | None]]) -> list[str]:
    """One line per failure, at most MAX_FAILURES and the number of the others.

    failures: names of models or tests, each with its message. Memory that ran out is one line,
        however many models it stopped.
    """
    advice = [database.out_of_memory(message or "") for _, message in failures]
    lines = [text for text in advice if text][:1]
    lines += [
        f"{name}: {_last_line(message)}"
        for (name, message), text in zip(failures, advice, strict=True)
        if not text
    ]
    n_more = len(lines) - MAX_FAILURES
    return lines[:MAX_FAILURES] + ([f"and {n_more} more"] if n_more > 0 else [])


def _end_with_parent() -> None:
    """Ask Linux to kill this process when the one that started it ends, however that ends."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def memory_limit() -> int:
    """The bytes of memory that DuckDB may use; what does not fit, it keeps in files.

    A third of what the machine or the container has: Python and the statistics need the rest. No
    more than MAX_MEMORY, with which 10 million deals take less than 3 GB in all.
    """
    return min(MAX_MEMORY, machine_memory() // 3)


def machine_memory() -> int:
    """The bytes of memory of the machine or the container."""
    # DuckDB's own limit is 80% of them.
    return int(_found_by_duckdb("parse_formatted_bytes(current_setting('memory_limit'))") / 0.8)


def _threads() -> int:
    """One thread per core; one where there is little memory, of which each thread needs some."""
    return 1 if machine_memory() < LITTLE_MEMORY else _found_by_duckdb("current_setting('threads')")


@cache
def _found_by_duckdb(setting: str) -> int:
    """What DuckDB finds on this machine; unlike Python it knows the limits of a container."""
    with duckdb.connect() as connection:
        return connection.execute(f"select {setting}").fetchall()[0][0]


def listed_failures(target_path: Path) -> list[str]:
    """One line per model or test that failed, or none where dbt ended before it wrote them."""
    try:
        results = json.loads((target_path / RESULTS).read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError):
        return []
    return failure_lines(
        [
            (result["unique_id"].split(".")[2], result["message"])
            for result in results
            if result["status"] in ("error", "fail")
        ]
    )


def _without_results(exit_code: int, output: str) -> str:
    """Why dbt ended before it wrote which model or test failed."""
    if exit_code == -signal.SIGKILL:
        return f"dbt was killed, as Linux does where memory runs out; {database.LESS_MEMORY}"
    if exit_code < 0:
        return f"dbt was ended by the signal {signal.Signals(-exit_code).name}"
    return database.out_of_memory(output) or _last_line(output.strip())


def _last_line(message: str | None) -> str:
    """The message in one line: of a traceback its last error, without our error's name."""
    lines = [line.strip() for line in (message or "no message").strip().splitlines()]
    sentence = " ".join(lines)
    if "Traceback" in sentence:
        # DuckDB's errors go on below with the statement and a mark under the place.
        errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception): ", line)]
        sentence = errors[-1] if errors else lines[-1]
    return re.sub(r"^winrate\.[\w.]+\.(Export|Settings)Error: ", "", sentence)
