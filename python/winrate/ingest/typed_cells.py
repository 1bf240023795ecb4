"""Records of typed cells, as workbooks and Parquet files have them."""

import csv
import io
import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from winrate.ingest.header import (
    MAX_HEADER_RECORD,
    ExportHeader,
    WantedColumns,
    count_wanted,
    header_place,
)
from winrate.ingest.plain_rows import FoundHeader, PlainRows, n_with_ids
from winrate.ingest.records import Record, checked_record
from winrate.ingest.unpacking import refuse_bomb

BATCH_ROWS = 100_000
BATCH_CELLS = 2_000_000  # fewer rows of a table that is wider than most
MAX_DECIMALS = 15  # a float or a decimal has more only by its representation
MIN_CELL_BYTES = 2  # of a cell as text: a letter and a delimiter


def batch_rows(n_columns: int) -> int:
    """How many rows of a table to hold at a time."""
    return max(1, min(BATCH_ROWS, BATCH_CELLS // max(1, n_columns)))


def parquet_records(
    file: BinaryIO, wanted: WantedColumns, found: FoundHeader
) -> Iterator[Record | PlainRows]:
    """Records of a Parquet file, its column names as the header in line 1.

    Batches of plain rows come as columns, but for the first, in which the header is looked for.
    Raises ValueError where a wanted column has nested values; others with them are left blank.
    """
    parquet = pq.ParquetFile(file)
    schema, n_rows = parquet.schema_arrow, parquet.metadata.num_rows
    refuse_bomb(file.seek(0, 2), n_rows * len(schema) * MIN_CELL_BYTES)
    for field in schema:
        if pa.types.is_nested(field.type) and count_wanted([field.name], wanted):
            raise ValueError(
                f"nested values in the column {field.name}, {field.type}: export the field of it"
                " that is meant as a column of its own"
            )
    batches = parquet.iter_batches(batch_rows(len(schema)))
    first = chain([schema.names], *(_typed_rows(batch) for batch in islice(batches, 1)))
    width, records = typed_records(enumerate(first, start=1), wanted)
    number = 0
    for record in records:
        number = record.source_line
        yield record
    for batch in batches:
        cells = _plain_cells(batch, found.header) if found.allows_plain_rows else None
        if cells is not None:
            yield PlainRows(number + 1, cells)
        else:
            for place, row in enumerate(_typed_rows(batch), start=number + 1):
                yield _typed_record(place, cell_texts(row), width)
        number += batch.num_rows


def parquet_texts(file: BinaryIO, numbers: Sequence[int]) -> Iterator[str]:
    """The rows of these numbers, from 2 and in order, each as a line of CSV."""
    parquet = pq.ParquetFile(file)
    width, first = len(parquet.schema_arrow), 2
    wanted = deque(numbers)
    for batch in parquet.iter_batches(batch_rows(width)):
        places = []
        while wanted and wanted[0] < first + batch.num_rows:
            places.append(wanted.popleft() - first)
        for row in _typed_rows(batch.take(pa.array(places, pa.int64()))):
            yield _typed_record(0, cell_texts(row), width).raw_text
        first += batch.num_rows


def _typed_rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    """The rows of a batch; nested values are left blank."""
    columns = [
        [None] * len(column) if pa.types.is_nested(column.type) else column.to_pylist()
        for column in batch.columns
    ]
    return zip(*columns, strict=True)


def _plain_cells(batch: pa.RecordBatch, header: ExportHeader) -> pa.Table | None:
    """The cells of a batch of plain rows as text, by column; None where not all of its rows are."""
    if any(_may_hold_nul(column) for column in batch.columns):
        return None
    places = {name: place for name, place in header.positions.items() if place is not None}
    cells = {name: _texts(batch.column(place)) for name, place in places.items()}
    cells |= {name: cells[name].cast(pa.string()) for name in places if name in header.per_deal}
    cells = pa.table(cells)
    return cells if n_with_ids(cells, header.titles) == batch.num_rows else None


def _may_hold_nul(column: pa.Array) -> bool:
    """Whether the text of a column may hold a NUL: it is looked for in its buffers."""
    if pa.types.is_dictionary(column.type):
        return _may_hold_nul(column.dictionary)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    is_bytes = pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)
    if is_text or is_bytes:
        letters = column.buffers()[-1]
        return letters is not None and b"\0" in letters.to_pybytes()
    return pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)


def _texts(column: pa.Array) -> pa.Array:
    """Typed cells as text: each distinct value is converted once."""
    if pa.types.is_string(column.type):
        return column
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    texts = [cell_text(value) for value in column.dictionary.to_pylist()]
    return pa.DictionaryArray.from_arrays(
        column.indices.cast(pa.int32()), pa.array(texts, pa.string())
    )


def typed_records(
    rows: Iterable[tuple[int, Sequence[Any]]], wanted: WantedColumns
) -> tuple[int, Iterator[Record]]:
    """The width of the header among numbered rows of typed cells, and a record of each row."""
    rows = ((number, cell_texts(row)) for number, row in rows)
    first = list(islice(rows, MAX_HEADER_RECORD))
    contents = [cells for _, cells in first if cells]
    width = len(contents[header_place(contents, wanted)]) if contents else 0
    return width, (_typed_record(number, cells, width) for number, cells in chain(first, rows))


def _typed_record(number: int, cells: list[str | None], width: int) -> Record:
    """The record of a row, padded to the width of the header.

    Of the cells beyond it, those with a value are kept, with which the row does not fit the header.
    """
    surplus = [cell for cell in filter(None, cells[width:]) if cell.strip()]
    cells = [*cells[:width], *surplus, *[None] * (width - len(cells))]
    return checked_record(number, _csv_line(cells), cells, width)


def cell_texts(row: Sequence[Any]) -> list[str | None]:
    """Typed cells as text, without the blank ones at the end."""
    cells = [cell if cell is None or type(cell) is str else cell_text(cell) for cell in row]
    while cells and not (cells[-1] or "").strip():
        cells.pop()
    return cells


def cell_text(value: Any) -> str | None:
    """A typed cell as the text that a CSV export of the same data would show.

    Numbers lose the zeros at the end of their decimals, timestamps at midnight their time of day,
    unless they have a time zone.
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
        case datetime() if value.time() != time.min or value.tzinfo:
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
