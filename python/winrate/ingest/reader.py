"""Reads a CRM export of any format with every cell as text, and accounts for every line of it.

records.py says what becomes of a record that cannot be read, header.py how columns are found,
file_kinds.py what is no export; text_files.py, workbooks.py and typed_cells.py read the formats.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from winrate.ingest.file_kinds import EXTENSIONS, PARQUET, TEXT, WORKBOOK, opened
from winrate.ingest.header import ExportHeader, WantedColumns, refuse_missing, split_header
from winrate.ingest.plain_rows import FoundHeader, PlainRows
from winrate.ingest.records import ExportError, Record, listed, refuse_special, shortened
from winrate.ingest.text_files import count_text_lines, text_lines, text_records
from winrate.ingest.text_ids import NEW_TEXTS, TextIds, in_first_row
from winrate.ingest.typed_cells import batch_rows, parquet_records, parquet_texts
from winrate.ingest.workbooks import sheet_records

READERS = {TEXT: text_records, WORKBOOK: sheet_records, PARQUET: parquet_records}


def read_header(path: str | Path, wanted: WantedColumns) -> ExportHeader:
    """The header of an export that can be read, whether or not it has all that is required.

    Raises ExportError where `read_export` would for another reason than a missing column. Parses
    no further than the first row of data (a text file's bytes are scanned once for their encoding).
    """
    path = Path(path)
    with closing(_records(path, wanted)) as records:
        header, _ = split_header(path, records, wanted)
    return header


def first_cells(
    path: str | Path, wanted: WantedColumns, n_rows: int
) -> list[tuple[str | None, ...]]:
    """The cells of each column in the first rows that can be read, as `read_header` finds them."""
    path = Path(path)
    with closing(_records(path, wanted)) as records:
        _, rows = split_header(path, records, wanted)
        cells = [row.cells for row in islice((row for row in rows if row.cells), n_rows)]
    return list(zip(*cells, strict=True))


def check_export(path: str | Path, wanted: WantedColumns) -> ExportHeader:
    """As `read_header`; raises ExportError also where a required column is missing."""
    header = read_header(path, wanted)
    refuse_missing(Path(path), header, wanted)
    return header


def columns_table(header: ExportHeader) -> pa.Table:
    """What an export calls each wanted column.

    One row per wanted column: `column_name`, `title` (null where the export lacks it).
    """
    titles = [
        None if place is None else header.titles[place] for place in header.positions.values()
    ]
    return pa.table({"column_name": list(header.positions), "title": pa.array(titles, pa.string())})


def lines_table(path: str | Path, header: ExportHeader) -> pa.Table:
    """How many lines an export has, in one row, to compare with what `read_export` returns.

    `n_lines`: see `count_lines`; `n_header_lines`: how many of them are its header.
    """
    n_lines = pa.array([count_lines(path)], pa.int64())
    return pa.table({"n_lines": n_lines, "n_header_lines": pa.array([header.n_lines], pa.int64())})


def read_export(
    path: str | Path, wanted: WantedColumns, reads_plain_rows: bool = True
) -> pa.RecordBatchReader:
    """Every record of a CRM export (text, a workbook or Parquet), each cell as text.

    wanted: the columns to read; how the header spells them does not matter (see
        `header.normalise_header`). Other columns are left out.
    reads_plain_rows: whether rows that need no careful reading are read many at a time; but for
        `raw_text` the result is the same.
    Returns a stream of batches, to be read once, with one row per physical
    record of the file other than its header, blank lines included, in its order:
        source_line: bigint, 1-based physical line where the record starts; the
            sheet row in a workbook; row number + 1 in Parquet, so that the
            first row is 2, as it is below the header of a text file.
        n_lines: bigint, how many lines the record spans.
        raw_text: the record as it stands in the file, without its line end;
            from a workbook or Parquet, its cells as one line of CSV; null for
            plain rows, for which `raw_texts` has it.
        read_error: null, or the reason why the record could not be read.
        new_texts: list of `column_name`, `text_id` and `text`, in the first row
            of a batch: the texts that no batch before it has.
        then one column per wanted name, required ones first: of `wanted.per_deal`
            the text, of others the text_id of the text, exactly as in the file;
            null where that is blank or the record unreadable, and throughout
            for a column that the export lacks.
    Raises ExportError where the file can't be opened or read as what its name
    says, is empty, has no data below its header, lacks a required column or
    has a wanted one twice. Damage deep inside a workbook or Parquet file shows
    only when the stream reaches it.
    """
    path = Path(path)
    found = FoundHeader()
    header, rows = split_header(path, _records(path, wanted, found), wanted)
    refuse_missing(path, header, wanted)
    if reads_plain_rows:
        found.header = header
    schema = pa.schema(
        [
            ("source_line", pa.int64()),
            ("n_lines", pa.int64()),
            ("raw_text", pa.string()),
            ("read_error", pa.string()),
            ("new_texts", NEW_TEXTS),
            *(
                (name, pa.string() if name in wanted.per_deal else pa.int32())
                for name in header.positions
            ),
        ]
    )
    return pa.RecordBatchReader.from_batches(schema, _batches(rows, header, schema))


def raw_texts(path: str | Path, source_lines: Collection[int]) -> pa.Table:
    """The text of plain rows, for which `read_export` gives none.

    One row per row: `source_line`, `raw_text`.
    """
    lines = sorted(source_lines)
    texts: list[str] = []
    if lines:
        with opened(Path(path)) as (kind, file):
            texts = list(parquet_texts(file, lines) if kind == PARQUET else text_lines(file, lines))
    return pa.table(
        {"source_line": pa.array(lines, pa.int64()), "raw_text": pa.array(texts, pa.string())}
    )


def count_lines(path: str | Path) -> int | None:
    """The physical lines of a text export, or the rows and the header of a Parquet file.

    Counted without the parser, so that it can be compared with what `read_export` returns: in text
    the line ends (and a last line without one), in Parquet the number in the file's own footer.
    None for a workbook, whose stated number of rows is not reliable.
    """
    with opened(Path(path)) as (kind, file):
        if kind == WORKBOOK:
            return None
        return pq.read_metadata(file).num_rows + 1 if kind == PARQUET else count_text_lines(file)


def _batches(
    rows: Iterator[Record | PlainRows], header: ExportHeader, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Rows in batches; the only place where records become columns."""
    names = [name for name, place in header.positions.items() if place is not None]
    ids = {name: TextIds(name) for name in names if name not in header.per_deal}
    for columns in _column_groups(rows, header, batch_rows(len(header.titles))):
        for name in names:
            columns[name] = ids[name].of(columns[name]) if name in ids else _texts(columns[name])
        new_texts = [text for text_ids in ids.values() for text in text_ids.new_texts()]
        n_rows = len(columns["source_line"])
        columns["new_texts"] = in_first_row(new_texts, n_rows)
        yield pa.RecordBatch.from_arrays(
            [
                columns[field.name] if field.name in columns else pa.nulls(n_rows, field.type)
                for field in schema
            ],
            schema=schema,
        )


def _column_groups(
    rows: Iterator[Record | PlainRows], header: ExportHeader, n_rows: int
) -> Iterator[dict[str, pa.Array]]:
    """Rows as columns, those of cells as text; of records, so many rows at a time."""
    records: list[Record] = []
    for row in rows:
        if isinstance(row, Record):
            records.append(row)
        if records and (len(records) == n_rows or isinstance(row, PlainRows)):
            yield _record_columns(records, header)
            records = []
        if isinstance(row, PlainRows):
            yield _plain_columns(row)
    if records:
        yield _record_columns(records, header)


def _plain_columns(rows: PlainRows) -> dict[str, pa.Array]:
    """Columns of `read_export`, those of cells as text."""
    n_rows = rows.cells.num_rows
    columns = {name: rows.cells.column(name) for name in rows.cells.column_names}
    return columns | {
        "source_line": pa.array(np.arange(rows.source_line, rows.source_line + n_rows)),
        "n_lines": pa.repeat(pa.scalar(1, pa.int64()), n_rows),
    }


def _record_columns(records: list[Record], header: ExportHeader) -> dict[str, pa.Array]:
    """Columns of `read_export`, those of cells as text."""
    lines, texts, rows, errors, n_lines = zip(*records, strict=True)
    columns = {
        "source_line": pa.array(lines, pa.int64()),
        "n_lines": pa.array(n_lines, pa.int64()),
        "raw_text": pa.array(texts, pa.string()),
        "read_error": pa.array(errors, pa.string()),
    }
    for name, place in header.positions.items():
        if place is not None:
            columns[name] = pa.array([row and row[place] for row in rows], pa.string())
    return columns


def _texts(cells: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Cells as text, null where one is blank."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    is_blank = pc.equal(pc.utf8_trim_whitespace(cells), "")
    return pc.if_else(is_blank, pa.scalar(None, pa.string()), cells)


def _records(
    path: Path, wanted: WantedColumns, found: FoundHeader | None = None
) -> Iterator[Record | PlainRows]:
    """Every physical record of an export, its header included; raises ExportError.

    found: gets the header once it is known, so that what follows may come as plain rows.
    """
    kinds = listed(EXTENSIONS)
    saved_as = path.suffix.lower()
    refuse_special(path)
    try:
        with opened(path) as (kind, file):
            saved_as = kind
            yield from READERS[kind](file, wanted, found or FoundHeader())
    except ExportError:
        raise
    except FileNotFoundError as error:
        raise ExportError(f"{path}: found no such file; expected one of {kinds}.") from error
    except IsADirectoryError as error:
        raise ExportError(f"{path}: found a folder; expected one file of {kinds}.") from error
    except PermissionError as error:
        raise ExportError(
            f"{path}: found a file that may not be read (permission denied);"
            " expected one that this user can open."
        ) from error
    except Exception as error:  # openpyxl and pyarrow raise a dozen kinds on damaged content
        raise ExportError(
            f"{path}: found content that cannot be read ({shortened(str(error), 200)});"
            f" expected a CRM export saved as {saved_as}."
        ) from error
