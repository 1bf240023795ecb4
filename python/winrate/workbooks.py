"""Opens workbooks so that a small file cannot take all memory or time of the machine."""

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from zipfile import ZipFile

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.workbook import Workbook

MAX_ROWS = 1_048_576  # of a sheet: all that the file format allows
MAX_UNPACKED = 2 << 30  # bytes; a full sheet of twelve columns is a quarter of it
MAX_PACKING = 100  # unpacked bytes per byte of the file; repeated text in every cell gives 30
FREE_UNPACKED = 100 << 20  # bytes that are no matter, however tightly they are packed


def open_workbook(file: BinaryIO) -> Workbook:
    """A workbook to read row by row: the values of formulas, nothing that it links to.

    Raises ValueError where it unpacks to more than a workbook of deals can need, or defines XML
    entities, by which a few bytes become billions or name other files.
    """
    _check_unpacked_size(file)
    try:
        return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except ValueError as error:
        if isinstance(error.__cause__, DefusedXmlException):
            raise ValueError("XML entities, which no spreadsheet program writes") from error
        raise


def numbered_rows(rows: Iterator[Sequence[Any]]) -> Iterator[tuple[int, Sequence[Any]]]:
    """Rows with their numbers, from 1; raises ValueError where a sheet cannot have so many.

    A workbook says the number of each row, and rows that it leaves out are there, blank.
    """
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise ValueError(f"a row below row {MAX_ROWS:,}, the last one of a sheet")
        yield number, cells


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
