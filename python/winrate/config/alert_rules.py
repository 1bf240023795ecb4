"""The rules of the alerts: those of seeds/alert_rules.csv, and a user's own in their place.

A user's file has the column `condition` and others of the seed. A cell takes the place of the cell
of the seed; an empty one does not, and `none` empties it.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from winrate import project
from winrate.config.csv_rows import Row, read_rows
from winrate.project import SettingsError
from winrate.wording import SEVERITIES

SCHEMA = pa.schema(
    {
        "condition": pa.string(),
        "is_enabled": pa.bool_(),
        "severity": pa.string(),
        "threshold_value": pa.float64(),
        "min_deals": pa.int64(),
        "max_q_value": pa.float64(),
        "owner": pa.string(),
        "recommended_action": pa.string(),
    }
)
KEY = "condition"
MAY_BE_EMPTY = ("threshold_value", "min_deals", "max_q_value", "owner")
WORDS = ("is_enabled", "severity")  # in upper or lower case
NONE = "none"
NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")
# How a cell is read, None where it cannot be; and what is expected of it.
READERS: dict[pa.DataType, tuple[Callable[[str], Any], str]] = {
    pa.bool_(): ({"true": True, "false": False}.get, "true or false"),
    pa.float64(): (lambda cell: float(cell) if NUMBER.fullmatch(cell) else None, "a number"),
    pa.int64(): (
        lambda cell: int(cell) if WHOLE_NUMBER.fullmatch(cell) else None,
        "a whole number",
    ),
    pa.string(): (lambda cell: cell or None, "text"),
}


def seed_path() -> Path:
    """The rules that hold where a user's file says nothing."""
    return project.ROOT / "seeds" / "alert_rules.csv"


def table(path: str | Path | None) -> pa.Table:
    """The rules in force, one row per condition; raises SettingsError."""
    return pa.Table.from_pylist(list(read(path).values()), schema=SCHEMA)


def read(path: str | Path | None) -> dict[str, dict[str, Any]]:
    """The rules in force by condition; raises SettingsError.

    path: of a user's file, or nothing.
    """
    names = SCHEMA.names
    rules = {row.cells[KEY]: _values(row, names) for row in read_rows(seed_path(), names, names)}
    # Without a threshold, theirs comes from the data.
    by_data = [name for name, rule in rules.items() if rule["threshold_value"] is None]
    lines: dict[str, int] = {}
    for row in read_rows(path, names, [KEY]) if path else []:
        condition = row.cells[KEY]
        if condition not in rules:
            raise SettingsError(
                f"{row.where}: found the condition '{condition}'; {_expected(condition, rules)}."
            )
        if condition in lines:
            raise SettingsError(
                f"{row.where}: found '{condition}' again, after line {lines[condition]};"
                " expected one row per condition."
            )
        lines[condition] = row.line
        rules[condition] |= _values(row, [name for name, cell in row.cells.items() if cell])
        if rules[condition]["threshold_value"] is None and condition not in by_data:
            raise SettingsError(f"{row.where}: found no threshold_value; expected a number.")
    return rules


def _expected(condition: str, rules: Mapping[str, Any]) -> str:
    closest = difflib.get_close_matches(condition, rules, n=1)
    return f"expected {closest[0] if closest else 'one of ' + ', '.join(rules)}"


def _values(row: Row, names: Sequence[str]) -> dict[str, Any]:
    return {name: _value(row, name) for name in names}


def _value(row: Row, name: str) -> Any:
    """A cell as what its column has; raises SettingsError."""
    cell = row.cells[name]
    if name in MAY_BE_EMPTY and cell.lower() in ("", NONE):
        return None
    read_cell, expected = READERS[SCHEMA.field(name).type]
    value = read_cell(cell.lower() if name in WORDS else cell)
    if name == "severity" and value not in SEVERITIES:
        value, expected = None, ", ".join(SEVERITIES)
    if value is None:
        raise SettingsError(f"{row.where}: found the {name} '{cell}'; expected {expected}.")
    return value
