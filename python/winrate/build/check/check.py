"""A check as a whole: the header, the contents, and whether a build would accept the file."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb

from winrate import database
from winrate.build import staging, summary
from winrate.build.build import BuildRequest
from winrate.build.check import cells, columns, contents, remedies
from winrate.build.check.lines import Line, section
from winrate.build.publish import BuildError
from winrate.config import scope
from winrate.ingest import mapping, reader, stage_history


class Check(NamedTuple):
    """What to print, and whether a build would accept the file."""

    text: str
    is_usable: bool


def check(request: BuildRequest, scopes: Mapping[str, str] = MappingProxyType({})) -> Check:
    """Read and parse an export as a build would, in a temporary database, and describe the result.

    request: its warehouse and report are not touched. scopes: those of which each gets a build of
    its own, by name; they are checked in place of the scope of the request. Raises SettingsError
    where a mapping or a scope cannot be used, ExportError where the file cannot be read at all,
    BuildError where the database cannot be made.
    """
    variables = request.config.variables
    mapping_path = request.own_files["mapping_path"]
    wanted = mapping.wanted_columns(mapping_path, variables)
    header = reader.read_header(request.deals, wanted)
    sections = [f"{request.deals.name}, its header in line {header.source_line}\n"]
    unused = columns.unused_titles(header, mapping.own_titles(mapping_path, variables))
    if header.missing:
        suggested = cells.suggested_titles(request.deals, header, wanted, variables)
        described = columns.required_columns(header, wanted, suggested)
        sections.append(section("columns", [*described, *unused]))
        sections.append(_refused([columns.missing_sentence(header, suggested)]))
        return Check("\n".join(sections), is_usable=False)
    if scopes:
        request = replace(request, scope="")
    scope.refuse_missing_columns(request.scope, header, variables)
    for name, text in scopes.items():
        scope.refuse_missing_columns(text, header, variables, f"scopes.{name}")
    if request.stages:
        stage_history.check(request.stages, mapping_path, variables)
    models = staging.compiled_models(request.config)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            database.open_locked(Path(folder) / "check.duckdb") as connection,
        ):
            staging.stage(connection, models, request.run_values())
            errors = summary.export_errors(connection)
            described = columns.staged_columns(connection, header, wanted, variables)
            there = [name for name, place in header.positions.items() if place is not None]
            values = [
                *contents.formats(connection),
                *contents.outcomes(connection),
                *contents.empty_words(connection, there),
            ]
            levels = [
                *contents.levels(connection),
                *contents.unused_mappings(connection),
                *contents.unused_owners(connection),
                *([] if scopes else contents.scope(connection)),
            ]
            sections += [
                section("columns", [*described, *unused]),
                section("values", values),
                section("levels", levels),
                section("rows", list(contents.rows(connection))),
                *_stage_sections(request, connection),
            ]
            verdict = (
                _refused(errors, remedies.remedies(connection))
                if errors
                else contents.accepted(connection)
            )
            if scopes and not errors:
                described, errors = _scopes(request, scopes, models, connection)
                sections.append(section("scopes", described))
                verdict = _refused(errors) if errors else verdict
            sections.append(verdict)
    except (duckdb.Error, OSError) as error:
        raise BuildError(f"{request.deals} cannot be checked: {database.reason(error)}") from error
    return Check("\n".join(sections), is_usable=not errors)


def _stage_sections(request: BuildRequest, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """What is read of the stage history, where there is one."""
    if not request.stages:
        return []
    return [section("stage history", list(contents.stage_history(connection)))]


def _scopes(
    request: BuildRequest,
    scopes: Mapping[str, str],
    models: list[dict[str, Any]],
    connection: duckdb.DuckDBPyConnection,
) -> tuple[list[Line], list[str]]:
    """What a build of each scope would take of a staged export, and why it would refuse it."""
    lines: list[Line] = []
    errors: list[str] = []
    for name, text in scopes.items():
        values = replace(request, scope=text).run_values()
        staging.stage_again(connection, models, values, "raw_scope")
        lines.append((name, contents.in_scope(connection, text)))
        lines += contents.scope(connection, name)
        errors += [f"scope {name}: {error}" for error in summary.export_errors(connection)]
    return lines, errors


def _refused(errors: list[str], lines: Iterable[Line] = ()) -> str:
    """Why a build would refuse the file, and the lines that would make it pass."""
    refusal = "A build would refuse this file:\n" + "\n".join(f"  {error}." for error in errors)
    lines = list(lines)
    if not lines:
        return refusal
    return f"{refusal}\n\n{section('lines that would make it pass', lines)}".rstrip()
