"""The staging models on one export, in memory: dbt compiles them once, DuckDB runs them."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from winrate import project
from winrate.ingest import mapping, provenance, reader

SELECTED = ["winrate.staging", "rejected_deals", "row_ledger"]
# Compiled as placeholders, set at each run.
SETTINGS = ("date_format", "decimal_mark", "latest_date")


@dataclass(frozen=True)
class Staged:
    """A connection to the raw and staging tables of one export."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str) -> list[tuple]:
        """The answer to a query."""
        return self.connection.execute(query).fetchall()

    def column(self, query: str) -> list:
        """The first column of the answer to a query."""
        return [first for first, *_ in self.rows(query)]


class Staging:
    """The compiled staging models, in the order in which they build on each other."""

    def __init__(self, folder: Path):
        """Compile the project into `folder`."""
        self.variables = project.project_vars()
        placeholders = {name: f"@{name}@" for name in SETTINGS}
        run = subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", "--quiet", "compile"),
                *("--select", *SELECTED, "--vars", json.dumps(placeholders)),
                *("--target-path", str(folder), "--log-path", str(folder)),
            ],
            cwd=project.ROOT,
            env=os.environ | {"WINRATE_DATABASE": str(folder / "warehouse.duckdb")},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stdout
        nodes = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        models = {
            key: node
            for key, node in nodes.items()
            if node["resource_type"] == "model" and node.get("compiled_code")
        }
        ordered: dict[str, dict] = {}
        while len(ordered) < len(models):
            ordered |= {
                key: node
                for key, node in models.items()
                if all(
                    parent in ordered or parent not in models
                    for parent in node["depends_on"]["nodes"]
                )
            }
        self.statements = [
            f"create table {node['schema']}.{node['name']} as {node['compiled_code']}"
            for node in ordered.values()
            if node["language"] == "sql"
        ]
        self.schemas = {node["schema"] for node in nodes.values()}

    def run(self, path: Path, mapping_path: Path | None = None, **settings: str) -> Staged:
        """Read an export and stage it; raises what reading raises."""
        wanted = mapping.wanted_columns(mapping_path, self.variables)
        header = reader.check_export(path, wanted)
        raw = {
            "raw_deals": reader.read_export(path, wanted).read_all(),
            "raw_columns": reader.columns_table(header),
            "raw_lines": reader.lines_table(path, header),
            "raw_mappings": mapping.mappings_table(mapping_path, self.variables),
            "raw_build": provenance.build_facts(path, {}),
        }
        connection = duckdb.connect(config={"threads": 1})
        # Planning nested regular expressions takes longer than running them on a few rows.
        connection.execute("pragma disable_optimizer")
        for schema in self.schemas:
            connection.execute(f"create schema {schema}")
        for name, table in raw.items():
            connection.register("incoming", table)
            connection.execute(f"create table raw.{name} as from incoming")
        for statement in self.statements:
            for name in SETTINGS:
                statement = statement.replace(f"@{name}@", settings.get(name, ""))
            connection.execute(statement)
        return Staged(connection)
