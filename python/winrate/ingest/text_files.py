"""Reads delimited text, whatever its encoding, delimiter and line ends.

A record that cannot be read costs its first line only: reading resumes on the line below, so that
one stray quote never removes what follows it. Bytes that the encoding of a file does not have are
kept as their hexadecimal code.
"""

import csv
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
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

MAX_RECORD_LINES = 1_000  # a quote that is open for longer is damage; the search costs time squared


def text_records(file: BinaryIO, wanted: WantedColumns) -> Iterator[Record]:
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
                yield checked_record(source_line, raw_text, cells, width)._replace(n_lines=n_lines)
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
    starts = [i for i, line in enumerate(lines) if line.strip(BLANK_CHARACTERS)][:MAX_HEADER_RECORD]

    def header(delimiter: str) -> list[str]:
        records = [_split(lines[start:], delimiter)[0] for start in starts]
        return (records[header_place(records, wanted) or 0] or []) if records else []

    headers = {delimiter: header(delimiter) for delimiter in DELIMITERS}

    def fit(delimiter: str) -> tuple[int, int]:
        return count_wanted(headers[delimiter], wanted), len(headers[delimiter])

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
