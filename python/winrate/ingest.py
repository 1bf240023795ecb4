"""Reads a CRM export with every cell as text, and accounts for every line of it.

One rule for all formats: every physical record of the file after its header is
one row of the result, readable or not. A row that could not be read keeps its
line and its text and says why in `read_error`:

- `blank_line`: nothing but spaces, delimiters and quotes; a declared skip.
- `wrong_column_count`: more or fewer cells than the header.
- `unreadable_quotes`: a quoted field that is never closed, or goes on after its
  closing quote, or makes a record that spans lines and does not fit the header
  or swallows lines that are rows themselves.
- `nul_character`: the text holds a NUL, which no CRM writes: a damaged file.

In text files, a record that cannot be read costs its first line only: reading
resumes on the line below, so one stray quote never swallows what follows it.

Bytes that the encoding of a file does not know are kept as their hexadecimal code.
"""

import csv
import re
import string
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from io import TextIOWrapper
from itertools import chain, dropwhile, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from winrate import workbooks

BLANK_LINE = "blank_line"
WRONG_COLUMN_COUNT = "wrong_column_count"
UNREADABLE_QUOTES = "unreadable_quotes"
NUL_CHARACTER = "nul_character"

DELIMITERS = ",;\t|"
BATCH_ROWS = 50_000
MAX_RECORD_LINES = 1_000  # a quote open for longer is damage; looking on costs time squared
NOTHING = string.whitespace + DELIMITERS + '"'  # what a blank record may consist of


class ExportError(ValueError):
    """An export that cannot be used: names the file, what was found and what was expected."""


@dataclass(frozen=True)
class ExportHeader:
    """What the header of an export says.

    source_line: 1-based line (or sheet row) of the header.
    titles: every column title, as the file spells it.
    positions: for each wanted column its place among `titles`, from 0; None
        for an optional column that the export does not have.
    """

    source_line: int
    titles: tuple[str, ...]
    positions: dict[str, int | None]


class Record(NamedTuple):
    """One physical record of an export; `cells` is None where `read_error` is set."""

    source_line: int
    raw_text: str
    cells: Sequence[str | None] | None
    read_error: str | None


def check_export(
    path: str | Path, required: Sequence[str], optional: Sequence[str] = ()
) -> ExportHeader:
    """The header of an export that can be read; raises what `read_export` would raise at once.

    Parses no further than the first row of data (a text file's bytes are
    scanned once for their encoding).
    """
    path = Path(path)
    with closing(_records(path, [*required, *optional])) as records:
        header, _ = _split_header(path, records, required, optional)
    return header


def read_export(
    path: str | Path, required: Sequence[str], optional: Sequence[str] = ()
) -> pa.RecordBatchReader:
    """Every record of a CRM export (.csv, .tsv, .txt, .xlsx, .parquet), each cell as text.

    required, optional: names of the wanted columns; how the header spells them
        does not matter (see `normalise_header`). Other columns are left out.
    Returns a stream of batches, to be read once, with one row per physical
    record below the header, blank lines included, in the order of the file:
        source_line: bigint, 1-based physical line where the record starts; the
            sheet row in a workbook; row number + 1 in Parquet, so that the
            first row is 2, as it is below the header of a text file.
        raw_text: the record as it stands in the file, without its line end;
            from a workbook or Parquet, its cells as one line of CSV.
        read_error: null, or the reason why the record could not be read.
        then one column per wanted name, required ones first: the text exactly
            as in the file; null where that is blank or the record unreadable,
            and throughout for an optional column that the export lacks.
    Raises ExportError where the file can't be opened or read as what its name
    says, is empty, has no data below its header, lacks a required column or
    has a wanted one twice. Damage deep inside a workbook or Parquet file shows
    only when the stream reaches it.
    """
    path = Path(path)
    records = _records(path, [*required, *optional])
    header, rows = _split_header(path, records, required, optional)
    wanted = [(name, pa.string()) for name in header.positions]
    schema = pa.schema(
        [
            ("source_line", pa.int64()),
            ("raw_text", pa.string()),
            ("read_error", pa.string()),
            *wanted,
        ]
    )
    return pa.RecordBatchReader.from_batches(schema, _batches(rows, header, schema))


def normalise_header(text: str) -> str:
    """A column title as a column name: `Deal ID`, `DEAL-ID` and `dealId` are all `deal_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()


def cell_text(value: Any) -> str | None:
    """A typed cell as the text that a CSV export of the same data would show.

    Whole numbers lose their `.0`, moments at midnight their time of day.
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


# ---------- from records to batches


def _split_header(
    path: Path, records: Iterator[Record], required: Sequence[str], optional: Sequence[str]
) -> tuple[ExportHeader, Iterator[Record]]:
    """The header of `records`, and all other records; raises ExportError."""
    above, header = _next_content(records)
    if header is None:
        raise ExportError(f"{path}: found an empty file; expected a header and rows of deals.")
    if header.cells is None:
        raise ExportError(
            f"{path}: found a header that cannot be read ({header.read_error} in line"
            f" {header.source_line}); expected text that names {_listed(required)}."
        )
    titles = tuple(cell or "" for cell in header.cells)
    positions = _positions(path, titles, required, optional)
    between, first = _next_content(records)
    if first is None:
        raise ExportError(
            f"{path}: found a header and no rows below it; expected at least one row of data."
        )
    rows = chain(above, between, [first], records)
    return ExportHeader(header.source_line, titles, positions), rows


def _next_content(records: Iterator[Record]) -> tuple[list[Record], Record | None]:
    """The blank records that come next, and the first one that is not blank, if any."""
    blanks = []
    for record in records:
        if record.read_error != BLANK_LINE:
            return blanks, record
        blanks.append(record)
    return blanks, None


def _positions(
    path: Path, titles: Sequence[str], required: Sequence[str], optional: Sequence[str]
) -> dict[str, int | None]:
    """Where each wanted column stands among `titles`; raises ExportError."""
    names = [normalise_header(title) for title in titles]
    positions: dict[str, int | None] = {}
    for wanted in [*required, *optional]:
        places = [i for i, name in enumerate(names) if name == normalise_header(wanted)]
        if len(places) > 1:
            raise ExportError(
                f"{path}: found the column {wanted} more than once, as"
                f" {' and '.join(repr(titles[i]) for i in places)}; expected it once."
            )
        positions[wanted] = places[0] if places else None

    missing = [name for name in required if positions[name] is None]
    if missing:
        subject = "column {} is" if len(missing) == 1 else "columns {} are"
        raise ExportError(
            f"{path}: the required {subject.format(_listed(missing))} missing;"
            f" found {_listed(titles)}; expected {_listed(required)}."
        )
    return positions


def _listed(names: Sequence[str], limit: int = 40) -> str:
    """Names as part of a sentence, in one line and of bounded length."""
    shown = [_brief(name, 60) or "(no title)" for name in names[:limit]]
    return ", ".join(shown) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _brief(text: str, limit: int) -> str:
    """Text in one line of at most `limit` characters."""
    return " ".join(text.split())[:limit]


def _batches(
    records: Iterator[Record], header: ExportHeader, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Records in batches of `BATCH_ROWS`; the only place where rows become columns."""
    while batch := list(islice(records, BATCH_ROWS)):
        lines, texts, rows, errors = zip(*batch, strict=True)
        columns = [pa.array(lines, pa.int64()), pa.array(texts, pa.string())]
        columns.append(pa.array(errors, pa.string()))
        for place in header.positions.values():
            if place is None:
                columns.append(pa.nulls(len(batch), pa.string()))
            else:
                values = pa.array([row and row[place] for row in rows], pa.string())
                is_blank = pc.equal(pc.utf8_trim_whitespace(values), "")
                columns.append(pc.if_else(is_blank, pa.scalar(None, pa.string()), values))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


# ---------- from files to records


def _records(path: Path, wanted: Sequence[str]) -> Iterator[Record]:
    """Every physical record of an export, its header included; raises ExportError."""
    kinds = _listed(list(READERS))
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            if suffix not in READERS:
                found = f"the extension {suffix}" if suffix else "no extension"
                raise ExportError(f"{path}: found {found}; expected one of {kinds}.")
            if file.peek(1):
                yield from READERS[suffix](file, wanted)
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
            f"{path}: found content that cannot be read ({_brief(str(error), 200)});"
            f" expected a CRM export saved as {suffix}."
        ) from error


def _record(source_line: int, raw_text: str, cells: Sequence[str | None], width: int) -> Record:
    """A record that was split into cells, judged against the `width` of the header."""
    if not raw_text.strip(NOTHING):
        return Record(source_line, raw_text, None, BLANK_LINE)
    if len(cells) != width:
        return Record(source_line, raw_text, None, WRONG_COLUMN_COUNT)
    if "\0" in raw_text:
        return Record(source_line, raw_text, None, NUL_CHARACTER)
    return Record(source_line, raw_text, cells, None)


def _text_records(file: BinaryIO, wanted: Sequence[str]) -> Iterator[Record]:
    """Records of delimited text, whatever its encoding, delimiter and line ends.

    `window` holds physical lines that are read but not yet part of a record.
    """
    encoding = _encoding(file)
    with TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as lines:
        window = deque(islice(lines, MAX_RECORD_LINES))
        delimiter, width = _dialect(window, wanted)
        source_line = 1
        while window:
            cells, n_lines = _split(window, delimiter)
            if n_lines > 1 and (
                len(cells) != width or _holds_rows(islice(window, n_lines), delimiter, width)
            ):
                cells, n_lines = None, 1
            raw_text = "".join([window.popleft() for _ in range(n_lines)]).rstrip("\r\n")
            if cells is None:
                yield Record(source_line, raw_text, None, UNREADABLE_QUOTES)
            else:
                yield _record(source_line, raw_text, cells, width)
            source_line += n_lines
            window.extend(islice(lines, MAX_RECORD_LINES - len(window)))


def _encoding(file: BinaryIO) -> str:
    """The encoding of a whole text file: by its byte-order mark, else UTF-8 if valid, else cp1252.

    Leaves `file` at its start.
    """
    head = file.read(4)
    file.seek(0)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(BOM_UTF8):
        return "utf-8-sig"
    decoder = getincrementaldecoder("utf-8")()
    try:
        for chunk in iter(partial(file.read, 1 << 20), b""):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def _dialect(lines: Iterable[str], wanted: Sequence[str]) -> tuple[str, int]:
    """Delimiter and number of columns: those under which the header names most wanted columns."""
    names = {normalise_header(name) for name in wanted}
    header = list(dropwhile(lambda line: not line.strip(NOTHING), lines))
    if not header:
        return ",", 0
    titles = {delimiter: _split(header, delimiter)[0] or [] for delimiter in DELIMITERS}

    def fit(delimiter: str) -> tuple[int, int]:
        named = names.intersection(map(normalise_header, titles[delimiter]))
        return len(named), len(titles[delimiter])

    delimiter = max(DELIMITERS, key=fit)
    return delimiter, len(titles[delimiter])


def _split(lines: Sequence[str], delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the record at the start of `lines`, and how many lines it spans.

    Cells are None where its quotes cannot be read.
    """
    if '"' not in lines[0]:
        return lines[0].rstrip("\r\n").split(delimiter), 1
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, 1


def _holds_rows(lines: Iterable[str], delimiter: str, width: int) -> bool:
    """Whether the lines of one quoted record are rather rows between two stray quotes.

    A cell may well hold line ends; that two of its lines also happen to have
    as many cells as the header, quotes aside, means that they are rows.
    """
    return sum(line.count(delimiter) == width - 1 for line in lines) > 1


def _sheet_records(file: BinaryIO, wanted: Sequence[str]) -> Iterator[Record]:
    """Records of the first visible worksheet of a workbook.

    Blank rows count as far as the last row that has anything in it: a sheet
    has no end of its own. A cell with a formula gives the value that the
    workbook was saved with.
    """
    workbook = workbooks.open_workbook(file)
    visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    if not visible:
        raise ValueError("no visible worksheet")
    visible[0].reset_dimensions()  # what a workbook says of its size is often wrong
    rows = workbooks.numbered_rows(visible[0].iter_rows(values_only=True))
    return _typed_records(_up_to_last_used(rows))


def _up_to_last_used(
    rows: Iterable[tuple[int, Sequence[Any]]],
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Numbered rows without the unused ones at the end, of which a sheet may have a million."""
    held = []
    for number, cells in rows:
        held.append((number, cells))
        if any(cell is not None for cell in cells):
            yield from held
            held.clear()


def _parquet_records(file: BinaryIO, wanted: Sequence[str]) -> Iterator[Record]:
    """Records of a Parquet file, its column names as the header in line 1."""
    parquet = pq.ParquetFile(file)
    batches = parquet.iter_batches(BATCH_ROWS)
    rows = chain.from_iterable(
        zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches
    )
    return _typed_records(enumerate(chain([parquet.schema_arrow.names], rows), start=1))


def _typed_records(rows: Iterable[tuple[int, Sequence[Any]]]) -> Iterator[Record]:
    """Records of numbered rows of typed cells; the first row that is not blank is the header.

    Rows are padded to the width of the header, and cut to it where what they
    have beyond it is blank.
    """
    writer = csv.writer(SimpleNamespace(write=str))  # so that writerow returns its line
    width = 0
    for number, row in rows:
        cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
        while len(cells) > width and not (cells[-1] or "").strip():
            cells.pop()
        width = width or len(cells)
        cells += [None] * (width - len(cells))
        raw_text = writer.writerow(cells).removesuffix("\r\n")
        yield _record(number, raw_text, cells, width)


READERS = {
    ".csv": _text_records,
    ".tsv": _text_records,
    ".txt": _text_records,
    ".xlsx": _sheet_records,
    ".parquet": _parquet_records,
}
