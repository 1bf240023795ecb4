"""Opens workbooks so that no row is lost and none takes all memory or time of the machine."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import IO, Any, BinaryIO
from zipfile import ZipFile

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.workbook import Workbook
from openpyxl.worksheet.formula import ArrayFormula

MAX_ROWS = 1_048_576  # of a sheet: all that the file format allows
MAX_UNPACKED = 2 << 30  # bytes; a full sheet of twelve columns is a quarter of it
MAX_PACKING = 100  # unpacked bytes per byte of the file; repeated text in every cell gives 30
ROW_NUMBER = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d+)"')
FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
CHUNK = 1 << 20  # bytes
FREE_UNPACKED = 100 << 20  # bytes that are no matter, however tightly they are packed


def open_workbook(file: BinaryIO) -> Workbook:
    """A workbook to read row by row: the values of formulas, nothing that it links to.

    Raises ValueError where it unpacks to more than a workbook of deals can need, has rows out of
    order, or defines XML entities, by which a few bytes become billions or name other files.
    """
    _check_unpacked_size(file)
    _check_row_order(file)
    return _load(file, data_only=True)


def cell_values(file: BinaryIO, sheet: Any) -> Iterator[Sequence[Any]]:
    """The rows of a sheet of `open_workbook(file)`.

    A formula that the workbook was saved without a value of, as programs do that write workbooks
    and cannot calculate, is its own text: it must not pass for a blank cell.
    """
    if not _has_formulas(file):
        yield from sheet.iter_rows(values_only=True)
        return
    formulas = _load(file, data_only=False)[sheet.title]
    formulas.reset_dimensions()
    rows = zip(sheet.iter_rows(), formulas.iter_rows(values_only=True), strict=True)
    for cells, contents in rows:
        yield [
            # Text of no letters has the type 'str': a value, if an empty one.
            _content_text(content) if cell.value is None and cell.data_type == "n" else cell.value
            for cell, content in zip(cells, contents, strict=True)
        ]


def numbered_rows(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows with their numbers, from 1; raises ValueError where a sheet cannot have so many.

    A workbook says the number of each row, and rows that it leaves out are there, blank.
    """
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise ValueError(f"a row below row {MAX_ROWS:,}, the last one of a sheet")
        yield number, cells


def _load(file: BinaryIO, data_only: bool) -> Workbook:
    """A workbook, its formulas as their values or as their text."""
    try:
        return openpyxl.load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    except ValueError as error:
        if isinstance(error.__cause__, DefusedXmlException):
            raise ValueError("XML entities, which no spreadsheet program writes") from error
        raise


def _content_text(content: Any) -> str | None:
    """What stands in a cell that has no value: a formula of some kind, or nothing."""
    match content:
        case None | str():
            return content
        case ArrayFormula():
            return content.text
        case _:
            return "=TABLE()"


def _check_unpacked_size(file: BinaryIO) -> None:
    """Raise ValueError for a zip bomb; leaves `file` at its start.

    By the sizes that the file states: of a part, no more than its stated size is ever unpacked.
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

    openpyxl would pass over such a row without a word.
    """
    for sheet in _sheets(file):
        numbers = (int(match[1]) for match in _matches(ROW_NUMBER, sheet))
        if any(below <= above for above, below in pairwise(numbers)):
            raise ValueError(f"rows that are out of order in {sheet.name}")


def _has_formulas(file: BinaryIO) -> bool:
    """Whether any sheet has a cell with a formula."""
    return any(True for sheet in _sheets(file) for _ in _matches(FORMULA, sheet))


def _sheets(file: BinaryIO) -> Iterator[IO[bytes]]:
    """The XML of each sheet, unpacked."""
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                with archive.open(name) as sheet:
                    yield sheet


def _matches(pattern: re.Pattern[bytes], sheet: IO[bytes]) -> Iterator[re.Match[bytes]]:
    """Where a pattern of one tag stands in a sheet, in the order of the file."""
    text = b""
    while chunk := sheet.read(CHUNK):
        text += chunk
        end = 0
        for match in pattern.finditer(text):
            yield match
            end = match.end()
        # A tag may be cut in two by the end of the chunk.
        text = text[max(end, text.rfind(b"<")) :]
