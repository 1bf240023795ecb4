"""dbt in this process, which loads dbt and the libraries of the models only once."""

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest import mock

import sqlparse

from winrate import project
from winrate.build import dbt

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult


class Outcome(NamedTuple):
    """How a node of a run ended."""

    status: str
    message: str | None


def run(
    dbt_run: dbt.DbtRun,
    *command: str,
    meanwhile: Callable[[], object] | None = None,
    root: Path = project.ROOT,
) -> None:
    """As `winrate.build.dbt.run`, but in this process; `meanwhile` is not called.

    root: of the project, whose Python models import `winrate` from this process nonetheless.
    """
    (dbt_run.target_path / dbt.RESULTS).unlink(missing_ok=True)
    result = _invoke(dbt_run, *command, root=root)
    if not result.success:
        raise dbt.DbtError(
            "\n".join(dbt.listed_failures(dbt_run.target_path)) or str(result.exception)
        )


def outcomes(dbt_run: dbt.DbtRun, *command: str, root: Path = project.ROOT) -> dict[str, Outcome]:
    """How each node of a run in this process ended, by its id.

    dbt writes no artifacts but what it parsed, which saves a second.
    """
    result = _invoke(dbt_run, *command, "--no-write-json", root=root)
    if result.exception:
        raise result.exception
    return {each.node.unique_id: Outcome(str(each.status), each.message) for each in result.result}


def _invoke(dbt_run: dbt.DbtRun, *command: str, root: Path) -> "dbtRunnerResult":
    """Run a command in this process."""
    # Loaded here, since it takes longer than most tests.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    # dbt parses the project anew where a variable of the profile has another value than the last
    # time, so the database has the same relative path in every run.
    environment = dbt.environment(os.environ, dbt_run)
    environment["WINRATE_DATABASE"] = dbt_run.database.name
    with (
        contextlib.chdir(dbt_run.database.parent),
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("sqlparse.parse", _parsed_to_with),
        mock.patch("sqlparse.engine.grouping.group", lambda statement: statement),
    ):
        result = dbtRunner().invoke(dbt.arguments(dbt_run, *command, root=root))
    DuckDBConnectionManager.close_all_connections()
    return result


_parse = sqlparse.parse


def _parsed_to_with(query: str) -> tuple[sqlparse.sql.Statement, ...]:
    """As `sqlparse.parse`, but what follows the first `with` is one token.

    dbt inserts ephemeral models after that word. Reading and grouping all tokens would take half of
    the time of all unit tests.
    """
    found = re.search(r"^with\n", query, re.MULTILINE)
    if not found:
        return _parse(query)
    (statement,) = _parse(query[: found.end()])
    statement.tokens.append(sqlparse.sql.Token(sqlparse.tokens.Text, query[found.end() :]))
    return (statement,)


@contextlib.contextmanager
def columns_read_once() -> Iterator[None]:
    """Have dbt ask for the columns of each relation once, and without a macro.

    For unit tests, which change no relation and ask for the types of every input of each test.
    """
    from dbt.adapters.duckdb.impl import DuckDBAdapter

    found = {}

    def columns(adapter: DuckDBAdapter, relation: object) -> list:
        if str(relation) not in found:
            _, described = adapter.execute(f"describe {relation}", fetch=True)
            # An ENUM is text to dbt, as in macros/materializations.sql.
            found[str(relation)] = [
                adapter.Column(name, "VARCHAR" if kind.startswith("ENUM") else kind)
                for name, kind, *_ in described.rows
            ]
        return found[str(relation)]

    with mock.patch.object(DuckDBAdapter, "get_columns_in_relation", columns):
        yield


def manifest(target_path: Path) -> dict:
    """The manifest that dbt left in a target folder."""
    return json.loads((target_path / "manifest.json").read_text(encoding="utf-8"))


def statuses(target_path: Path) -> dict[str, str]:
    """The status of each node of the last run in a target folder, by its id."""
    written = json.loads((target_path / dbt.RESULTS).read_text(encoding="utf-8"))
    return {result["unique_id"]: result["status"] for result in written["results"]}


def copy_parse(target_path: Path, other: Path) -> None:
    """Have a first run in another target folder start from what dbt parsed in this one."""
    other.mkdir(parents=True, exist_ok=True)
    shutil.copy(target_path / "partial_parse.msgpack", other)
