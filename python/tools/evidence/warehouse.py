"""The project's models on simulated deals, in DuckDB, without dbt and without a file.

dbt compiles the project once. A build starts from the rows that validation accepted
(`internal.checked_rows`): the frame gives them, and all models below run as they are, those in
Python as well. Tables of raw and staging that these models read beside it are empty, except the
as-of date and the list of columns.
"""

import functools
import json
import re
import runpy
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pandas as pd

from winrate import project
from winrate.build import compiled, dbt, publish, staging

TARGET = project.ROOT / "target" / "evidence"
FILE = "evidence.json"
SAMPLE = project.ROOT / "seeds" / "deals.csv"

ROWS = "checked_rows"
AS_OF_DATES = "as_of_dates"
EXPORT_COLUMNS = "raw_columns"
FORMATS = "export_formats"
ERRORS = "export_errors"  # of the export as a whole; stays empty
ALERT_RULES = "raw_alert_rules"  # run as it is: it reads no export
# A build starts from models of the first folders and builds those of the others, with all that they
# need.
INPUT_FOLDERS = ("raw", "staging")
BUILT_FOLDERS = ("features", "profiles", "estimates", "drivers", "scores", "alerts")
CHECKS = "data_checks"


@dataclass(frozen=True)
class Project:
    """The compiled project; it can be sent to another process.

    given: the tables that a build starts from, by name: `schema` and `columns` (name to type).
    export_columns: the columns that an export may have.
    models: what a build runs, each after those that it reads.
    """

    given: Mapping[str, Mapping[str, Any]]
    export_columns: list[str]
    models: list[dict[str, Any]]

    @classmethod
    def compiled(
        cls, folder: Path = TARGET, without: Iterable[str] = (), only: Iterable[str] = ()
    ) -> "Project":
        """Compile the project, or read what was compiled before from the folder.

        without: models to leave out, with all models that read them.
        only: models to build, with all models that they read; default: all.
        Raises dbt.DbtError where the project does not compile.
        """
        folder.mkdir(parents=True, exist_ok=True)
        key = compiled.project_key()
        with publish.locked(folder):
            kept = compiled.read(folder / FILE, key)
            if kept is None:
                kept = _compiled(folder)
                compiled.write(folder / FILE, key, kept)
        nodes = kept["nodes"]
        left_out = _with_readers(nodes, without)
        names = [name for name in only or _targets(nodes) if name not in left_out]
        models = [
            nodes[name]
            for name in _with_parents(nodes, names, kept["given"])
            if name not in kept["given"] and nodes[name]["config"]["materialized"] != "ephemeral"
        ]
        return cls(kept["given"], kept["export_columns"], models)


def build(
    compiled_project: Project, deals: pd.DataFrame, as_of_date: pd.Timestamp | str | None = None
) -> duckdb.DuckDBPyConnection:
    """A database in memory with the tables of all models.

    deals: as the generators return them; columns that the project does not know are ignored.
    as_of_date: default: `attrs["as_of_date"]`, or else the newest date of the deals.
    """
    day = pd.Timestamp(as_of_date or deals.attrs.get("as_of_date") or _newest_date(deals))
    connection = duckdb.connect(config={"threads": 1})
    tables = {**compiled_project.given, **{each["name"]: each for each in compiled_project.models}}
    for schema in {table["schema"] for table in tables.values()}:
        connection.execute(f"create schema {schema}")
    for name, table in compiled_project.given.items():
        columns = ", ".join(f'"{column}" {kind}' for column, kind in table["columns"].items())
        connection.execute(f"create table {_name(tables, name)} ({columns})")

    rows = _checked_rows(deals, day)
    filled = rows.columns[rows.notna().any()]
    columns = pd.DataFrame({"column_name": compiled_project.export_columns})
    columns["title"] = columns["column_name"].where(columns["column_name"].isin(filled))
    as_of_dates = pd.DataFrame({"as_of_date": [day]})
    formats = pd.DataFrame({"decimal_mark": ["."]})
    filled_tables = {
        ROWS: rows,
        AS_OF_DATES: as_of_dates,
        EXPORT_COLUMNS: columns,
        FORMATS: formats,
    }
    for name, table in filled_tables.items():
        _insert(connection, _name(tables, name), table, compiled_project.given[name]["columns"])

    for model in compiled_project.models:
        make_table(connection, model, tables)
    return connection


def make_table(
    connection: duckdb.DuckDBPyConnection, model: Mapping[str, Any], tables: Mapping[str, Any]
) -> None:
    """Make the table of a model.

    tables: all tables of the build by name, with their `schema`.
    """
    name = _name(tables, model["name"])
    if model["code"]:
        connection.execute(f"create table {name} as {model['code']}")
    else:
        session = SimpleNamespace(
            config=model["config"], ref=lambda other: connection.table(_name(tables, other))
        )
        table = _python_model(model["path"])(session, connection)
        connection.register("table_from_python", table)
        connection.execute(f"create table {name} as from table_from_python")
        connection.unregister("table_from_python")


@functools.cache
def _python_model(path: str) -> Any:
    return runpy.run_path(str(project.ROOT / path))["model"]


def _name(tables: Mapping[str, Any], name: str) -> str:
    return f"{tables[name]['schema']}.{name}"


def _newest_date(deals: pd.DataFrame) -> pd.Timestamp:
    return deals[["created_date", "closed_date"]].max().max()


def _checked_rows(deals: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The deals with what validation derives: the outcome as a word and whether it is open."""
    is_open = deals["is_won"].isna()
    close_date = deals["closed_date"]
    if "expected_close_date" in deals:
        close_date = close_date.where(~is_open, deals["expected_close_date"])
    return deals.assign(
        close_date=close_date,
        original_amount=deals.get("deal_amount"),
        as_of_date=day,
        is_open=is_open.astype(bool),
        outcome=deals["is_won"].map({1: "Won", 0: "Lost"}).astype("string"),
        source_line=range(2, len(deals) + 2),  # after the header
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    rows: pd.DataFrame,
    columns: Mapping[str, str],
) -> None:
    """Insert the rows; columns that they do not have are null."""
    known = [name for name in rows if name in columns]
    values = ", ".join(f'cast("{name}" as {columns[name]}) as "{name}"' for name in known)
    connection.register("given_rows", rows[known])
    connection.execute(f"insert into {table} by name select {values} from given_rows")
    connection.unregister("given_rows")


# ---- compile


def _compiled(folder: Path) -> dict[str, Any]:
    """All models of the project, and the tables that a build starts from."""
    run = dbt.DbtRun(folder / "warehouse.duckdb", folder, staging.PLACEHOLDERS)
    dbt.run(run, "compile", "--no-populate-cache")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    nodes = {
        node["name"]: {
            "name": node["name"],
            "schema": node["schema"],
            "path": node["original_file_path"],
            "config": node["config"],
            "parents": [key.split(".")[2] for key in node["depends_on"].get("nodes", [])],
            "code": node.get("compiled_code") if node.get("language") == "sql" else None,
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    given = dict.fromkeys(_given(nodes))
    models = staging.needed_models(manifest, given)
    with duckdb.connect() as connection, tempfile.TemporaryDirectory() as other:
        few = Path(other) / SAMPLE.name
        with SAMPLE.open(encoding="utf-8") as lines:
            few.write_text("".join(islice(lines, 100)), encoding="utf-8")
        staging.stage(connection, models, project.RunValues(deals_path=str(few)))
        for name in given:
            described = connection.execute(f"describe {_name(nodes, name)}").fetchall()
            columns = {column: kind for column, kind, *_ in described}
            given[name] = {"schema": nodes[name]["schema"], "columns": columns}
        listed = connection.execute(f"select column_name from {_name(nodes, EXPORT_COLUMNS)}")
        # Settings of a run, which are compiled as placeholders, are empty.
        placeholder = re.compile(f"@({'|'.join(project.RunValues._fields)})@")
        return {
            "nodes": json.loads(placeholder.sub("", json.dumps(nodes))),
            "given": given,
            "export_columns": [name for (name,) in listed.fetchall()],
        }


def _targets(nodes: Mapping[str, Any]) -> list[str]:
    return [*_in_folders(nodes, BUILT_FOLDERS), CHECKS]


def _given(nodes: Mapping[str, Any]) -> list[str]:
    """The models of raw and staging that a build reads but does not run."""
    run = _with_readers(nodes, [ROWS]) - {ROWS, ERRORS} | {ALERT_RULES}
    inputs = set(_in_folders(nodes, INPUT_FOLDERS)) - run
    return [name for name in _with_parents(nodes, _targets(nodes), inputs) if name in inputs]


def _in_folders(nodes: Mapping[str, Any], folders: Iterable[str]) -> list[str]:
    """The models in these folders of `models/`, and below them."""
    return [name for name, node in nodes.items() if Path(node["path"]).parts[1] in folders]


def _with_readers(nodes: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """These models and all that read them, directly or not."""
    found = set(names)
    while True:
        more = {name for name, node in nodes.items() if found.intersection(node["parents"])}
        if more <= found:
            return found
        found |= more


def _with_parents(
    nodes: Mapping[str, Any], names: Iterable[str], inputs: Iterable[str]
) -> list[str]:
    """These models and all that they read, each after those that it reads; inputs read nothing."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in ordered:
            for parent in () if name in inputs else nodes[name]["parents"]:
                add(parent)
            ordered[name] = None

    for name in names:
        add(name)
    return list(ordered)
