"""Rows that need no careful reading: read as columns, by Arrow, many at a time.

A row is plain where it is one line, its quotes stand around whole cells, it has as many cells as
the header and an id of a deal that is no title. The careful readers read it alike
(tests/python/ingest/test_plain_rows.py); any other row is left to them.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from winrate.ingest.header import ID, ExportHeader
from winrate.ingest.records import BLANK_CHARACTERS

TEXTS = pa.dictionary(pa.int32(), pa.string())
BLOCK_SIZE = 1 << 22  # bytes that one of Arrow's threads reads at a time; no row may be longer
NEWLINE, RETURN, QUOTE = b'\n\r"'
NO_ROWS = pa.table({ID: pa.array([], pa.string())})


class PlainRows(NamedTuple):
    """Rows in succession, each on a line of its own.

    source_line: of the first. cells: one column per wanted column that the export has, by its name.
    """

    source_line: int
    cells: pa.Table


@dataclass
class FoundHeader:
    """What a reader is told once the header is found: from then on it may give plain rows."""

    header: ExportHeader | None = None

    @property
    def allows_plain_rows(self) -> bool:
        return self.header is not None and self.header.positions.get(ID) is not None


def leading_plain_rows(lines: bytes, header: ExportHeader, delimiter: str) -> tuple[pa.Table, bool]:
    """The cells of the plain rows at the start of some lines, and whether all lines are plain rows.

    lines: whole lines of UTF-8. The table has one column per wanted column that the export has, and
    no row where the first line is none, or where Arrow cannot read what looks plain.
    """
    end = _end_of_plain_text(lines, delimiter)
    table = _read(lines[:end], header, delimiter)
    if table is None:
        end = _end_of_full_rows(lines[:end], len(header.titles), delimiter)
        table = _read(lines[:end], header, delimiter)
    if table is None:
        return NO_ROWS, False
    n_rows = n_with_ids(table, header.titles)
    return table.slice(0, n_rows), end == len(lines) and n_rows == table.num_rows


def n_with_ids(cells: pa.Table, titles: Collection[str]) -> int:
    """How many rows come before the first without an id, or with a title as its id."""
    ids = cells.column(ID)
    bare = pc.fill_null(pc.utf8_trim(ids, characters=BLANK_CHARACTERS), "")
    is_no_id = pc.is_in(bare, value_set=pa.array(["", *{title.strip() for title in titles}]))
    place = pc.index(is_no_id, True).as_py()
    return len(ids) if place < 0 else place


def start_of_line(lines: bytes, n: int) -> int:
    """Where the line with the number n starts, from 0, or the end of all lines."""
    return 0 if n == 0 else int(_places(lines, NEWLINE)[n - 1]) + 1


def _read(lines: bytes, header: ExportHeader, delimiter: str) -> pa.Table | None:
    """The cells of plain rows; None where there are none, or some line is no row of Arrow's."""
    if not lines:
        return None
    places = {name: place for name, place in header.positions.items() if place is not None}
    columns = [str(place) for place in range(len(header.titles))]
    types = {
        columns[place]: pa.string() if name in header.per_deal else TEXTS
        for name, place in places.items()
    }
    try:
        table = csv.read_csv(
            pa.BufferReader(lines),
            csv.ReadOptions(column_names=columns, block_size=BLOCK_SIZE),
            csv.ParseOptions(delimiter=delimiter, quote_char='"' if b'"' in lines else False),
            csv.ConvertOptions(
                column_types=types, include_columns=list(types), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != np.count_nonzero(np.frombuffer(lines, np.uint8) == NEWLINE):
        return None
    return pa.table({name: table.column(columns[place]) for name, place in places.items()})


def _end_of_plain_text(lines: bytes, delimiter: str) -> int:
    """Where the first line starts that has other than plain text, or the end of all lines."""
    places = [lines.find(b"\0")]
    if lines.startswith(BOM_UTF8):  # Arrow would leave it out
        places.append(0)
    if b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n"):
        places.append(re.search(rb"\r(?!\n)", lines).start())
    if b'"' in lines:
        places.append(_odd_quote(lines, delimiter))
    places = [place for place in places if place >= 0]
    return lines.rfind(b"\n", 0, min(places)) + 1 if places else len(lines)


def _odd_quote(lines: bytes, delimiter: str) -> int:
    """The place of the first quote that is neither at an end of a cell nor one of two within it.

    -1 where there is none. Quotes open and close cells in turn, up to the first that is odd.
    """
    text = np.frombuffer(b"\n%b\n" % lines, np.uint8)
    quotes = np.flatnonzero(text == QUOTE)
    if len(quotes) % 2:
        quotes = np.append(quotes, len(text) - 1)
    opening, closing = quotes[0::2], quotes[1::2]
    # Of two quotes in a cell, the first closes it and the second opens it again.
    is_second = np.concatenate([[False], opening[1:] == closing[:-1] + 1])
    is_first = np.concatenate([is_second[1:], [False]])
    behind = text[np.minimum(closing + 1, len(text) - 1)]
    newlines = np.flatnonzero(text == NEWLINE)
    is_odd = (
        ~(is_second | np.isin(text[opening - 1], [NEWLINE, ord(delimiter)]))
        | ~(is_first | np.isin(behind, [NEWLINE, RETURN, ord(delimiter)]))
        | (np.searchsorted(newlines, opening) != np.searchsorted(newlines, closing))
    )
    odd = np.flatnonzero(is_odd)
    return int(opening[odd[0]]) - 1 if len(odd) else -1


def _end_of_full_rows(lines: bytes, width: int, delimiter: str) -> int:
    """Where the first line starts that has not as many cells as the header, or the end."""
    newlines = _places(lines, NEWLINE)
    delimiters = _places(lines, ord(delimiter))
    quotes = _places(lines, QUOTE)
    delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    n_delimiters = np.diff(np.searchsorted(delimiters, newlines), prepend=0)
    short = np.flatnonzero(n_delimiters != width - 1)
    return start_of_line(lines, int(short[0])) if len(short) else len(lines)


def _places(text: bytes, letter: int) -> np.ndarray:
    return np.flatnonzero(np.frombuffer(text, np.uint8) == letter)
