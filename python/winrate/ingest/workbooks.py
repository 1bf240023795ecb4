"""Reads workbooks: no row is lost, and no file can use up the memory or the time of the machine."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, repeat
from typing import IO, Any, BinaryIO
from zipfile import ZipFile

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns, count_wanted, has_all_required
from winrate.ingest.records import Record, listed
from winrate.ingest.typed_cells import cell_texts, typed_records

MAX_ROWS = 1_048_576  # of a sheet, by the file format
MAX_UNPACKED = 2 << 30  # bytes; a full sheet of twelve columns is a quarter of it
MAX_PACKING = 100  # unpacked bytes per byte of the file; repeated text in every cell gives 30
ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d+)"')
CALCULATE_ALL = re.compile(rb"""\bfullCalcOnLoad=["'](1|true)["']""")
MAX_FORMULA_LETTERS = 40
CHUNK = 1 << 20  # bytes
FREE_UNPACKED = 100 << 20  # bytes up to which the packing does not matter


def sheet_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of the worksheet that holds the deals.

    Blank rows count up to the last row with a value, since a sheet states no end of its data. A
    cell with a formula gives the value that the workbook was saved with.
    """
    sheet = _sheet_of_deals(open_workbook(file), wanted)
    rows = numbered_rows(cell_values(file, sheet))
    return typed_records(_up_to_last_used(rows), wanted)


def _sheet_of_deals(workbook: Any, wanted: WantedColumns) -> Any:
    """The visible sheet with all required columns, or else the one with most wanted columns.

    Raises ValueError where that is true of two sheets.
    """
    complete, named = [], {}
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()  # the size that a workbook states is often wrong
            rows = sheet.iter_rows(max_row=MAX_HEADER_RECORD, values_only=True)
            headers = [cell_texts(row) for row in rows]
            n_named = max((count_wanted(header, wanted) for header in headers), default=0)
            named.setdefault(n_named, []).append(sheet)
            if any(has_all_required(header, wanted) for header in headers):
                complete.append(sheet)
    if not named:
        raise ValueError("no visible worksheet")
    best = complete or named[max(named)]
    if len(best) > 1 and max(named) > 0:
        raise ValueError(
            f"deals in {len(best)} sheets, {listed([sheet.title for sheet in best])}: put them"
            " into one, or hide the others"
        )
    return best[0]


def _up_to_last_used(
    rows: Iterable[tuple[int, Sequence[Any]]],
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Numbered rows without the blank ones at the end, of which a sheet may have a million."""
    held = []
    for number, cells in rows:
        held.append((number, cells))
        if any(cell is not None for cell in cells):
            yield from held
            held.clear()


def open_workbook(file: BinaryIO) -> Workbook:
    """A workbook to read row by row, with the values of formulas and without linked workbooks.

    Raises ValueError where it unpacks to more than a workbook of deals can need, has rows out of
    order, or defines XML entities, by which a few bytes become billions or name other files.
    """
    _check_unpacked_size(file)
    _check_row_order(file)
    try:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except ValueError as error:
        if isinstance(error.__cause__, DefusedXmlException):
            raise ValueError("XML entities, which no spreadsheet program writes") from error
        raise


def cell_values(file: BinaryIO, sheet: Any) -> Iterator[Sequence[Any]]:
    """The rows of a sheet of `open_workbook(file)`, a formula as the value that it was saved with.

    Raises ValueError where a formula was saved without a value: programs that write workbooks and
    cannot calculate leave formulas without one, or with 0 and the request to calculate all formulas
    when the file is opened.
    """
    uncalculated = {Uncalculated}
    if _is_to_be_calculated(file):
        uncalculated.add(FormulaZero)
    for cells in _parsed_rows(sheet):
        if not uncalculated.isdisjoint(map(type, cells)):
            column, cell = next(
                (column, cell)
                for column, cell in enumerate(cells, start=1)
                if type(cell) in uncalculated
            )
            raise ValueError(
                f"formulas that were never calculated, such as {cell.formula} in column"
                f" {get_column_letter(column)}: open it in a spreadsheet program and save it"
            )
        yield cells


class Uncalculated(str):
    """Stands in a cell whose formula was saved without a value."""

    formula: str


class FormulaZero(int):
    """The value 0 of a formula."""

    formula: str


class FormulaParser(WorkSheetParser):
    """Marks formulas without a value, which openpyxl reads as blank cells."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        cell = super().parse_cell(element)
        found = element.find(FORMULA_TAG)
        # The type of a formula that gives no letters is 'str'.
        if found is not None and cell["value"] in (None, 0) and cell["data_type"] == "n":
            cell["value"] = Uncalculated() if cell["value"] is None else FormulaZero()
            cell["value"].formula = f"={(found.text or '')[:MAX_FORMULA_LETTERS]}"
        return cell


def _parsed_rows(sheet: Any) -> Iterator[Sequence[Any]]:
    """The rows of a sheet, blank ones included, by `FormulaParser`.

    openpyxl gives no choice of the parser, so this is its `iter_rows(values_only=True)` of a sheet
    whose dimensions were reset, with the names that openpyxl keeps to itself.
    """
    book = sheet.parent
    with sheet._get_source() as source:
        parser = FormulaParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        last = 0
        for number, cells in parser.parse():
            yield from repeat((), number - last - 1)  # rows that the file leaves out
            if number > last:
                yield sheet._get_row(cells, values_only=True)
                last = number


def numbered_rows(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows with their numbers, from 1; raises ValueError where a sheet cannot have so many.

    A workbook states the number of each row; rows that it leaves out are blank.
    """
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise ValueError(f"a row below row {MAX_ROWS:,}, the last one of a sheet")
        yield number, cells


def _is_to_be_calculated(file: BinaryIO) -> bool:
    """Whether a workbook asks for all its formulas to be calculated when it is opened.

    openpyxl reports this of every workbook that does not say the opposite.
    """
    with ZipFile(file) as archive:
        parts = [name for name in archive.namelist() if name.endswith("workbook.xml")]
        return any(CALCULATE_ALL.search(archive.read(part)) for part in parts)


def _check_unpacked_size(file: BinaryIO) -> None:
    """Raise ValueError for a zip bomb; leaves `file` at its start.

    Uses the sizes that the file states: no part is ever unpacked beyond its stated size.
    """
    with ZipFile(file) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    packed = file.seek(0, 2)
    file.seek(0)
    too_tight = unpacked > FREE_UNPACKED and unpacked > MAX_PACKING * packed
    if unpacked > MAX_UNPACKED or too_tight:
        raise ValueError(
            f"{packed:,} bytes that unpack to {unpacked:,}, more than a workbook of deals needs"
        )


def _check_row_order(file: BinaryIO) -> None:
    """Raise ValueError where a sheet has a row at or above one before it.

    openpyxl would leave out such a row without an error. A sheet may be any part of the file.
    """
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if name.endswith(".xml"):
                with archive.open(name) as part:
                    if any(below <= above for above, below in pairwise(_row_numbers(part))):
                        raise ValueError(f"rows that are out of order in {name}")


def _row_numbers(part: IO[bytes]) -> Iterator[int]:
    """The number of each row that states one, in the order of the file."""
    text = b""
    while chunk := part.read(CHUNK):
        text += chunk
        end = 0
        for match in ROW_NUMBER.finditer(text):
            yield int(match[1])
            end = match.end()
        # A tag may be cut in two by the end of the chunk.
        text = text[max(end, text.rfind(b"<")) :]
