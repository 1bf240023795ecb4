"""The rates at which amounts are converted: a user's rates.csv.

`GBP,2026-01-01,1.15` says that from this day on one pound is worth 1.15 of the reporting currency.
"""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa

from winrate.config.csv_rows import Row, read_rows
from winrate.project import SettingsError

FIELDS = ("currency", "from_date", "rate")
MAX_RATE = 10**9
SMALLEST_STEP = Decimal("1e-10")  # further decimals are rounded
SCHEMA = pa.schema(
    {
        "file_line": pa.int64(),
        "currency": pa.string(),
        "from_date": pa.date32(),
        "rate": pa.decimal128(19, 10),
    }
)


def table(path: str | Path | None, reporting_currency: str) -> pa.Table:
    """The rates of a user's file, one row per line; currencies are in capitals.

    path: of the file, or nothing. Raises SettingsError.
    """
    rows = [_rate(row) for row in read_rows(path, FIELDS, FIELDS)] if path else []
    if rows and not reporting_currency:
        raise SettingsError(
            f"{path}: the setting reporting_currency is empty; expected the currency into which the"
            " rates convert. Add a line such as 'reporting_currency: USD' to settings.yml."
        )
    lines: dict[tuple[str, date], int] = {}
    for row in rows:
        key = row["currency"], row["from_date"]
        where = f"{path}, line {row['file_line']}"
        if key in lines:
            raise SettingsError(
                f"{where}: found {key[0]} from {key[1]} again; expected one rate of a currency and"
                f" day, and line {lines[key]} has it."
            )
        if key[0] == reporting_currency.upper() and row["rate"] != 1:
            raise SettingsError(
                f"{where}: found the rate {row['rate'].normalize():f} of the reporting currency"
                f" {key[0]}; expected 1, or no line."
            )
        lines[key] = row["file_line"]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _rate(row: Row) -> dict[str, str | int | date | Decimal]:
    """A line as a row of the table; raises SettingsError."""
    currency, _, rate = (row.cells[name] for name in FIELDS)
    if not currency:
        raise SettingsError(f"{row.where}: found no currency; expected one as the export has it.")
    return {
        "file_line": row.line,
        "currency": currency.upper(),
        "from_date": row.day("from_date"),
        "rate": _number(row, rate),
    }


def _number(row: Row, text: str) -> Decimal:
    try:
        rate = Decimal(text)
        if 0 < rate < MAX_RATE:  # false for NaN, which compares by raising an error
            rate = rate.quantize(SMALLEST_STEP, ROUND_HALF_EVEN)
            if rate:
                return rate
    except InvalidOperation:
        pass
    raise SettingsError(
        f"{row.where}: found the rate '{text}'; expected a positive number such as 1.0825."
    )
