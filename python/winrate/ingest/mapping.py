"""Mappings: what the columns, the values and the outcome words of an export mean.

They come from a user's own file, which takes precedence, and from the alias seeds.

A user's file has the columns `kind`, `found` and `means`:

- `column,Opp. Ref.,deal_id`: the column of that title is deal_id.
- `column,Status,none`: the column of that title is not read, whatever the seeds say.
- `outcome,Signed,Won`: that word, as an outcome or as a stage, means Won, Lost, Open or Deleted.
- `industry,Financial Technology,FinTech`: that value of industry is read as FinTech.
- `loss_kind,went elsewhere,lost to a competitor`: a loss reason with these words is of that kind.
- `stage_column,Moved On,entered_date`: the column of that title in the stage history.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from winrate import project
from winrate.config.csv_rows import read_rows
from winrate.ingest.header import WantedColumns, normalise_header, title_key
from winrate.ingest.spelling import level_key
from winrate.project import SettingsError

COLUMN, OUTCOME, LOSS_KIND, STAGE_COLUMN = "column", "outcome", "loss_kind", "stage_column"
NOT_READ = ("none", "ignore")  # what a title means that is no column of ours
OUTCOMES = ("Won", "Lost", "Open", "Deleted")  # the row of a deleted deal is skipped
LOSS_KINDS = ("no decision", "lost to a competitor", "other")
# Of a stage history: the columns that a file with a row per change must have, and may have.
STAGE_COLUMNS = ("deal_id", "deal_stage", "entered_date")
OPTIONAL_STAGE_COLUMNS = ("old_stage", "field_name")
FIELDS = ("kind", "found", "means")
OWN, SEED = 0, 1  # priorities: a mapping of the user takes precedence over one of the seeds


class MappingRow(NamedTuple):
    """What is found in an export and what it means; of two for one thing the lower `priority`."""

    kind: str
    found: str
    means: str
    priority: int


def read_mappings(path: str | Path | None, variables: Mapping[str, Any]) -> list[MappingRow]:
    """The mappings in force: those of a user's file, then those of the seeds.

    path: a CSV of `kind,found,means`; nothing where there is none.
    variables: the variables of the project, which name the columns and the features.
    Raises SettingsError where the file cannot be read or has an unknown kind, column or outcome.
    """
    return [*_own_mappings(path, variables), *_seed_mappings()]


def own_titles(path: str | Path | None, variables: Mapping[str, Any]) -> list[str]:
    """The column titles that a user's file maps, as it spells them; raises SettingsError."""
    return [each.found for each in _own_mappings(path, variables) if each.kind == COLUMN]


def stage_titles(path: str | Path | None, variables: Mapping[str, Any]) -> dict[str, list[str]]:
    """The titles that each column of a stage history may have, the likeliest first.

    Those of a user's file, the column's own name, and those of the seed; raises SettingsError.
    """
    own = [each for each in _own_mappings(path, variables) if each.kind == STAGE_COLUMN]
    seed = [(row["column_name"], row["alias"]) for row in _seed("stage_column_aliases")]
    names = (*STAGE_COLUMNS, *OPTIONAL_STAGE_COLUMNS)
    found = [*((each.means, each.found) for each in own), *zip(names, names, strict=True), *seed]
    return {
        name: [normalise_header(title) for column, title in found if column == name]
        for name in names
    }


def own_stage_titles(path: str | Path | None, variables: Mapping[str, Any]) -> list[str]:
    """The titles of a stage history that a user's file maps; raises SettingsError."""
    return [each.found for each in _own_mappings(path, variables) if each.kind == STAGE_COLUMN]


def mappings_table(path: str | Path | None, variables: Mapping[str, Any]) -> pa.Table:
    """The same as a table, one row per mapping: `kind`, `found`, `means`, `priority`."""
    return pa.Table.from_pylist([row._asdict() for row in read_mappings(path, variables)])


def wanted_columns(path: str | Path | None, variables: Mapping[str, Any]) -> WantedColumns:
    """The columns to read from an export, with the titles they may have; raises SettingsError.

    A title in a user's file takes precedence over the column's own name, and that over the aliases
    of the seed, in their order. The name of a column that has the names of ids is one of the titles
    of these ids, too.
    """
    required, optional = project.export_columns(variables)
    names = [*required, *optional]
    names_of = project.columns_with(variables, "name_of")
    column_of_key = {title_key(name): name for name in names if name not in names_of}
    titles = {name: [normalise_header(name)] for name in names}
    mappings = [each for each in read_mappings(path, variables) if each.kind == COLUMN]
    own = [each for each in mappings if each.priority == OWN]
    for each in reversed(own):
        column_of_key[title_key(each.found)] = each.means
        titles.get(each.means, []).insert(0, normalise_header(each.found))
    for each in mappings:
        titles.get(each.means, []).append(normalise_header(each.found))
    return WantedColumns(
        required=required,
        optional=optional,
        fallback_columns={
            name: column["fallback_columns"]
            for name, column in variables["export_columns"].items()
            if "fallback_columns" in column
        },
        titles={
            name: [
                title
                for title in dict.fromkeys(found)
                if column_of_key.get(title_key(title), name) == name
            ]
            for name, found in titles.items()
        },
        per_deal=frozenset(project.columns_with(variables, "is_per_deal")),
        not_read=frozenset(key for key, means in column_of_key.items() if means in NOT_READ),
    )


def _seed_mappings() -> Iterator[MappingRow]:
    """The seeds; their order within a kind is kept."""
    for row in _seed("column_aliases"):
        yield MappingRow(COLUMN, row["alias"], row["column_name"], SEED)
    for row in _seed("stage_outcomes"):
        yield MappingRow(OUTCOME, row["stage"], row["outcome"], SEED)
    for row in _seed("value_aliases"):
        yield MappingRow(row["column_name"], row["alias"], row["value"], SEED)
    for row in _seed("loss_reason_words"):
        yield MappingRow(LOSS_KIND, row["words"], row["kind"], SEED)


@cache  # raw_deals, raw_columns, raw_lines and raw_mappings of one build all need the seeds
def _seed(name: str) -> list[dict[str, str]]:
    path = project.ROOT / "seeds" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known_outcome(word: str) -> str | None:
    """What a word of an export is known to mean, one of `OUTCOMES`, or None."""
    return _known_outcomes().get(level_key(word))


@cache
def _known_outcomes() -> dict[str, str]:
    return {level_key(row["stage"]): row["outcome"] for row in _seed("stage_outcomes")}


def value_columns(variables: Mapping[str, Any]) -> list[str]:
    """The columns whose values a user's file can map to others."""
    of_type = partial(project.columns_of_type, variables)
    added = variables["features"]["categorical"]
    return list(dict.fromkeys([*of_type("category"), *added, *of_type("name")]))


def _own_mappings(path: str | Path | None, variables: Mapping[str, Any]) -> Iterator[MappingRow]:
    """The rows of a user's file, where there is one, each checked; raises SettingsError."""
    columns = [name for part in project.export_columns(variables) for name in part]
    kinds = [COLUMN, OUTCOME, *value_columns(variables), LOSS_KIND, STAGE_COLUMN]
    known = {
        COLUMN: [*columns, *NOT_READ],
        OUTCOME: OUTCOMES,
        LOSS_KIND: LOSS_KINDS,
        STAGE_COLUMN: [*STAGE_COLUMNS, *OPTIONAL_STAGE_COLUMNS],
    }
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for row in read_rows(path, FIELDS, FIELDS) if path else []:
        kind, found, means = (row.cells[name] for name in FIELDS)
        _refuse_unless_among(row.where, "kind", kind, kinds)
        if not found or not means:
            raise SettingsError(
                f"{row.where}: found or means is empty; expected both, and 'none' as the meaning of"
                " a column that is not to be read."
            )
        if kind == COLUMN and means.lower() in NOT_READ:
            means = means.lower()
        if kind in known:
            _refuse_unless_among(row.where, kind, means, known[kind])
        key = title_key(found) if kind in (COLUMN, STAGE_COLUMN) else level_key(found)
        if not key:
            raise SettingsError(f"{row.where}: found the title '{found}'; expected a letter in it.")
        line, meaning = first.setdefault((kind, key), (row.line, means))
        if meaning != means:
            raise SettingsError(
                f"{row.where}: '{found}' means '{means}', and in line {line} '{meaning}'; expected"
                " one meaning."
            )
        yield MappingRow(kind, found, means, OWN)


def _refuse_unless_among(where: str, what: str, found: str, known: Sequence[str]) -> None:
    if found not in known:
        raise SettingsError(f"{where}: found the {what} '{found}'; expected {', '.join(known)}.")
