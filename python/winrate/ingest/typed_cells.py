"""Records of typed cells, as workbooks and Parquet files have them."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns, count_wanted, header_place
from winrate.ingest.records import Record, checked_record
from winrate.ingest.unpacking import refuse_bomb

BATCH_ROWS = 50_000
BATCH_CELLS = 2_000_000  # fewer rows of a table that is wider than most
MAX_DECIMALS = 15  # a float or a decimal has more only by its representation
MIN_CELL_BYTES = 2  # of a cell as text: a letter and a delimiter


def batch_rows(n_columns: int) -> int:
    """How many rows of a table to hold at a time."""
    return max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, n_columns)))


def parquet_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of a Parquet file, its column names as the header in line 1.

    Raises ValueError where a wanted column has nested values; others with them are left blank.
    """
    parquet = pq.ParquetFile(file)
    schema, n_rows = parquet.schema_arrow, parquet.metadata.num_rows
    refuse_bomb(file.seek(0, 2), n_rows * len(schema) * MIN_CELL_BYTES)
    is_nested = [pa.types.is_nested(kind) for kind in schema.types]
    for field, nested in zip(schema, is_nested, strict=True):
        if nested and count_wanted([field.name], wanted):
            raise ValueError(
                f"nested values in the column {field.name}, {field.type}: export the field of it"
                " that is meant as a column of its own"
            )

    def columns(batch: pa.RecordBatch) -> list[list[Any]]:
        return [
            [None] * len(column) if nested else column.to_pylist()
            for column, nested in zip(batch.columns, is_nested, strict=True)
        ]

    batches = parquet.iter_batches(batch_rows(len(schema)))
    rows = chain.from_iterable(zip(*columns(batch), strict=True) for batch in batches)
    return typed_records(enumerate(chain([schema.names], rows), start=1), wanted)


def typed_records(
    rows: Iterable[tuple[int, Sequence[Any]]], wanted: WantedColumns
) -> Iterator[Record]:
    """Records of numbered rows of typed cells.

    Rows are padded to the width of the header. Of the cells beyond it, those with a value are kept,
    with which the row does not fit the header.
    """
    rows = ((number, cell_texts(row)) for number, row in rows)
    first = list(islice(rows, MAX_HEADER_RECORD))
    contents = [cells for _, cells in first if cells]
    width = len(contents[header_place(contents, wanted)]) if contents else 0
    for number, cells in chain(first, rows):
        surplus = [cell for cell in filter(None, cells[width:]) if cell.strip()]
        cells = [*cells[:width], *surplus, *[None] * (width - len(cells))]
        yield checked_record(number, _csv_line(cells), cells, width)


def cell_texts(row: Sequence[Any]) -> list[str | None]:
    """Typed cells as text, without the blank ones at the end."""
    cells = [cell if cell is None or type(cell) is str else cell_text(cell) for cell in row]
    while cells and not (cells[-1] or "").strip():
        cells.pop()
    return cells


def cell_text(value: Any) -> str | None:
    """A typed cell as the text that a CSV export of the same data would show.

    Numbers lose the zeros at the end of their decimals, timestamps at midnight their time of day.
    """
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() | Decimal() if math.isnan(value):
            return None  # as pandas writes an empty cell
        case float() if math.isinf(value):
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else value
            return f"{number:.{MAX_DECIMALS}f}".rstrip("0").rstrip(".")
        case datetime() if value.time() != time.min:
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()[:10]
        case bytes():
            return value.decode(errors="backslashreplace")
        case _:
            return str(value)


def _csv_line(cells: Sequence[str | None]) -> str:
    """Cells as one line of CSV, without a line end."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue().removesuffix("\r\n")
