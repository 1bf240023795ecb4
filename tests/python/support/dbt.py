"""dbt in this process, which loads dbt and the libraries of the models only once."""

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from winrate import project
from winrate.build import compiled, data_tests, dbt, staging


def run(
    dbt_run: dbt.DbtRun,
    *command: str,
    meanwhile: Callable[[], object] | None = None,
    root: Path = project.ROOT,
) -> None:
    """As `winrate.build.dbt.run`, but in this process; `meanwhile` is not called.

    root: of the project, whose Python models import `winrate` from this process nonetheless.
    """
    # Loaded here, since it takes longer than most tests.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    (dbt_run.target_path / "run_results.json").unlink(missing_ok=True)
    # dbt parses the project anew where a variable of the profile has another value than the last
    # time, so the database has the same relative path in every run.
    environment = dbt.environment(os.environ, dbt_run)
    environment["WINRATE_DATABASE"] = dbt_run.database.name
    with (
        contextlib.chdir(dbt_run.database.parent),
        mock.patch.dict(os.environ, environment, clear=True),
    ):
        result = dbtRunner().invoke(dbt.arguments(dbt_run, *command, root=root))
    DuckDBConnectionManager.close_all_connections()
    if not result.success:
        raise dbt.DbtError(
            "\n".join(dbt.listed_failures(dbt_run.target_path)) or str(result.exception)
        )


def compile_project(folder: Path) -> None:
    """Compile the whole project into a target folder, with what `make build` and `check` keep."""
    run(dbt.DbtRun(folder / "warehouse.duckdb", folder, staging.PLACEHOLDERS), "compile")
    key = compiled.project_key()
    data_tests.keep(folder, key)
    models = staging.needed_models(manifest(folder))
    compiled.write(folder / staging.FILE, key, models)


def manifest(target_path: Path) -> dict:
    """The manifest that dbt left in a target folder."""
    return json.loads((target_path / "manifest.json").read_text(encoding="utf-8"))


def results(target_path: Path) -> list[dict]:
    """The results of the last run in a target folder, one per node that ran."""
    return json.loads((target_path / "run_results.json").read_text(encoding="utf-8"))["results"]


def statuses(target_path: Path) -> dict[str, str]:
    """The status of each node of the last run in a target folder, by its id."""
    return {result["unique_id"]: result["status"] for result in results(target_path)}


def copy_parse(target_path: Path, other: Path) -> None:
    """Have a first run in another target folder start from what dbt parsed in this one."""
    other.mkdir(parents=True, exist_ok=True)
    shutil.copy(target_path / "partial_parse.msgpack", other)
