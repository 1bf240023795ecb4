"""Reads workbooks: no row is lost, and no file can use up the memory or the time of the machine."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO
from zipfile import ZipFile

from defusedxml import DefusedXmlException
from openpyxl.reader.excel import ExcelReader
from openpyxl.workbook import Workbook

from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns, count_wanted, has_all_required
from winrate.ingest.plain_rows import FoundHeader
from winrate.ingest.records import Record, listed
from winrate.ingest.sheet_rows import calculated, used_rows, with_blank_rows
from winrate.ingest.typed_cells import cell_texts, typed_records
from winrate.ingest.unpacking import refuse_bomb

CALCULATE_ALL = re.compile(rb"""\bfullCalcOnLoad=["'](1|true)["']""")


def sheet_records(file: BinaryIO, wanted: WantedColumns, found: FoundHeader) -> Iterator[Record]:
    """Records of the worksheet that holds the deals.

    Blank rows count up to the last row with a value, since a sheet states no end of its data. A
    cell with a formula gives the value that the workbook was saved with. No row is read as plain.
    """
    rows = used_rows(_sheet_of_deals(open_workbook(file), wanted))
    rows = calculated(rows, is_zero_a_value=not _is_to_be_calculated(file))
    _, records = typed_records(with_blank_rows(rows), wanted)
    return records


def _sheet_of_deals(workbook: Workbook, wanted: WantedColumns) -> Any:
    """The visible sheet with all required columns, or else the one with most wanted columns.

    Raises ValueError where that is true of two sheets.
    """
    complete, named = [], {}
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            rows = islice(with_blank_rows(used_rows(sheet)), MAX_HEADER_RECORD)
            headers = [cell_texts(values) for _, values in rows]
            n_named = max((count_wanted(header, wanted) for header in headers), default=0)
            named.setdefault(n_named, []).append(sheet)
            if wanted.required and any(has_all_required(header, wanted) for header in headers):
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


class SheetReader(ExcelReader):
    """Opens a workbook row by row, with the values of formulas, without linked workbooks."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)

    def read_chartsheet(self, *_: Any) -> None:
        """Nothing: a sheet that is a chart has no rows."""


def open_workbook(file: BinaryIO) -> Workbook:
    """A workbook to read row by row.

    Raises ValueError where it unpacks to more than an export of deals can need, or defines XML
    entities, by which a few bytes become billions or name other files.
    """
    _check_unpacked_size(file)
    reader = SheetReader(file)
    try:
        reader.read()
    except ValueError as error:
        if isinstance(error.__cause__, DefusedXmlException):
            raise ValueError("XML entities, which no spreadsheet program writes") from error
        raise
    return reader.wb


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
    refuse_bomb(packed, unpacked)
