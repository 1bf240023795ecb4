"""No public table loses, renames or retypes a column; each may gain one."""

import shutil
import zlib
from pathlib import Path

import pytest

from support import dbt
from support.builds import rows
from support.project_copy import copy_project
from tools.docs import tables
from winrate.build import csv_files
from winrate.build.dbt import DbtRun

# The type to which each promised type is changed: the one that a query is most likely to return.
RETYPED = {
    "string": "blob",
    "double": "float",
    "bigint": "integer",
    "date": "timestamp",
    "boolean": "integer",
}
ADDED = "added_by_test"


class Mutants:
    """A copy of the project and of a built warehouse, in which every public model is changed.

    The models are those that dbt compiled, so that none refers to another: one `dbt run` tries
    all of them, and none is skipped because the one above it failed.
    """

    def __init__(self, folder: Path, warehouse: Path, compiled_once: Path):
        self.root = copy_project(folder / "project")
        self.warehouse = Path(shutil.copy(warehouse, folder / "warehouse.duckdb"))
        self.target = folder / "target"
        dbt.copy_parse(compiled_once, self.target)
        self.models = tables.public_models(dbt.manifest(compiled_once))

    def run(self, mutation: str) -> dict[str, dbt.Outcome]:
        """Run every public model with this mutation; returns how each ended by name."""
        for model in self.models:
            path = self.root / model["original_file_path"]
            query = mutated(model["compiled_code"], mutation, column_of(model, mutation))
            path.write_text(query, encoding="utf-8")
        names = [model["name"] for model in self.models]
        # One thread: a view must not be looked at while the one it reads is being replaced.
        command = ("run", "--threads", "1", "--select", *names)
        ran = dbt.outcomes(DbtRun(self.warehouse, self.target), *command, root=self.root)
        return {name.split(".")[2]: outcome for name, outcome in ran.items()}


def column_of(model: dict, mutation: str) -> dict:
    """One of the promised columns, another for each table and mutation, always the same."""
    columns = list(model["columns"].values())
    return columns[zlib.crc32(f"{model['name']} {mutation}".encode()) % len(columns)]


def mutated(query: str, mutation: str, column: dict) -> str:
    """The query with one column dropped, renamed, retyped or added."""
    name = column["name"]
    selected = {
        "dropped": f"* exclude ({name})",
        "renamed": f"* rename ({name} as {name}_renamed)",
        "retyped": f"* replace (cast({name} as {RETYPED[column['data_type']]}) as {name})",
        "added": f"*, 'new' as {ADDED}",
    }[mutation]
    return f"select {selected} from (\n{query}\n) as original"


@pytest.fixture(scope="module")
def mutants(tmp_path_factory, sample_tables, compiled_once) -> Mutants:
    return Mutants(tmp_path_factory.mktemp("mutants"), sample_tables, compiled_once)


def test_a_public_column_that_is_changed_fails_the_build_and_is_named(mutants, record_figure):
    mutations = ("dropped", "renamed", "retyped")
    not_refused = []
    for mutation in mutations:
        outcomes = mutants.run(mutation)
        for model in mutants.models:
            status, message = outcomes[model["name"]]
            column = column_of(model, mutation)["name"]
            sentence = f"The public contract of {model['name']} is broken: {column} is "
            says_so = sentence + ("" if mutation == "retyped" else "missing.") in message
            if status != "error" or not says_so:
                not_refused.append((model["name"], column, mutation, status, message))
    assert not_refused == []
    n_tables = len(mutants.models)
    record_figure("public tables and views, each with a contract", n_tables)
    record_figure(
        "columns dropped, renamed or retyped, one of each kind in each public table: builds that "
        "fail and name the column",
        f"{len(mutations) * n_tables - len(not_refused)} of {len(mutations) * n_tables}",
    )


def test_the_public_tables_that_are_exported_are_those_with_a_contract(mutants):
    names = {f"{model['schema']}.{model['name']}" for model in mutants.models}
    assert set(csv_files.public_tables()) == names


def test_an_added_column_passes_and_is_there(mutants, record_figure):
    outcomes = mutants.run("added")
    assert {status for status, _ in outcomes.values()} == {"success"}, outcomes
    have_it = rows(
        mutants.warehouse,
        f"select table_name from information_schema.columns where column_name = '{ADDED}'",
    )
    assert {name for (name,) in have_it} == {model["name"] for model in mutants.models}
    record_figure(
        "columns added to a public table: builds that pass and have the column",
        f"{len(have_it)} of {len(mutants.models)}",
    )
