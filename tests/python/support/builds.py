"""Whole builds, in this process or in one of their own, and what is in the database they leave."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from support import compiled_build, dbt
from support.shared import shared_folder
from winrate import __main__, project
from winrate.build import build, publish
from winrate.build.build import BuildRequest
from winrate.build.directory import directory_path


def run_winrate(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """The command under `make build`, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "winrate", *map(str, arguments)],
        cwd=project.ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def run_main(*arguments: object, root: Path = project.ROOT) -> subprocess.CompletedProcess:
    """The same in this process, with dbt in it, for tests that are not about processes.

    root: of the project that dbt runs.
    """
    with (
        contextlib.chdir(project.ROOT),
        contextlib.redirect_stdout(io.StringIO()) as stdout,
        contextlib.redirect_stderr(io.StringIO()) as stderr,
        mock.patch.object(build.dbt, "run", partial(dbt.run, root=root)),
    ):
        exit_code = __main__.main([*map(str, arguments)])
    return subprocess.CompletedProcess(arguments, exit_code, stdout.getvalue(), stderr.getvalue())


def built_by_command(folder: Path, deals: Path) -> Path:
    """Build a warehouse in `folder` as a user does the first time; returns its path."""
    warehouse = folder / "warehouse.duckdb"
    run = run_winrate(
        *("build", "--deals", deals, "--warehouse", warehouse, "--report", folder / "report"),
        DBT_TARGET_PATH=str(first_target(warehouse)),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return warehouse


def built(
    folder: Path,
    deals: Path,
    chart_files: bool = False,
    first: str = "",
    has_all_tables: bool = False,
    **request: object,
) -> Path:
    """Build a warehouse in `folder`, in this process and without dbt; returns its path.

    chart_files: whether the report has charts as files, which take longer than the page.
    first: a statement that DuckDB runs before it makes tables.
    has_all_tables: whether the tables stay that only a build needs, such as for unit tests.
    request: other fields of a BuildRequest.
    """
    # Loaded here, since it takes longer than most tests.
    from winrate.report import files

    warehouse = folder / "warehouse.duckdb"
    charts = files.CHART_FILES if chart_files else {}
    drop = (lambda connection: None) if has_all_tables else publish.drop_unused
    with (
        mock.patch.object(publish, "drop_unused", drop),
        mock.patch.object(build, "run_dbt", partial(compiled_build.run, first=first)),
        mock.patch.object(files, "CHART_FILES", charts),
    ):
        build.build(BuildRequest(deals, warehouse, folder / "report", **request))
    return warehouse


def built_by_dbt(folder: Path, deals: Path, **request: object) -> Path:
    """The same by dbt in an empty target folder: dbt runs the data tests, see `first_target`."""
    warehouse = folder / "warehouse.duckdb"
    target = first_target(warehouse)
    dbt.copy_parse(Path(os.environ["DBT_TARGET_PATH"]), target)
    with (
        mock.patch.dict(os.environ, DBT_TARGET_PATH=str(target)),
        mock.patch.object(build.dbt, "run", dbt.run),
    ):
        build.build(BuildRequest(deals, warehouse, folder / "report", **request))
    return warehouse


def first_target(warehouse: Path) -> Path:
    """Where `built_by_command` and `built_by_dbt` leave dbt's artifacts: the default place."""
    return directory_path(warehouse) / "target"


def built_once(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    deals: Path,
    build_it: Callable[[Path, Path], Path] = built,
    **options: object,
) -> Path:
    """A build that all processes of one test run share; options are those of `build_it`."""
    with shared_folder(tmp_path_factory, name) as folder:
        warehouse = folder / "warehouse.duckdb"
        return warehouse if warehouse.exists() else build_it(folder, deals, **options)


def rows(warehouse: Path, query: str) -> list[tuple]:
    """The answer of a read-only connection."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()
