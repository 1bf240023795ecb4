"""The scope of a build: which deals of an export it is about, by the values of columns.

`deal_type=New Business` takes the deals of that type only, `pipeline_name!=Renewals | Self-serve`
leaves those of two pipelines out, and a semicolon stands between conditions that hold together.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from winrate.ingest.header import ExportHeader
from winrate.ingest.mapping import value_columns
from winrate.project import SettingsError

CONDITION = re.compile(r"\s*([^!=]*?)\s*(!?=)\s*(.*?)\s*")
SCOPE = "SCOPE"  # the name of the scope of one build
NAME = re.compile(r"\w[\w-]*")
EXPECTED = "expected conditions such as 'deal_type=New Business; pipeline_name!=Renewals | Partner'"
SCHEMA = pa.schema(
    [("column_name", pa.string()), ("value", pa.string()), ("is_included", pa.bool_())]
)


class ScopeValue(NamedTuple):
    """A value of a column whose deals are included, or else left out."""

    column_name: str
    value: str
    is_included: bool


def read_scope(text: str, variables: Mapping[str, Any], name: str = SCOPE) -> list[ScopeValue]:
    """The values that a scope names, in order; none where the text is blank.

    variables: the variables of the project, which name the columns. name: of the scope, in a
        sentence.
    Raises SettingsError where the text is no scope, or a column has no values to choose from.
    """
    columns = value_columns(variables)
    values: list[ScopeValue] = []
    for condition in filter(str.strip, text.split(";")):
        found = CONDITION.fullmatch(condition)
        if not found:
            raise SettingsError(f"{name} has '{condition.strip()}'; {EXPECTED}.")
        column, sign, listed = found.groups()
        if column not in columns:
            close = difflib.get_close_matches(column, columns, n=1)
            hint = f"the closest is '{close[0]}'" if close else f"it may be {', '.join(columns)}"
            raise SettingsError(f"{name} names '{column}', which is no column with levels; {hint}.")
        levels = [level.strip() for level in listed.split("|")]
        if not all(levels):
            raise SettingsError(f"{name} has '{condition.strip()}' without a value; {EXPECTED}.")
        values += [ScopeValue(column, level, sign == "=") for level in levels]
    return values


def read_scopes(variables: Mapping[str, Any]) -> dict[str, str]:
    """The scopes of which each gets a build of its own, by name; raises SettingsError."""
    scopes = variables["scopes"]
    for name, text in scopes.items():
        if not NAME.fullmatch(str(name)):
            raise SettingsError(
                f"scopes has '{name}'; expected a name of letters, digits, '-' and '_', which is "
                "part of the names of files."
            )
        if not isinstance(text, str) or not read_scope(text, variables, f"scopes.{name}"):
            raise SettingsError(f"scopes.{name} is {text!r}; {EXPECTED}.")
    return dict(scopes)


def scope_table(text: str, variables: Mapping[str, Any]) -> pa.Table:
    """The same as a table, one row per value: `column_name`, `value`, `is_included`."""
    rows = [value._asdict() for value in read_scope(text, variables)]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def refuse_missing_columns(
    text: str, header: ExportHeader, variables: Mapping[str, Any], name: str = SCOPE
) -> None:
    """Raise SettingsError where a scope names a column that the export does not have."""
    for value in read_scope(text, variables, name):
        if header.positions[value.column_name] is None:
            raise SettingsError(
                f"{name} names {value.column_name}, and no column of the export is read as that; "
                f"name it in MAPPING, or build without {name}."
            )
