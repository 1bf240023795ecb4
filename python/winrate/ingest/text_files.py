"""Reads delimited text, whatever its encoding, delimiter and line ends.

A record that cannot be read costs its first line only: reading resumes on the line below, so that
one stray quote never removes what follows it. Bytes that the encoding of a file does not have are
kept as their hexadecimal code.
"""

import csv
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
from io import TextIOWrapper
from itertools import islice
from typing import BinaryIO

from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns, count_wanted, header_place
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
HEAD = 1 << 12  # bytes in which these are looked for


def text_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
    """Records of delimited text, whatever its encoding, delimiter and line ends.

    `window` holds physical lines that are read but not yet part of a record.
    """
    encoding = _encoding(file)
    with TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as lines:
        window = deque(islice(lines, SEARCH_LINES))
        delimiter, width = _dialect(window, wanted)
        source_line = 1
        n_long_searches = 0
        while window:
            cells, n_lines = _split(window, delimiter, SEARCH_LINES)
            is_long = cells is None and n_lines == SEARCH_LINES
            if is_long and n_long_searches < MAX_LONG_SEARCHES:
                window.extend(islice(lines, MAX_RECORD_LINES - len(window)))
                cells, n_lines = _split(window, delimiter, MAX_RECORD_LINES)
            if n_lines > 1 and not _is_record(cells, islice(window, n_lines), delimiter, width):
                cells, n_lines = None, 1
                n_long_searches += is_long
            raw_text = "".join([window.popleft() for _ in range(n_lines)]).rstrip("\r\n")
            if cells is None:
                yield Record(source_line, raw_text, None, UNREADABLE_QUOTES)
            else:
                yield checked_record(source_line, raw_text, cells, width)._replace(n_lines=n_lines)
            source_line += n_lines
            window.extend(islice(lines, max(0, SEARCH_LINES - len(window))))


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


def _encoding(file: BinaryIO) -> str:
    """The encoding of a whole text file: what its first bytes show, else UTF-8, else cp1252.

    A few damaged bytes do not make a file of UTF-8 one of cp1252, in which no letter beyond ASCII
    is right by chance. Leaves `file` at its start.
    """
    encoding = unicode_encoding(file.read(HEAD))
    file.seek(0)
    if encoding:
        return encoding
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
    encoding = _encoding(file)
    n_lines, last = 0, "\n"
    with TextIOWrapper(file, encoding, errors="backslashreplace", newline="") as text:
        for chunk in iter(partial(text.read, 1 << 20), ""):
            is_split_end = last == "\r" and chunk[0] == "\n"
            n_lines += chunk.count("\n") + chunk.count("\r") - chunk.count("\r\n")
            n_lines -= is_split_end
            last = chunk[-1]
    return n_lines + (last not in "\r\n")
