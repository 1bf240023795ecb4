"""Reads delimited text, whatever its encoding, delimiter and line ends.

A record that cannot be read costs its first line only: reading resumes on the line below, so that
one stray quote never removes what follows it. Bytes that the encoding of a file does not have are
kept as their hexadecimal code.
"""

import csv
import os
from codecs import (
    BOM_UTF8,
    BOM_UTF16_BE,
    BOM_UTF16_LE,
    BOM_UTF32_BE,
    BOM_UTF32_LE,
    getincrementaldecoder,
)
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from io import StringIO, TextIOWrapper
from itertools import islice
from typing import BinaryIO

from winrate.ingest.header import (
    MAX_HEADER_RECORD,
    ExportHeader,
    WantedColumns,
    count_wanted,
    header_place,
)
from winrate.ingest.plain_rows import FoundHeader, PlainRows, leading_plain_rows, start_of_line
from winrate.ingest.records import (
    BLANK_CHARACTERS,
    DELIMITERS,
    UNREADABLE_QUOTES,
    Record,
    checked_record,
)

SEARCH_LINES = 1_000  # within which the quote of a cell is closed, if not of a very long note
MAX_RECORD_LINES = 131_072  # of a note; the longest text of Salesforce has as many letters
MAX_LONG_SEARCHES = 10  # for quotes that are damage, in a file: each may read MAX_RECORD_LINES
SMALL_BLOCK, LARGE_BLOCK = 1 << 16, 1 << 24  # bytes of lines that are looked at together
MAX_CAREFUL = 1 << 12  # records that are read carefully before plain rows are tried again
csv.field_size_limit(2**31 - 1)  # letters of a cell

# UTF-32 first: the mark of one kind begins with the mark of UTF-16.
MARKS = {
    BOM_UTF32_LE: "utf-32",
    BOM_UTF32_BE: "utf-32",
    BOM_UTF16_LE: "utf-16",
    BOM_UTF16_BE: "utf-16",
    BOM_UTF8: "utf-8-sig",
}
# Without a mark: which of four bytes are NUL in most letters of a header, and which never are.
WIDE = {
    "utf-32-le": ((2, 3), (0,)),
    "utf-32-be": ((0, 1), (3,)),
    "utf-16-le": ((1, 3), (0, 2)),
    "utf-16-be": ((0, 2), (1, 3)),
}
MIN_NUL = 0.2  # share of such bytes; a title may be in another script than the delimiters
ONE_BYTE_ENDS = ("utf-8", "utf-8-sig", "cp1252")  # no other letter has a byte of a line end
ENCODINGS: dict[tuple, tuple[str, bool]] = {}  # of the file that was looked through last
HEAD = 1 << 12  # bytes in which these are looked for


def text_records(
    file: BinaryIO, wanted: WantedColumns, found: FoundHeader
) -> Iterator[Record | PlainRows]:
    """Records of delimited text, whatever its encoding, delimiter and line ends.

    Plain rows come as columns once the header is found. After a row that is not plain, so many
    records are read carefully before plain rows are tried again that neither way costs much more
    than it alone would.
    """
    records = _TextRecords(file, wanted)
    n_careful, size = 1, SMALL_BLOCK
    while True:
        if found.allows_plain_rows:
            rows, are_all = records.plain_rows(found.header, size)
            if rows.cells.num_rows:
                yield rows
            if are_all:
                n_careful, size = 1, LARGE_BLOCK
                continue
            is_run = rows.cells.num_rows > n_careful
            n_careful, size = 1 if is_run else min(2 * n_careful, MAX_CAREFUL), SMALL_BLOCK
        for _ in range(n_careful):
            record = records.next()
            if record is None:
                return
            yield record


def text_lines(file: BinaryIO, numbers: Sequence[int]) -> Iterator[str]:
    """The physical lines of these numbers, from 1 and in order, without their line ends."""
    lines, first = _Lines(file), 1
    wanted = deque(numbers)
    while wanted and (block := lines.block(LARGE_BLOCK)):
        text = list(StringIO(block.decode(), newline=""))
        while wanted and wanted[0] < first + len(text):
            yield text[wanted.popleft() - first].rstrip("\r\n")
        first += len(text)


class _Lines:
    """The physical lines of a text file in UTF-8."""

    def __init__(self, file: BinaryIO):
        self._stream = _utf_8(file)
        self._pieces: deque[tuple[bytes, int]] = deque()  # what is read; each from a place on

    def block(self, size: int) -> bytes:
        """The next lines, about `size` bytes of them; empty at the end of the file.

        A last line without a line end gets one.
        """
        data, start = self._piece()
        while data:
            end = data.rfind(b"\n", start, start + size) + 1 or data.find(b"\n", start) + 1
            if not end and len(data) - start > LARGE_BLOCK:
                end = data.rfind(b"\r", start, len(data) - 1) + 1
            if end:
                if end < len(data):
                    self._pieces.appendleft((data, end))
                return data[start:end]
            more, place = self._piece()
            if not more:
                last = data[start:]
                return last if last.endswith(b"\r") else last + b"\n"
            data, start = data[start:] + more[place:], 0
        return b""

    def put_back(self, lines: bytes) -> None:
        """Have these lines read again next."""
        if lines:
            self._pieces.appendleft((lines, 0))

    def _piece(self) -> tuple[bytes, int]:
        return self._pieces.popleft() if self._pieces else (self._stream.read(LARGE_BLOCK), 0)


class _TextRecords:
    """The records of delimited text, one after the other."""

    def __init__(self, file: BinaryIO, wanted: WantedColumns):
        self._lines = _Lines(file)
        self._window: deque[str] = deque()  # lines that are read but not yet part of a record
        self._source_line = 1
        self._n_long_searches = 0
        self._fill(SEARCH_LINES)
        self._delimiter, self._width = _dialect(islice(self._window, SEARCH_LINES), wanted)

    def next(self) -> Record | None:
        """The next record, carefully read; None at the end."""
        window = self._window
        self._fill(SEARCH_LINES)
        if not window:
            return None
        cells, n_lines = _split(window, self._delimiter, SEARCH_LINES)
        is_long = cells is None and n_lines == SEARCH_LINES
        if is_long and self._n_long_searches < MAX_LONG_SEARCHES:
            self._fill(MAX_RECORD_LINES)
            cells, n_lines = _split(window, self._delimiter, MAX_RECORD_LINES)
        of_record = islice(window, n_lines)
        if n_lines > 1 and not _is_record(cells, of_record, self._delimiter, self._width):
            cells, n_lines = None, 1
            self._n_long_searches += is_long
        raw_text = "".join([window.popleft() for _ in range(n_lines)]).rstrip("\r\n")
        source_line = self._source_line
        self._source_line += n_lines
        if cells is None:
            return Record(source_line, raw_text, None, UNREADABLE_QUOTES)
        record = checked_record(source_line, raw_text, cells, self._width)
        return record._replace(n_lines=n_lines)

    def plain_rows(self, header: ExportHeader, size: int) -> tuple[PlainRows, bool]:
        """The plain rows at the start of the next lines, of which there are about `size` bytes.

        Also says whether all of these lines, and at least one, are plain rows.
        """
        self._lines.put_back("".join(self._window).encode())
        self._window.clear()
        block = self._lines.block(size)
        cells, are_all = leading_plain_rows(block, header, self._delimiter)
        if not are_all:
            self._lines.put_back(block[start_of_line(block, cells.num_rows) :])
        rows = PlainRows(self._source_line, cells)
        self._source_line += cells.num_rows
        return rows, are_all

    def _fill(self, n_lines: int) -> None:
        """Have so many lines in the window, if the file has as many."""
        while len(self._window) < n_lines:
            block = self._lines.block(SMALL_BLOCK)
            if not block:
                return
            self._window.extend(StringIO(block.decode(), newline=""))


def _utf_8(file: BinaryIO) -> BinaryIO:
    """A text file as UTF-8 without a mark, whatever its encoding."""
    encoding, has_bad_bytes = _encoding(file)
    if encoding == "utf-8" and not has_bad_bytes:
        return file
    text = TextIOWrapper(file, encoding, errors="backslashreplace", newline="")
    return _Encoded(text)


class _Encoded:
    """Text as a stream of UTF-8."""

    def __init__(self, text: TextIOWrapper):
        self._text = text

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode()


def unicode_encoding(head: bytes) -> str | None:
    """The encoding that the first bytes of a file show: a byte-order mark, or the NULs of UTF-16.

    None where they show none: UTF-8 or an encoding of one byte per letter.
    """
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            return encoding
    shares = [head[place::4].count(0) / len(head[place::4] or b"-") for place in range(4)]
    for encoding, (often_nul, never_nul) in WIDE.items():
        is_wide = all(shares[place] >= MIN_NUL for place in often_nul)
        if is_wide and not any(shares[place] for place in never_nul):
            return encoding
    return None


def _encoding(file: BinaryIO) -> tuple[str, bool]:
    """The encoding of a whole text file, and whether it has bytes that this encoding has not.

    It is what its first bytes show, else UTF-8, else cp1252. A few damaged bytes do not make a file
    of UTF-8 one of cp1252, in which no letter beyond ASCII is right by chance. A file that has not
    changed is looked through once per process. Leaves `file` at its start.
    """
    facts = os.fstat(file.fileno())
    key = (
        type(file),
        facts.st_dev,
        facts.st_ino,
        facts.st_size,
        facts.st_mtime_ns,
        facts.st_ctime_ns,
    )
    if key not in ENCODINGS:
        ENCODINGS.clear()
        ENCODINGS[key] = _found_encoding(file)
        file.seek(0)
    return ENCODINGS[key]


def _found_encoding(file: BinaryIO) -> tuple[str, bool]:
    encoding = unicode_encoding(file.read(HEAD))
    if encoding:
        return encoding, True  # that is not known
    file.seek(0)
    n_letters = n_bad = 0  # beyond ASCII; bytes that are no UTF-8
    decoder = getincrementaldecoder("utf-8")("replace")
    for chunk in iter(partial(file.read, 1 << 20), b""):
        if chunk.isascii() and not decoder.getstate()[0]:
            continue
        text = decoder.decode(chunk)
        n_bad += text.count("\ufffd")
        n_letters += len(text) - len(text.encode("ascii", "ignore"))
    n_bad += bool(decoder.decode(b"", final=True))
    return ("utf-8" if n_bad == 0 or n_letters - n_bad > n_bad else "cp1252"), n_bad > 0


def _dialect(lines: Iterable[str], wanted: WantedColumns) -> tuple[str, int]:
    """Delimiter and number of columns: those under which the header names most wanted columns."""
    lines = list(lines)
    starts = [i for i, line in enumerate(lines) if line.strip(BLANK_CHARACTERS)][:MAX_HEADER_RECORD]

    def header(delimiter: str) -> list[str]:
        records = [_split(lines[start:], delimiter)[0] for start in starts]
        return (records[header_place(records, wanted)] or []) if records else []

    headers = {delimiter: header(delimiter) for delimiter in DELIMITERS}

    def fit(delimiter: str) -> tuple[int, int]:
        return count_wanted(headers[delimiter], wanted), len(headers[delimiter])

    delimiter = max(DELIMITERS, key=fit)
    return delimiter, len(headers[delimiter])


def _split(
    lines: Sequence[str], delimiter: str, max_lines: int = SEARCH_LINES
) -> tuple[list[str] | None, int]:
    """The cells of the record at the start of `lines`, and how many lines it spans.

    Cells are None where its quotes cannot be read, or are not closed within `max_lines`; then the
    number is of the lines that were looked at.
    """
    if '"' not in lines[0]:
        return lines[0].rstrip("\r\n").split(delimiter), 1
    reader = csv.reader(islice(lines, max_lines), delimiter=delimiter, strict=True)
    try:
        return next(reader), reader.line_num
    except csv.Error:
        return None, reader.line_num


def _is_record(cells: list[str] | None, lines: Iterable[str], delimiter: str, width: int) -> bool:
    """Whether the lines of one quoted record are one, not rows between two stray quotes.

    A cell may well hold line ends, and some of its lines commas. Where most of the lines have as
    many cells as the header, quotes aside, they are rows.
    """
    if cells is None or len(cells) != width:
        return False
    is_row = [_is_like_row(line, delimiter, width) for line in lines if line.strip()]
    return 2 * sum(is_row) <= len(is_row)


def _is_like_row(line: str, delimiter: str, width: int) -> bool:
    """Whether a line has as many cells as the header; prose has spaces behind most commas."""
    n_delimiters = line.count(delimiter)
    return n_delimiters == width - 1 and 2 * line.count(f"{delimiter} ") <= n_delimiters


def count_text_lines(file: BinaryIO) -> int:
    """The physical lines of a text file: its line ends, and a last line without one."""
    encoding, _ = _encoding(file)
    if encoding in ONE_BYTE_ENDS:
        return _count_ends(file)
    n_lines, last = 0, "\n"
    with TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as text:
        for chunk in iter(partial(text.read, 1 << 20), ""):
            is_split_end = last == "\r" and chunk[0] == "\n"
            n_lines += chunk.count("\n") + chunk.count("\r") - chunk.count("\r\n")
            n_lines -= is_split_end
            last = chunk[-1]
    return n_lines + (last not in "\r\n")


def _count_ends(file: BinaryIO) -> int:
    """As `count_text_lines`, from the bytes of a file."""
    n_lines, last = 0, b"\n"
    for chunk in iter(partial(file.read, 1 << 20), b""):
        n_lines += chunk.count(b"\n")
        if b"\r" in chunk or last == b"\r":
            n_lines += chunk.count(b"\r") - chunk.count(b"\r\n")
            n_lines -= last == b"\r" and chunk.startswith(b"\n")
        last = chunk[-1:]
    return n_lines + (last not in b"\r\n")
