"""Whole builds, in this process or in one of their own, and what is in the database they leave."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import duckdb
import pytest

from support import dbt
from support.shared import shared_folder
from winrate import project
from winrate.build import build
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


def built_by_command(folder: Path, deals: Path) -> Path:
    """Build a warehouse in `folder` as a user does the first time; returns its path."""
    warehouse = folder / "warehouse.duckdb"
    run = run_winrate(
        *("build", "--deals", deals, "--warehouse", warehouse, "--report", folder / "report"),
        DBT_TARGET_PATH=str(first_target(warehouse)),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return warehouse


def built(folder: Path, deals: Path, **request: object) -> Path:
    """Build a warehouse in `folder`, in this process; returns its path.

    request: other fields of a BuildRequest.
    """
    warehouse = folder / "warehouse.duckdb"
    with mock.patch.object(build.dbt, "run", dbt.run):
        build.build(BuildRequest(deals, warehouse, folder / "report", **request))
    return warehouse


def built_as_first(folder: Path, deals: Path) -> Path:
    """The same in an empty target folder: dbt runs the data tests, see `first_target`."""
    warehouse = folder / "warehouse.duckdb"
    target = first_target(warehouse)
    dbt.copy_parse(Path(os.environ["DBT_TARGET_PATH"]), target)
    with mock.patch.dict(os.environ, DBT_TARGET_PATH=str(target)):
        return built(folder, deals)


def first_target(warehouse: Path) -> Path:
    """Where `built_by_command` and `built_as_first` leave dbt's artifacts: the default place."""
    return directory_path(warehouse) / "target"


def built_once(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    deals: Path,
    build_it: Callable[[Path, Path], Path] = built,
) -> Path:
    """A build that all processes of one test run share."""
    with shared_folder(tmp_path_factory, name) as folder:
        warehouse = folder / "warehouse.duckdb"
        return warehouse if warehouse.exists() else build_it(folder, deals)


def rows(warehouse: Path, query: str) -> list[tuple]:
    """The answer of a read-only connection."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()
