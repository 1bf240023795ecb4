"""Records of typed cells, as workbooks and Parquet files have them."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns, header_place
from winrate.ingest.records import Record, checked_record

BATCH_ROWS = 50_000


def parquet_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of a Parquet file, its column names as the header in line 1."""
    parquet = pq.ParquetFile(file)
    batches = parquet.iter_batches(BATCH_ROWS)
    rows = chain.from_iterable(
        zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches
    )
    return typed_records(enumerate(chain([parquet.schema_arrow.names], rows), start=1), wanted)


def typed_records(
    rows: Iterable[tuple[int, Sequence[Any]]], wanted: WantedColumns
) -> Iterator[Record]:
    """Records of numbered rows of typed cells.

    Rows are padded to the width of the header, and cut to it where what they
    have beyond it is blank.
    """
    rows = ((number, cell_texts(row)) for number, row in rows)
    first = list(islice(rows, MAX_HEADER_RECORD))
    contents = [cells for _, cells in first if cells]
    width = len(contents[header_place(contents, wanted) or 0]) if contents else 0
    for number, cells in chain(first, rows):
        cells += [None] * (width - len(cells))
        yield checked_record(number, _csv_line(cells), cells, width)


def cell_texts(row: Sequence[Any]) -> list[str | None]:
    """Typed cells as text, without the blank ones at the end."""
    cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
    while cells and not (cells[-1] or "").strip():
        cells.pop()
    return cells


def cell_text(value: Any) -> str | None:
    """A typed cell as the text that a CSV export of the same data would show.

    Whole numbers lose their `.0`, timestamps at midnight their time of day.
    """
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if value.time() != time.min:
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()[:10]
        case Decimal():
            return f"{value:f}"
        case bytes():
            return value.decode(errors="backslashreplace")
        case _:
            return str(value)


def _csv_line(cells: Sequence[str | None]) -> str:
    """Cells as one line of CSV, without a line end."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n")
