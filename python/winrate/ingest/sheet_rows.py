"""Reads the rows of a worksheet one by one, each no longer than its last value.

A sheet may have a million rows of 16,384 columns, most of them blank, in a small file.
"""

import re
from collections.abc import Iterable, Iterator
from typing import IO, Any

from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

MAX_ROWS = 1_048_576  # of a sheet, by the file format
MAX_FORMULA_LETTERS = 40
CHUNK = 1 << 20  # bytes
MERGED = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?\bref=["']([A-Z]+)(\d+):[A-Z]+(\d+)["']""")

Row = tuple[int, list[Any]]  # its number, from 1, and its values


def used_rows(sheet: Any) -> Iterator[Row]:
    """The rows of a sheet that have a value; formulas without one are marked.

    A merged cell has its value in all its rows, in its first column. Raises ValueError where a row
    is at or above the one before it, or below the last one that a sheet can have.
    """
    with sheet._get_source() as source:
        fill = _MergedCells(_merged_columns(source))
    last = 0
    for number, values in _parsed_rows(sheet):
        if number <= last:
            raise ValueError(f"rows that are out of order: row {number} below row {last}")
        if number > MAX_ROWS:
            raise ValueError(f"a row below row {MAX_ROWS:,}, the last one of a sheet")
        last = number
        if values:
            yield number, fill.row(number, values)


def with_blank_rows(rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows, and the blank ones between them; a sheet states no end of its data."""
    last = 0
    for number, values in rows:
        yield from ((blank, []) for blank in range(last + 1, number))
        yield number, values
        last = number


def calculated(rows: Iterable[Row], *, is_zero_a_value: bool) -> Iterator[Row]:
    """The same rows; raises ValueError where a formula was saved without a value.

    Programs that write workbooks and cannot calculate leave formulas without one, or with 0 and the
    request to calculate all formulas when the file is opened.
    """
    uncalculated = {Uncalculated} if is_zero_a_value else {Uncalculated, FormulaZero}
    for number, values in rows:
        if not uncalculated.isdisjoint(map(type, values)):
            column, value = next(
                (column, value)
                for column, value in enumerate(values, start=1)
                if type(value) in uncalculated
            )
            raise ValueError(
                f"formulas that were never calculated, such as {value.formula} in column"
                f" {get_column_letter(column)}: open it in a spreadsheet program and save it"
            )
        yield number, values


class Uncalculated(str):
    """Stands in a cell whose formula was saved without a value."""

    formula: str


class FormulaZero(int):
    """The value 0 of a formula."""

    formula: str


class _FormulaParser(WorkSheetParser):
    """Marks formulas without a value, which openpyxl reads as blank cells."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell = super().parse_cell(element)
        found = element.find(FORMULA_TAG)
        # The type of a formula that gives no letters is 'str'.
        if found is not None and cell["value"] in (None, 0) and cell["data_type"] == "n":
            cell["value"] = Uncalculated() if cell["value"] is None else FormulaZero()
            cell["value"].formula = f"={(found.text or '')[:MAX_FORMULA_LETTERS]}"
        return cell


def _parsed_rows(sheet: Any) -> Iterator[Row]:
    """The rows that the file has, by `_FormulaParser`; blank cells at the end are left out.

    openpyxl gives no choice of the parser, so this is its `iter_rows(values_only=True)`, with the
    names that openpyxl keeps to itself.
    """
    book = sheet.parent
    with sheet._get_source() as source:
        parser = _FormulaParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, cells in parser.parse():
            used = [cell for cell in cells if not _is_blank(cell)]
            values = [None] * max((cell["column"] for cell in used), default=0)
            for cell in used:
                values[cell["column"] - 1] = cell["value"]
            yield number, values


def _is_blank(cell: dict[str, Any]) -> bool:
    value = cell["value"]
    return value is None or (type(value) is str and not value.strip())


class _MergedCells:
    """Fills rows with the values of the merged cells that begin above them."""

    def __init__(self, ranges: Iterable[tuple[int, int, int]]) -> None:
        """ranges: first row, last row and first column of each merged cell."""
        self._last_rows = {(first, column): last for first, last, column in ranges}
        self._open: dict[int, tuple[int, Any]] = {}  # by column: the last row and the value

    def row(self, number: int, values: list[Any]) -> list[Any]:
        """The values of a row, with those of merged cells; to be called from top to bottom."""
        if not self._last_rows:
            return values
        for column, (last, value) in list(self._open.items()):
            if number > last:
                del self._open[column]
            else:
                values += [None] * (column - len(values))
                values[column - 1] = value
        for column, value in enumerate(values, start=1):
            last = self._last_rows.get((number, column), number)
            if last > number:
                self._open[column] = last, value
        return values


def _merged_columns(source: IO[bytes]) -> Iterator[tuple[int, int, int]]:
    """First row, last row and first column of each merged cell of more than one row."""
    for match in matches(source, MERGED):
        first, last = int(match[2]), int(match[3])
        if last > first:
            yield first, last, column_index_from_string(match[1].decode())


def matches(source: IO[bytes], pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """The matches of a pattern of one tag in XML, which is read in chunks."""
    text = b""
    while chunk := source.read(CHUNK):
        text += chunk
        end = 0
        for match in pattern.finditer(text):
            yield match
            end = match.end()
        # A tag may be cut in two by the end of the chunk, but is never longer than one.
        text = text[max(end, text.rfind(b"<"), len(text) - CHUNK) :]
