"""A build without dbt: the models and tests as dbt compiled them, run by DuckDB and Python.

dbt takes longer to prepare a model than DuckDB to run it.
"""

from pathlib import Path

import duckdb

from support import dbt
from tools.evidence import warehouse
from winrate.build import compiled, data_tests, staging
from winrate.build.build import BuildRequest
from winrate.build.dbt import DbtError, DbtRun, failure_lines
from winrate.build.directory import BuildDirectory

FILE = "build.json"  # in the target folder


def compile_project(folder: Path) -> None:
    """Compile the whole project into a target folder, with what `make build` and `check` keep.

    The values of a run are placeholders.
    """
    dbt_run = DbtRun(folder / "warehouse.duckdb", folder, staging.PLACEHOLDERS)
    dbt.run(dbt_run, "compile", "--no-populate-cache")
    key, manifest = compiled.project_key(), dbt.manifest(folder)
    data_tests.keep(folder, key)
    compiled.write(folder / staging.FILE, key, staging.needed_models(manifest))
    names = [
        node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"
    ]
    compiled.write(folder / FILE, key, staging.needed_models(manifest, names))


def run(
    request: BuildRequest,
    directory: BuildDirectory,
    database: Path,
    first: str = "",
) -> None:
    """As `winrate.build.build.run_dbt`, from what was kept.

    first: a statement that DuckDB runs before it makes tables.
    """
    assert not request.config.model_settings, "other settings compile to other SQL"
    key = compiled.project_key()
    models = [
        model
        for model in compiled.read(directory.dbt_target / FILE, key)
        if model["config"]["materialized"] != "ephemeral"
    ]
    tables = {model["name"]: model for model in models}
    values = request.run_values()
    with duckdb.connect(str(database), config={"threads": request.threads or 1}) as connection:
        connection.execute(first)
        for schema in {model["schema"] for model in models}:
            connection.execute(f"create schema {schema}")
        for model in models:
            if model["config"]["materialized"] == "view":
                before = f"create view {staging.table_name(model)} as"
                staging.run_model(connection, model, values, before)
            elif model["code"] or Path(model["path"]).parts[1] in ("raw", "staging"):
                staging.make_table(connection, model, values)
            else:
                warehouse.make_table(connection, model, tables)
    failures = data_tests.failures(data_tests.read(directory.dbt_target, key), database)
    if failures:
        raise DbtError("\n".join(failure_lines(failures)))
