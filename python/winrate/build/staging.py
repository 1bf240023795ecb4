"""The raw and staging models on one export, in DuckDB, without a build and mostly without dbt.

dbt compiles the models once per change of the project. Their SQL is then run as it is; the Python
models of raw are called with the configuration that dbt compiled for them.
"""

import importlib.util
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from winrate import project
from winrate.build import compiled, dbt, publish
from winrate.build.publish import BuildError
from winrate.config.folder import Config
from winrate.ingest import provenance
from winrate.ingest.records import ExportError

TARGET = project.ROOT / "target" / "check"
FILE = "staging.json"
MODELS = (
    *("closes_near_quarter_ends", "export_errors", "fiscal_calendars", "pooled_deals"),
    *("rejected_deals", "row_ledger"),
    *("unparsed_cells", "unused_mappings", "unused_owners", "unused_scope_values"),
    *("stage_texts", "rejected_stage_rows", "stage_row_ledger"),
)
# Run values are compiled as these placeholders, which are replaced when the models run.
PLACEHOLDERS = {name: f"@{name}@" for name in project.RunValues._fields}


def compiled_models(config: Config | None = None) -> list[dict[str, Any]]:
    """The models that MODELS need, themselves included, each after those that it reads.

    config: with the settings to compile them with. They are kept, apart for each user's folder.
    Returns `name`, `schema`, `path`, `config` and `code` of each (no code for a Python model), and
    the names of the models that it `reads`.
    Raises BuildError where the project does not compile.
    """
    config = config or Config()
    folder = Path(os.environ.get("DBT_TARGET_PATH", TARGET / config.key))
    folder.mkdir(parents=True, exist_ok=True)
    key = compiled.project_key(config.model_settings)
    with publish.locked(folder):
        models = compiled.read(folder / FILE, key)
        if models is None:
            models = _compile(folder, config.model_settings)
            compiled.write(folder / FILE, key, models)
    return models


def stage(
    connection: duckdb.DuckDBPyConnection, models: list[dict[str, Any]], values: project.RunValues
) -> None:
    """Build the models in an empty database; raises what reading an export raises."""
    for schema in {model["schema"] for model in models}:
        connection.execute(f"create schema {schema}")
    for model in models:
        make_table(connection, model, values)


def stage_again(
    connection: duckdb.DuckDBPyConnection,
    models: list[dict[str, Any]],
    values: project.RunValues,
    changed: str,
) -> None:
    """Build one model of a staged database again, with other values, and all that read it.

    The others stay as they are; so the export is not read again.
    """
    affected = {changed}
    for model in models:
        if model["name"] == changed or not affected.isdisjoint(model["reads"]):
            affected.add(model["name"])
            run_model(connection, model, values, f"create or replace table {table_name(model)} as")


def make_table(
    connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], values: project.RunValues
) -> None:
    """Build the table of a model, of which the schema is there; raises what reading raises."""
    run_model(connection, model, values, f"create table {table_name(model)} as")


def table_name(model: Mapping[str, Any]) -> str:
    return f"{model['schema']}.{model['name']}"


def run_model(
    connection: duckdb.DuckDBPyConnection,
    model: Mapping[str, Any],
    values: project.RunValues,
    before: str,
) -> None:
    """Run a model in a statement that begins with `before`; raises what reading raises."""
    if model["code"]:
        connection.execute(f"{before} {_filled(model['code'], values)}")
        return
    connection.register("table_from_python", _python_table(connection, model, values))
    try:
        connection.execute(f"{before} from table_from_python")
    except duckdb.Error as error:
        # What the reader raised deep inside the file, in a traceback that DuckDB quotes.
        _, is_of_reader, sentence = str(error).rpartition(f"{ExportError.__name__}: ")
        if not is_of_reader:
            raise
        raise ExportError(sentence.strip()) from error
    connection.unregister("table_from_python")


def _compile(folder: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Compile the models with dbt."""
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder, PLACEHOLDERS, settings=settings)
    try:
        dbt.run(run, "compile", "--no-populate-cache", "--select", *(f"+{name}" for name in MODELS))
    except dbt.DbtError as error:
        raise BuildError(f"The project does not compile.\n{error}") from error
    return needed_models(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def needed_models(
    manifest: Mapping[str, Any], names: Iterable[str] = MODELS
) -> list[dict[str, Any]]:
    """The models of these names and what they read, from the manifest of a compiled project."""
    nodes = manifest["nodes"]
    ordered: dict[str, dict[str, Any]] = {}
    for name in names:
        _add_with_parents(f"model.winrate.{name}", nodes, ordered)
    return [
        {
            "name": node["name"],
            "schema": node["schema"],
            "path": node["original_file_path"],
            "config": node["config"],
            "code": node["compiled_code"] if node["language"] == "sql" else "",
            "reads": [parent.rpartition(".")[2] for parent in node["depends_on"]["nodes"]],
        }
        for node in ordered.values()
    ]


def _add_with_parents(key: str, nodes: Mapping[str, Any], ordered: dict[str, Any]) -> None:
    """Add a model to `ordered`, after all that it reads."""
    for parent in nodes[key]["depends_on"]["nodes"]:
        _add_with_parents(parent, nodes, ordered)
    ordered[key] = nodes[key]


def _python_table(
    connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], values: project.RunValues
) -> Any:
    """The table that a Python model returns."""
    config = _filled(model["config"], values)
    if model["name"] == "raw_build":  # the model itself asks dbt for the options of its run
        return provenance.build_facts(
            *(config[name] for name in ("deals_path", "run_settings", "stages_path", "kept_path"))
        )
    spec = importlib.util.spec_from_file_location(model["name"], project.ROOT / model["path"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    session = SimpleNamespace(
        config=config, ref=lambda name: connection.table(f"{project.INTERNAL}.{name}")
    )
    return module.model(session, connection)


def _filled(value: Any, values: project.RunValues) -> Any:
    """Text, or a JSON-like object with text in it, with the values for their placeholders."""
    if isinstance(value, str):
        for name, placeholder in PLACEHOLDERS.items():
            value = value.replace(placeholder, getattr(values, name))
    elif isinstance(value, dict):
        return {key: _filled(each, values) for key, each in value.items()}
    elif isinstance(value, list):
        return [_filled(each, values) for each in value]
    return value
