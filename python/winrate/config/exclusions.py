"""The rows of an export that do not count: a user's exclusions.csv, with a reason for each line.

`deal_amount,<,100,Below the smallest price` leaves out deals of less than 100; a row that meets one
line is skipped, and counted with the reason.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from winrate.config.csv_rows import Row, read_rows
from winrate.project import SettingsError

FIELDS = ("column", "operator", "value", "reason")
EMPTY = "is empty"
TEXT_OPERATORS = ("=", "!=", "contains", EMPTY)
ORDER_OPERATORS = ("=", "!=", "<", "<=", ">", ">=", EMPTY)
SCHEMA = pa.schema(
    {
        "file_line": pa.int64(),
        "column_name": pa.string(),
        "operator": pa.string(),
        "value": pa.string(),
        "number": pa.float64(),
        "day": pa.date32(),
        "reason": pa.string(),
    }
)


def table(path: str | Path | None, variables: Mapping[str, Any]) -> pa.Table:
    """The exclusions of a user's file, one row per line.

    path: of the file, or nothing. variables: of the project, which name the columns.
    `number` and `day` have the value of a column of numbers or dates. Raises SettingsError.
    """
    rows = [_exclusion(row, variables) for row in read_rows(path, FIELDS, FIELDS)] if path else []
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _exclusion(row: Row, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A line as a row of the table; raises SettingsError."""
    column, operator, value, reason = (row.cells[name] for name in FIELDS)
    operator = operator.lower()
    types = _types(variables)
    _refuse_unless_among(row, "column", column, list(types))
    is_ordered = types[column] in ("number", "date")
    operators = ORDER_OPERATORS if is_ordered else TEXT_OPERATORS
    _refuse_unless_among(row, f"operator of {column}", operator, operators)
    if not reason:
        raise SettingsError(f"{row.where}: found no reason; expected why such rows do not count.")
    if (operator == EMPTY) != (not value):
        expected = "no value" if operator == EMPTY else "a value"
        raise SettingsError(
            f"{row.where}: found '{value}' after '{operator}'; expected {expected}."
        )
    return {
        "file_line": row.line,
        "column_name": column,
        "operator": operator,
        "value": value,
        "number": _number(row, value) if value and types[column] == "number" else None,
        "day": row.day("value") if value and types[column] == "date" else None,
        "reason": reason,
    }


def _types(variables: Mapping[str, Any]) -> dict[str, str]:
    """The columns that an exclusion may name, with their types."""
    columns = variables["export_columns"]
    features = variables["features"]
    types = {
        name: column["type"]
        for name, column in columns.items()
        if column["type"] != "text" or column.get("is_per_deal")
    }
    return (
        types
        | {name: "category" for name in features["categorical"] if name not in columns}
        | {name: "number" for name in features["numeric"] if name not in columns}
    )


def _number(row: Row, value: str) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise SettingsError(
            f"{row.where}: found the value '{value}'; expected a number such as 1000 or 99.5."
        ) from error


def _refuse_unless_among(row: Row, what: str, found: str, known: list[str] | tuple) -> None:
    if found not in known:
        raise SettingsError(
            f"{row.where}: found the {what} '{found}'; expected one of {', '.join(known)}."
        )
