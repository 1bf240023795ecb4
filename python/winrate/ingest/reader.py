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
- `header_again`: the titles once more, as in exports put one below the other; a declared skip.
- `above_header`: a title or a remark that a report puts above its header; a declared skip.

In text files, a record that cannot be read costs its first line only: reading
resumes on the line below, so one stray quote never swallows what follows it.

Bytes that the encoding of a file does not know are kept as their hexadecimal code.
"""

import csv
import re
import string
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, partial
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from winrate.ingest import workbooks

BLANK_LINE = "blank_line"
WRONG_COLUMN_COUNT = "wrong_column_count"
UNREADABLE_QUOTES = "unreadable_quotes"
NUL_CHARACTER = "nul_character"
ABOVE_HEADER = "above_header"
HEADER_AGAIN = "header_again"

DELIMITERS = ",;\t|"
UNIT = re.compile(r"\s*\([^()]*\)\s*$")
BATCH_ROWS = 50_000
MAX_HEADER_RECORD = 25  # a report's titles and filters stand above its header, in no more records
MAX_RECORD_LINES = 1_000  # a quote open for longer is damage; looking on costs time squared
NOTHING = string.whitespace + DELIMITERS + '"'  # what a blank record may consist of


class ExportError(ValueError):
    """An export that cannot be used: names the file, what was found and what was expected."""


@dataclass(frozen=True)
class WantedColumns:
    """The columns to look for in an export, by what they may be called.

    required: names of columns that must be there, or one of their stand-ins.
    optional: names of columns that may be there.
    stand_ins: for a required column, optional ones that say as much: `outcome` can be told from
        `is_won`.
    titles: for a column, the normalised titles it may have, the likeliest first; a column that
        is not named here has its own name as its only title. No title is two columns'.
    """

    required: Sequence[str]
    optional: Sequence[str] = ()
    stand_ins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titles: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All names, required ones first."""
        return list(dict.fromkeys([*self.required, *self.optional]))

    def choices(self, name: str) -> list[str]:
        """The columns that say what a required one does: itself, then its stand-ins."""
        return [name, *self.stand_ins.get(name, [])]

    def titles_of(self, name: str) -> list[str]:
        """The normalised titles that a column may have, the likeliest first."""
        return list(self.titles.get(name, [normalise_header(name)]))

    @cached_property
    def known_titles(self) -> frozenset[str]:
        """Every normalised title that is any of the columns."""
        return frozenset(title for name in self.names for title in self.titles_of(name))


@dataclass(frozen=True)
class ExportHeader:
    """What the header of an export says.

    source_line: 1-based line (or sheet row) of the header.
    n_lines: how many lines it spans.
    titles: every column title, as the file spells it.
    positions: for each wanted column its place among `titles`, from 0; None
        for a column that the export does not have.
    missing: the required columns that neither it nor a stand-in of theirs is there for.
    """

    source_line: int
    n_lines: int
    titles: tuple[str, ...]
    positions: dict[str, int | None]
    missing: tuple[str, ...]


class Record(NamedTuple):
    """One physical record of an export; `cells` is None where `read_error` is set."""

    source_line: int
    raw_text: str
    cells: Sequence[str | None] | None
    read_error: str | None
    n_lines: int = 1


def read_header(path: str | Path, wanted: WantedColumns) -> ExportHeader:
    """The header of an export that can be read, whether or not it has all that is required.

    Raises ExportError where `read_export` would for another reason than a missing column. Parses
    no further than the first row of data (a text file's bytes are scanned once for their encoding).
    """
    path = Path(path)
    with closing(_records(path, wanted)) as records:
        header, _ = _split_header(path, records, wanted)
    return header


def check_export(path: str | Path, wanted: WantedColumns) -> ExportHeader:
    """As `read_header`; raises ExportError also where a required column is missing."""
    header = read_header(path, wanted)
    _refuse_missing(Path(path), header, wanted)
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
    """How many lines an export has, in one row, to hold what `read_export` returns against.

    `n_lines`: see `count_lines`; `n_header_lines`: how many of them are its header.
    """
    n_lines = pa.array([count_lines(path)], pa.int64())
    return pa.table({"n_lines": n_lines, "n_header_lines": pa.array([header.n_lines], pa.int64())})


def read_export(path: str | Path, wanted: WantedColumns) -> pa.RecordBatchReader:
    """Every record of a CRM export (.csv, .tsv, .txt, .xlsx, .parquet), each cell as text.

    wanted: the columns to read; how the header spells them does not matter (see
        `normalise_header`). Other columns are left out.
    Returns a stream of batches, to be read once, with one row per physical
    record of the file other than its header, blank lines included, in its order:
        source_line: bigint, 1-based physical line where the record starts; the
            sheet row in a workbook; row number + 1 in Parquet, so that the
            first row is 2, as it is below the header of a text file.
        n_lines: bigint, how many lines the record spans.
        raw_text: the record as it stands in the file, without its line end;
            from a workbook or Parquet, its cells as one line of CSV.
        read_error: null, or the reason why the record could not be read.
        then one column per wanted name, required ones first: the text exactly
            as in the file; null where that is blank or the record unreadable,
            and throughout for a column that the export lacks.
    Raises ExportError where the file can't be opened or read as what its name
    says, is empty, has no data below its header, lacks a required column or
    has a wanted one twice. Damage deep inside a workbook or Parquet file shows
    only when the stream reaches it.
    """
    path = Path(path)
    records = _records(path, wanted)
    header, rows = _split_header(path, records, wanted)
    _refuse_missing(path, header, wanted)
    columns = [(name, pa.string()) for name in header.positions]
    schema = pa.schema(
        [
            ("source_line", pa.int64()),
            ("n_lines", pa.int64()),
            ("raw_text", pa.string()),
            ("read_error", pa.string()),
            *columns,
        ]
    )
    return pa.RecordBatchReader.from_batches(schema, _batches(rows, header, schema))


def count_lines(path: str | Path) -> int | None:
    """The physical lines of a text export, or the rows and the header of a Parquet file.

    Counted without the parser, so that what `read_export` returns can be held against it: in text
    the line ends (and a last line without one), in Parquet what the file's own footer says. None
    for a workbook, which states no number of rows that could be believed.
    """
    path = Path(path)
    match path.suffix.lower():
        case ".parquet":
            return pq.read_metadata(path).num_rows + 1
        case ".xlsx":
            return None
    with path.open("rb") as file:
        encoding = _encoding(file)
        n_lines, last = 0, "\n"
        with TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as text:
            for chunk in iter(partial(text.read, 1 << 20), ""):
                is_split_end = last == "\r" and chunk[0] == "\n"
                n_lines += chunk.count("\n") + chunk.count("\r") - chunk.count("\r\n")
                n_lines -= is_split_end
                last = chunk[-1]
    return n_lines + (last not in "\r\n")


def normalise_header(text: str) -> str:
    """A column title as a column name: `Deal ID`, `DEAL-ID` and `dealId` are all `deal_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()


def normalised_titles(text: str) -> tuple[str, str]:
    """What a column title may be: `Amount (USD)` is `amount_usd`, or without its unit `amount`."""
    return normalise_header(text), normalise_header(UNIT.sub("", text))


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
    path: Path, records: Iterator[Record], wanted: WantedColumns
) -> tuple[ExportHeader, Iterator[Record]]:
    """The header of `records`, and all other records; raises ExportError."""
    first = list(islice(records, MAX_HEADER_RECORD))
    contents = [place for place, record in enumerate(first) if record.read_error != BLANK_LINE]
    if not contents:
        raise ExportError(f"{path}: found an empty file; expected a header and rows of deals.")
    place = _header_place([record.cells for record in first], wanted)
    place = contents[0] if place is None else place
    if first[place].cells is None:
        raise ExportError(
            f"{path}: found a header that cannot be read ({first[place].read_error} in line"
            f" {first[place].source_line}); expected text that names {_listed(wanted.required)}."
        )
    above = [_as_remark(record) for record in first[:place]]
    below = chain(first[place + 1 :], records)
    rows = _with_data(path, (_unless_header(record, first[place].cells) for record in below))
    titles = tuple(cell or "" for cell in first[place].cells)
    positions = _positions(path, titles, wanted)
    missing = [
        name
        for name in wanted.required
        if all(positions[each] is None for each in wanted.choices(name))
    ]
    header = ExportHeader(
        first[place].source_line, first[place].n_lines, titles, positions, tuple(missing)
    )
    return header, chain(above, rows)


def _with_data(path: Path, rows: Iterator[Record]) -> Iterator[Record]:
    """The same rows; raises ExportError where all of them are blank."""
    passed = []
    for record in rows:
        passed.append(record)
        if record.read_error != BLANK_LINE:
            return chain(passed, rows)
    raise ExportError(
        f"{path}: found a header and no rows below it; expected at least one row of data."
    )


def _header_place(
    records: Sequence[Sequence[str | None] | None], wanted: WantedColumns
) -> int | None:
    """Which of some records names most of the wanted columns; None where none names any.

    records: their cells, None where a record is blank or cannot be read.
    """
    named = [_n_named(cells or [], wanted) for cells in records]
    return named.index(max(named)) if any(named) else None


def _n_named(titles: Iterable[str | None], wanted: WantedColumns) -> int:
    """How many wanted columns some titles name."""
    return len(wanted.known_titles.intersection(normalise_header(title or "") for title in titles))


def _has_all_required(titles: Iterable[str | None], wanted: WantedColumns) -> bool:
    """Whether some titles name every required column, or a stand-in of it."""
    found = {title for text in titles for title in normalised_titles(text or "")}
    return all(
        any(not found.isdisjoint(wanted.titles_of(each)) for each in wanted.choices(name))
        for name in wanted.required
    )


def _as_remark(record: Record) -> Record:
    """A record above the header, which is no row of data."""
    is_blank = record.read_error == BLANK_LINE
    return record if is_blank else record._replace(cells=None, read_error=ABOVE_HEADER)


def _unless_header(record: Record, header: Sequence[str | None]) -> Record:
    """A record below the header, which is no row of data where it says the same."""
    is_header = record.cells == header
    return record._replace(cells=None, read_error=HEADER_AGAIN) if is_header else record


def _positions(path: Path, titles: Sequence[str], wanted: WantedColumns) -> dict[str, int | None]:
    """Where each wanted column stands among `titles`; raises ExportError where that is unclear."""
    names = [normalised_titles(title) for title in titles]
    whole_names = {name for name, _ in names}
    places: dict[str, list[int]] = {}
    for place, (name, without_unit) in enumerate(names):
        # 'Amount (USD)' is the amount, unless there is an 'Amount' beside it.
        is_known = name in wanted.known_titles or without_unit in whole_names
        places.setdefault(name if is_known else without_unit, []).append(place)

    positions: dict[str, int | None] = {}
    for name in wanted.names:
        found = next((places[title] for title in wanted.titles_of(name) if title in places), [])
        if len(found) > 1:
            raise ExportError(
                f"{path}: found the column {name} more than once, as"
                f" {' and '.join(repr(titles[place]) for place in found)}; expected it once."
            )
        positions[name] = found[0] if found else None
    return positions


def _refuse_missing(path: Path, header: ExportHeader, wanted: WantedColumns) -> None:
    """Raises ExportError where a required column is missing."""
    if header.missing:
        subject = "column {} is" if len(header.missing) == 1 else "columns {} are"
        raise ExportError(
            f"{path}: the required {subject.format(_listed(header.missing))} missing;"
            f" found {_listed(header.titles)}; expected {_listed(wanted.required)},"
            " or their titles in MAPPING."
        )


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
        lines, texts, rows, errors, n_lines = zip(*batch, strict=True)
        columns = [pa.array(lines, pa.int64()), pa.array(n_lines, pa.int64())]
        columns += [pa.array(texts, pa.string()), pa.array(errors, pa.string())]
        for place in header.positions.values():
            if place is None:
                columns.append(pa.nulls(len(batch), pa.string()))
            else:
                values = pa.array([row and row[place] for row in rows], pa.string())
                is_blank = pc.equal(pc.utf8_trim_whitespace(values), "")
                columns.append(pc.if_else(is_blank, pa.scalar(None, pa.string()), values))
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


# ---------- from files to records


def _records(path: Path, wanted: WantedColumns) -> Iterator[Record]:
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
    while len(cells) > width and not (cells[-1] or "").strip():  # Excel's trailing delimiters
        cells = cells[:-1]
    if len(cells) != width:
        return Record(source_line, raw_text, None, WRONG_COLUMN_COUNT)
    if "\0" in raw_text:
        return Record(source_line, raw_text, None, NUL_CHARACTER)
    return Record(source_line, raw_text, cells, None)


def _text_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
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
                yield _record(source_line, raw_text, cells, width)._replace(n_lines=n_lines)
            source_line += n_lines
            window.extend(islice(lines, MAX_RECORD_LINES - len(window)))


def _encoding(file: BinaryIO) -> str:
    """The encoding of a whole text file: by its byte-order mark, else UTF-8, else cp1252.

    A few damaged bytes do not make a file of UTF-8 one of cp1252, in which no letter beyond ASCII
    is right by chance. Leaves `file` at its start.
    """
    head = file.read(4)
    file.seek(0)
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(BOM_UTF8):
        return "utf-8-sig"
    n_letters = n_bad = 0  # beyond ASCII; bytes that are no UTF-8
    decoder = getincrementaldecoder("utf-8")("replace")
    for chunk in iter(partial(file.read, 1 << 20), b""):
        text = decoder.decode(chunk)
        if not text.isascii():
            n_bad += text.count("\ufffd")
            n_letters += len(text) - len(text.encode("ascii", "ignore"))
    n_bad += bool(decoder.decode(b"", final=True))
    file.seek(0)
    return "utf-8" if n_bad == 0 or n_letters - n_bad > n_bad else "cp1252"


def _dialect(lines: Iterable[str], wanted: WantedColumns) -> tuple[str, int]:
    """Delimiter and number of columns: those under which the header names most wanted columns."""
    lines = list(lines)
    starts = [i for i, line in enumerate(lines) if line.strip(NOTHING)][:MAX_HEADER_RECORD]

    def header(delimiter: str) -> list[str]:
        records = [_split(lines[start:], delimiter)[0] for start in starts]
        return (records[_header_place(records, wanted) or 0] or []) if records else []

    headers = {delimiter: header(delimiter) for delimiter in DELIMITERS}

    def fit(delimiter: str) -> tuple[int, int]:
        return _n_named(headers[delimiter], wanted), len(headers[delimiter])

    delimiter = max(DELIMITERS, key=fit)
    return delimiter, len(headers[delimiter])


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


def _sheet_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of the worksheet that holds the deals.

    Blank rows count as far as the last row that has anything in it: a sheet
    has no end of its own. A cell with a formula gives the value that the
    workbook was saved with.
    """
    workbook = workbooks.open_workbook(file)
    sheet = _sheet_of_deals(workbook, wanted)
    rows = workbooks.numbered_rows(workbooks.cell_values(file, sheet))
    return _typed_records(_up_to_last_used(rows), wanted)


def _sheet_of_deals(workbook: Any, wanted: WantedColumns) -> Any:
    """The visible sheet that has all required columns, or else most of those that are wanted.

    Raises ValueError where two are alike in that.
    """
    complete, named = [], {}
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()  # what a workbook says of its size is often wrong
            rows = sheet.iter_rows(max_row=MAX_HEADER_RECORD, values_only=True)
            headers = [_cell_texts(row) for row in rows]
            n_named = max((_n_named(header, wanted) for header in headers), default=0)
            named.setdefault(n_named, []).append(sheet)
            if any(_has_all_required(header, wanted) for header in headers):
                complete.append(sheet)
    if not named:
        raise ValueError("no visible worksheet")
    best = complete or named[max(named)]
    if len(best) > 1 and max(named) > 0:
        raise ValueError(
            f"deals in {len(best)} sheets, {_listed([sheet.title for sheet in best])}: put them"
            " into one, or hide the others"
        )
    return best[0]


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


def _parquet_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of a Parquet file, its column names as the header in line 1."""
    parquet = pq.ParquetFile(file)
    batches = parquet.iter_batches(BATCH_ROWS)
    rows = chain.from_iterable(
        zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches
    )
    return _typed_records(enumerate(chain([parquet.schema_arrow.names], rows), start=1), wanted)


def _typed_records(
    rows: Iterable[tuple[int, Sequence[Any]]], wanted: WantedColumns
) -> Iterator[Record]:
    """Records of numbered rows of typed cells.

    Rows are padded to the width of the header, and cut to it where what they
    have beyond it is blank.
    """
    writer = csv.writer(SimpleNamespace(write=str))  # so that writerow returns its line
    rows = ((number, _cell_texts(row)) for number, row in rows)
    first = list(islice(rows, MAX_HEADER_RECORD))
    contents = [cells for _, cells in first if cells]
    width = len(contents[_header_place(contents, wanted) or 0]) if contents else 0
    for number, cells in chain(first, rows):
        cells += [None] * (width - len(cells))
        raw_text = writer.writerow(cells).removesuffix("\r\n")
        yield _record(number, raw_text, cells, width)


def _cell_texts(row: Sequence[Any]) -> list[str | None]:
    """Typed cells as text, without the blank ones at the end."""
    cells = [cell if type(cell) is str else cell_text(cell) for cell in row]
    while cells and not (cells[-1] or "").strip():
        cells.pop()
    return cells


READERS = {
    ".csv": _text_records,
    ".tsv": _text_records,
    ".txt": _text_records,
    ".xlsx": _sheet_records,
    ".parquet": _parquet_records,
}
