"""Builds are all or nothing, and docs/reliability.md has the figures that show it."""

import ast
import contextlib
import itertools
import multiprocessing
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from unittest import mock

import duckdb
import pandas as pd
import pytest

from conftest import built_once, rows
from winrate import build, project, publish, reliability_doc, report

SAMPLE = project.ROOT / "seeds" / "deals.csv"
N_SMALL = 300  # deals of the build that stands
N_SAMPLE = 5500  # deals of the build that is to replace it
N_SWAPS = 60
TABLES = ("staging.stg_deals", "scores.scored_deals", "quality.row_ledger")
PATIENCE = 300  # seconds after which a test gives up on a process that should have ended

# Children of a server that has everything imported already, and no thread and no open database.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pytest", "winrate.build", "winrate.report"])


# ---- the figures


def recorded_names() -> list[str]:
    """The names that the tests give their figures, read from the source."""
    return [
        ast.literal_eval(node.args[0])
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_figure"
    ]


def test_the_table_of_figures_has_a_row_for_every_figure_and_no_other():
    assert sorted(reliability_doc.shown_figures()) == sorted(recorded_names()), (
        "docs/reliability.md is out of date: run `make reliability`"
    )


# ---- a build that stands, and one to replace it


@pytest.fixture(scope="session")
def small_deals(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("small") / "deals.csv"
    pd.read_csv(SAMPLE, dtype=str).head(N_SMALL).to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory, small_deals) -> Path:
    """A build of the first deals of the sample."""
    return built_once(tmp_path_factory, "small", small_deals)


@pytest.fixture
def published(tmp_path, small_warehouse) -> Path:
    """A published build of N_SMALL deals, with its report."""
    return put(small_warehouse, tmp_path / "warehouse.duckdb")


def put(finished: Path, published: Path) -> Path:
    """Publish a copy of a finished build; its report stands beside it."""
    shutil.copyfile(finished, published)
    pages = published.parent / "report"
    shutil.copytree(finished.parent / "report", pages, dirs_exist_ok=True)
    return published


def n_deals(warehouse: Path) -> set[int]:
    """The number of deals by each of TABLES: one number, unless runs are mixed."""
    staging, scores, ledger = TABLES
    query = (
        f"select count(*) from {staging} union select count(*) from {scores}"
        f" union select n_accepted from {ledger}"
    )
    return {n for (n,) in rows(warehouse, query)}


def contents(folder: Path) -> dict[str, bytes]:
    """Each file of a folder; dbt's artifacts and what builds leave aside are none of a reader's."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def start_build(published: Path, deals: Path = SAMPLE, hooks: Path | None = None, **options):
    """The command under `make build`, not waited for; dbt's artifacts where they are by default.

    hooks: a folder with a sitecustomize.py, which dbt's process runs at its start.
    """
    environment = {name: text for name, text in os.environ.items() if name != "DBT_TARGET_PATH"}
    if hooks:
        paths = [str(hooks), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "winrate", "build", "--deals", deals),
            *("--warehouse", published, "--report", published.parent / "report"),
        ],
        cwd=project.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **{"env": environment} | options,
    )


def finish(running: subprocess.Popen) -> tuple[int, str]:
    """The exit code of a build and what it said."""
    _, said = running.communicate(timeout=PATIENCE)
    return running.returncode, said


def copied_build(finished: Path, published: Path, kill_at: int | None = None) -> None:
    """A build as it is, but for dbt and the report, which are copied from a finished build.

    kill_at: the number of the step on the file system or with DuckDB before which it is killed.
    """

    def copy_database(request, workplace, database, previous):
        shutil.copyfile(finished, database)

    def copy_report(warehouse, folder):
        shutil.copytree(finished.parent / "report", folder, dirs_exist_ok=True)

    if kill_at:
        die_at_step(kill_at)
    with (
        mock.patch.object(build, "run_dbt", copy_database),
        mock.patch.object(report, "write_report", copy_report),
    ):
        build.build(build.BuildRequest(SAMPLE, published, published.parent / "report"))


def die_at_step(number: int) -> None:
    """Have this process killed before the given step."""
    steps = itertools.count(1)
    events = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}

    def step() -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        return lambda *arguments, **named: (step(), function(*arguments, **named))[1]

    sys.addaudithook(lambda event, _: event in events and step())
    os.fsync = counted(os.fsync)
    duckdb.connect = counted(duckdb.connect)


def in_a_process(function, *arguments) -> int:
    """The exit code of a function in a process of its own; the number of its signal is negative."""
    process = processes.Process(target=function, args=arguments)
    process.start()
    process.join(PATIENCE)
    return process.exitcode


# ---- killed


def test_killed_at_any_step_of_publishing_the_old_or_the_new_build_stands(
    published, small_warehouse, sample_warehouse, record_figure
):
    old, new = (
        contents(small_warehouse.parent / "report"),
        contents(sample_warehouse.parent / "report"),
    )
    standing = []
    for step in itertools.count(1):
        exit_code = in_a_process(copied_build, sample_warehouse, published, step)
        if exit_code == 0:  # there are no more steps
            break
        assert exit_code == -signal.SIGKILL
        assert not Path(f"{published}.wal").exists()
        standing.append(*n_deals(published))
        if standing[-1] == N_SMALL:
            assert published.read_bytes() == small_warehouse.read_bytes()
            assert contents(published.parent / "report") == old
        else:
            assert n_deals(publish.previous_path(published)) == {N_SMALL}
            pages = contents(published.parent / "report")
            assert all(pages[name] in (old[name], new[name]) for name in pages)
        assert in_a_process(copied_build, sample_warehouse, published) == 0
        assert n_deals(published) == {N_SAMPLE}
        assert contents(published.parent / "report") == new
        put(small_warehouse, published)
        publish.previous_path(published).unlink()
    assert standing == sorted(standing), "once the new build stands, it goes on standing"
    assert set(standing) == {N_SMALL, N_SAMPLE} and len(standing) >= 15
    record_figure("steps of publishing before which a build was killed", len(standing))
    record_figure("of these, the build before stood, whole", standing.count(N_SMALL))
    record_figure("of these, the new build stood, whole", standing.count(N_SAMPLE))
