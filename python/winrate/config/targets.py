"""What is to be won in a period: a user's targets.csv, for all deals, a team or an owner.

`2026-Q4,Ann Lee,,250000` is a target of an owner, `FY2026/27,,EMEA,3000000` of a team, and
`2026-11,,,400000` of all deals. Which days a period has, the fiscal calendar of the build says.
"""

import math
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from winrate.config.csv_rows import Row, read_rows
from winrate.ingest.spelling import name_key
from winrate.project import SettingsError

FIELDS = ("period", "owner", "team", "amount")
REQUIRED = ("period", "amount")
ALL = "all"
YEAR = r"(?:(?P<calendar>[0-9]{4})|fy(?P<fiscal>[0-9]{4})/(?P<next>[0-9]{2}))"
PERIOD = re.compile(rf"{YEAR}(?:[ -]?q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?")
SCHEMA = pa.schema(
    {
        "file_line": pa.int64(),
        "period_text": pa.string(),
        "first_day": pa.date32(),
        "n_months": pa.int64(),
        "is_fiscal_name": pa.bool_(),
        "owner": pa.string(),
        "owner_key": pa.string(),
        "team": pa.string(),
        "team_key": pa.string(),
        "amount": pa.float64(),
    }
)


class Period(NamedTuple):
    """A month, a quarter or a year.

    first_day: as if years began in January; of a quarter and of a year, the fiscal calendar moves
        it. is_fiscal_name: whether it has the name of a year that begins in another month.
    """

    first_day: date
    n_months: int
    is_fiscal_name: bool


def table(path: str | Path | None, mask: Callable[[str], str]) -> pa.Table:
    """The targets of a user's file, one row per line, owner and team null where it is for all.

    path: of the file, or nothing. mask: what the name of a rep becomes, as in the export.
    Raises SettingsError.
    """
    rows = [_target(row, mask) for row in read_rows(path, FIELDS, REQUIRED)] if path else []
    lines: dict[tuple, int] = {}
    for row in rows:
        key = tuple(row[name] for name in ("first_day", "n_months", "owner_key", "team_key"))
        if lines.setdefault(key, row["file_line"]) != row["file_line"]:
            raise SettingsError(
                f"{path}, line {row['file_line']}: found a second target of the period"
                f" {row['period_text']}, first in line {lines[key]}; expected one."
            )
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _target(row: Row, mask: Callable[[str], str]) -> dict[str, Any]:
    """A line as a row of the table; raises SettingsError."""
    owner, team = (_of_somebody(row.cells.get(name, "")) for name in ("owner", "team"))
    if owner and team:
        raise SettingsError(
            f"{row.where}: found an owner and a team; expected one of them, or neither for all"
            " deals."
        )
    owner = owner and mask(owner)
    return {
        "file_line": row.line,
        "period_text": row.cells["period"],
        **_period(row)._asdict(),
        "owner": owner,
        "owner_key": owner and name_key(owner),
        "team": team,
        "team_key": team and name_key(team),
        "amount": _amount(row),
    }


def _of_somebody(cell: str) -> str | None:
    return None if cell.lower() in ("", ALL) else cell


def _period(row: Row) -> Period:
    text = row.cells["period"]
    found = PERIOD.fullmatch(text.lower())
    year = found and int(found["calendar"] or found["fiscal"])
    is_fiscal = bool(found and found["fiscal"])
    is_month = bool(found and found["month"])
    follows = not is_fiscal or int(found["next"]) == (year + 1) % 100
    if not found or not year or not follows or (is_fiscal and is_month):
        raise SettingsError(
            f"{row.where}: found the period '{text}'; expected a quarter such as 2026-Q4 or"
            " FY2026/27 Q1, a month such as 2026-11, or a year such as 2026 or FY2026/27."
        )
    if is_month:
        return Period(date(year, int(found["month"]), 1), 1, is_fiscal)
    if found["quarter"]:
        return Period(date(year, 3 * int(found["quarter"]) - 2, 1), 3, is_fiscal)
    return Period(date(year, 1, 1), 12, is_fiscal)


def _amount(row: Row) -> float:
    text = row.cells["amount"]
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount >= 0):
        raise SettingsError(
            f"{row.where}: found the amount '{text}'; expected a number such as 250000, without"
            " signs and separators."
        )
    return amount
