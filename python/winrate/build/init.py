"""`make init`: a folder for `CONFIG` with what is known about an export, to be completed.

Its mapping has a line for each column and each outcome that is recognised, and others with a '#'
in front for what is suggested or not known.
"""

import tempfile
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from winrate import database, project
from winrate.build import staging
from winrate.build.build import BuildRequest
from winrate.build.check import cells, columns, contents
from winrate.build.check.lines import Line, brief, section
from winrate.build.publish import BuildError
from winrate.config import folder, starter
from winrate.config.csv_rows import COMMENT, csv_line
from winrate.ingest import mapping, reader
from winrate.ingest.header import ExportHeader, WantedColumns, normalise_header
from winrate.project import SettingsError
from winrate.wording import count

MAPPING = project.OWN_FILES["mapping_path"]
ALERT_RULES = project.OWN_FILES["alert_rules_path"]
OWNERS = project.OWN_FILES["owners_path"]
TARGETS = project.OWN_FILES["targets_path"]
FILES = (MAPPING, folder.SETTINGS, ALERT_RULES, OWNERS, TARGETS, starter.README)
MAX_WORDS = 50  # for outcomes, and as many stages
WIDTH = 98  # of a comment


@dataclass
class Found:
    """What an export has; each list becomes lines of the mapping.

    columns: title and column of what is recognised. suggestions: the same of what may be right.
    other_titles: those of all other columns. missing: the required columns that are neither
    recognised nor suggested. lacking: other such columns, and what each would add. unused: all
    other columns. outcomes: word and meaning of what is recognised. unknown_words: other words in
    the column of outcomes. open_stages: stages that are not known to be outcomes.
    """

    columns: list[tuple[str, str]]
    suggestions: list[tuple[str, str]]
    other_titles: list[str]
    missing: list[str]
    lacking: dict[str, str]
    unused: list[str]
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    unknown_words: list[str] = field(default_factory=list)
    open_stages: list[str] = field(default_factory=list)


def init(request: BuildRequest, to_folder: Path) -> str:
    """Write the files of a folder that are not there yet; returns what to print.

    request: its warehouse and report are not touched; the path of its stage history becomes a
    setting. Raises SettingsError where all files are there already or the folder is one of the
    project, ExportError where the export cannot be read, BuildError where it cannot be staged or a
    file cannot be written.
    """
    _refuse_project_folders(to_folder)
    kept = [name for name in FILES if (to_folder / name).exists()]
    if len(kept) == len(FILES):
        raise SettingsError(
            f"{to_folder} has {', '.join(kept)} already; nothing was written. Delete or rename one"
            " to have it written anew, or name another folder."
        )
    found = found_in(request)
    texts = {
        MAPPING: mapping_text(found, request.deals.name),
        folder.SETTINGS: starter.settings_text(request.stages),
        ALERT_RULES: starter.alert_rules_text(),
        OWNERS: starter.owners_text(),
        TARGETS: starter.targets_text(),
        starter.README: starter.readme_text(to_folder, request.deals),
    }
    try:
        to_folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            if name not in kept:
                with (to_folder / name).open("x", encoding="utf-8", newline="") as file:
                    file.write(texts[name])
    except OSError as error:
        raise BuildError(f"{error.filename} cannot be written: {error.strerror}.") from error
    return _summary(found, to_folder, request.deals, kept)


def found_in(request: BuildRequest) -> Found:
    """What is recognised in an export; its outcomes are read as if all suggestions were right."""
    variables = request.config.variables
    wanted = mapping.wanted_columns(request.own_files["mapping_path"], variables)
    header = reader.read_header(request.deals, wanted)
    suggested = cells.suggested_titles(request.deals, header, wanted, variables)
    found = _found_columns(header, wanted, variables, suggested)
    try:
        with (
            tempfile.TemporaryDirectory() as temporary,
            database.open_locked(Path(temporary) / "init.duckdb") as connection,
        ):
            provisional = Path(temporary) / MAPPING
            provisional.write_text(_lines(_column_rows(found)), encoding="utf-8")
            models = [_without_required(each) for each in staging.compiled_models(request.config)]
            values = request.run_values()._replace(mapping_path=str(provisional))
            staging.stage(connection, models, values)
            _add_outcomes(found, connection)
    except (duckdb.Error, OSError) as error:
        raise BuildError(f"{request.deals} cannot be read: {database.reason(error)}") from error
    return found


def _found_columns(
    header: ExportHeader,
    wanted: WantedColumns,
    variables: Mapping[str, Any],
    suggested: Mapping[str, str],
) -> Found:
    read = {name: place for name, place in header.positions.items() if place is not None}
    taken = {*(header.titles[place] for place in read.values()), *suggested.values()}
    lacking = [
        name
        for name in columns.lacking_columns(header, wanted, variables)
        if name not in header.missing and suggested.keys().isdisjoint(wanted.choices(name))
    ]
    known = {*read, *suggested, *header.missing, *lacking}
    return Found(
        columns=[(header.titles[place], name) for name, place in read.items()],
        suggestions=[(title, name) for name, title in suggested.items()],
        other_titles=[
            title
            for title in dict.fromkeys(header.titles)
            if normalise_header(title) and title not in taken
        ],
        missing=[
            name for name in header.missing if suggested.keys().isdisjoint(wanted.choices(name))
        ],
        lacking={name: variables["export_columns"][name]["adds"] for name in lacking},
        unused=[name for name in wanted.names if name not in known],
    )


def _column_rows(found: Found) -> list[Sequence[str]]:
    named = [*found.columns, *found.suggestions]
    return [mapping.FIELDS, *((mapping.COLUMN, title, name) for title, name in named)]


def _without_required(model: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model of raw for which no column of the export is required; other models as they are."""
    variables = model["config"].get("variables")
    if not variables:
        return model
    export_columns = {
        name: {**variables["export_columns"].get(name, {"type": "category"}), "is_required": False}
        for part in project.export_columns(variables)
        for name in part
    }
    config = {**model["config"], "variables": {**variables, "export_columns": export_columns}}
    return {**model, "config": config}


def _add_outcomes(found: Found, connection: duckdb.DuckDBPyConnection) -> None:
    """Add the words of the column of outcomes, or else the stages, which a mapping can explain."""
    if contents.outcome_column(connection) == "outcome":
        for each in contents.outcome_words(connection, "outcome")[:MAX_WORDS]:
            if each.word and each.outcomes == ["?"]:
                found.unknown_words.append(each.word)
            elif each.word:
                found.outcomes.append((each.word, each.outcomes[0]))
        return
    for stage in contents.stages(connection)[:MAX_WORDS]:
        if stage.means:
            found.outcomes.append((stage.word, stage.means))
        else:
            found.open_stages.append(stage.word)


# ---- text


def mapping_text(found: Found, export: str) -> str:
    """The text of mapping.csv."""
    parts = [
        _lines([mapping.FIELDS]),
        f"# What columns and values mean in {brief(export, WIDTH)}\n"
        "# Lines that start with # are not read; README.md explains the others.\n",
        _part("Columns that were recognised", mapping.COLUMN, found.columns),
        _part(
            "Columns that may be these: take the # away where that is right",
            mapping.COLUMN,
            found.suggestions,
            prefix=COMMENT,
        ),
        _part(
            "Other columns: to use one, complete its line with a name and take the # away",
            mapping.COLUMN,
            [(title, "") for title in found.other_titles],
            _names(found),
            COMMENT,
        ),
        _part("Outcomes that were recognised", mapping.OUTCOME, found.outcomes),
        _part(
            f"Outcomes that are not known: complete each with {', '.join(mapping.OUTCOMES)}",
            mapping.OUTCOME,
            [(word, "") for word in found.unknown_words],
            prefix=COMMENT,
        ),
        _part(
            "Other stages: complete those that mean Won or Lost, and only those",
            mapping.OUTCOME,
            [(word, "") for word in found.open_stages],
            prefix=COMMENT,
        ),
    ]
    return "\n".join(part for part in parts if part)


def _names(found: Found) -> str:
    """The columns that no title is yet, a line each for those that matter most."""
    lines = [f"{name} is missing, and required." for name in found.missing]
    lines += [f"{name} would add {adds}." for name, adds in found.lacking.items()]
    lines += [f"Other names: {', '.join(found.unused)}."] if found.unused else []
    wrapped = (textwrap.wrap(line, WIDTH, subsequent_indent="  ") for line in lines)
    return "".join(f"{COMMENT} {part}\n" for parts in wrapped for part in parts)


def _part(
    title: str, kind: str, rows: Iterable[tuple[str, str]], comment: str = "", prefix: str = ""
) -> str:
    """Lines of one kind below a title; nothing where there are none."""
    lines = _lines(((kind, *row) for row in rows), prefix)
    return lines and f"# ---- {title}\n{comment}{lines}"


def _lines(rows: Iterable[Iterable[str]], prefix: str = "") -> str:
    return "".join(f"{prefix}{csv_line(row)}\n" for row in rows)


def _summary(found: Found, to_folder: Path, deals: Path, kept: Sequence[str]) -> str:
    """What was written, what is known of the export, and what to do next."""
    written = [name for name in FILES if name not in kept]
    lines: list[Line] = [("written", ", ".join(written))]
    if kept:
        lines.append(("kept", f"{', '.join(kept)}; rename one to have it written anew"))
    n_known = f"columns: {count(len(found.columns))}, outcomes: {count(len(found.outcomes))}"
    lines.append(("recognised", n_known))
    lines += [("to confirm", f"{name}: '{brief(title)}'?") for title, name in found.suggestions]
    lines += [("missing", name) for name in found.missing]
    if found.lacking:
        lines.append(("not found", ", ".join(found.lacking)))
    lines += [("not known", f"'{brief(word)}'") for word in found.unknown_words]
    if found.open_stages:
        lines.append(("open stages", ", ".join(brief(word) for word in found.open_stages)))
    is_complete = not (found.suggestions or found.missing or found.unknown_words)
    task = "look through" if is_complete else "complete"
    next_step = starter.command("check", to_folder, deals)
    described = section(str(to_folder), lines)
    return f"{described}\nNext: {task} {to_folder / MAPPING}, then\n  {next_step}"


def _refuse_project_folders(to_folder: Path) -> None:
    """Raise SettingsError for the folder of the project or one that dbt reads or cleans."""
    path = to_folder.resolve()
    own = [project.ROOT / name for name in project.folders()]
    if path == project.ROOT or any(path.is_relative_to(each) for each in own):
        raise SettingsError(f"CONFIG {to_folder} is a folder of the project; name one of your own.")
