"""The data tests of the project, run by DuckDB as dbt compiled them.

dbt needs longer to prepare a test than DuckDB to run it. So dbt runs them in the first build after
a change of the project; later builds run what it compiled then.
"""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from winrate import database
from winrate.build import compiled

FILE = "data_tests.json"
RUN_VALUE = "macro.winrate.run_value"
# This test stays with dbt, which skips every model below the one that fails it: no time is spent
# on an export that cannot be used.
GATE = "has_no_rows"


def read(folder: Path, key: str) -> list[list[str]] | None:
    """The tests that `keep` left in a folder: name and query of each; None where dbt must run them.

    key: of the project, see `compiled.project_key`.
    """
    return compiled.read(folder / FILE, key)


def keep(folder: Path, key: str) -> None:
    """Keep the compiled tests of the build that dbt has just finished in its target folder.

    Nothing is kept where a test reads a setting that changes from run to run.
    """
    with contextlib.suppress(OSError, ValueError, LookupError):
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        tests = [
            node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
        ]
        if not any(_reads_run_values(node, manifest["macros"]) for node in tests):
            compiled.write(folder / FILE, key, [[test["name"], _query(test)] for test in tests])


def failures(tests: list[list[str]], warehouse: Path) -> list[tuple[str, str]]:
    """The tests that fail on a built database: name and message of each."""
    failed = []
    with database.open_readonly(warehouse) as connection:
        for name, query in tests:
            try:
                message = connection.execute(query).fetchall()[0][0]
            except duckdb.Error as error:
                message = str(error)
            if message:
                failed.append((name, message))
    return failed


def _query(test: Mapping[str, Any]) -> str:
    """A query with one cell: the message where the test fails, in the words of dbt, or null."""
    config = test["config"]
    error_if = config["error_if"]
    return (
        f"select case when failures {error_if} then 'Got ' || failures || ' result'"
        f" || case when failures = 1 then '' else 's' end || ', configured to fail if {error_if}'"
        f" end from (select {config['fail_calc']} as failures from (\n{test['compiled_code']}\n))"
    )


def _reads_run_values(node: Mapping[str, Any], macros: Mapping[str, Any]) -> bool:
    """Does a node, or a macro that it calls, read a setting that changes from run to run?"""
    seen: set[str] = set()
    waiting = list(node["depends_on"]["macros"])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += macros[name]["depends_on"]["macros"]
    return RUN_VALUE in seen
