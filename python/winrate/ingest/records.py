"""Records of an export: what every reader of a file format gives, and the reasons it may state.

Every physical record of the file after its header is one row of the result, whether it could be
read or not. A record that could not be read keeps its line and its text and says why in
`read_error`. macros/reject_reasons.sql has the sentences for these codes:

- `blank_line`: nothing but spaces, delimiters and quotes; skipped, not rejected.
- `wrong_column_count`: more or fewer cells than the header.
- `unreadable_quotes`: a quoted field that is never closed, or goes on after its closing quote, or
  makes a record that spans lines and does not fit the header or contains lines that are rows
  themselves.
- `nul_character`: the text contains a NUL, which no CRM writes: a damaged file.
- `header_again`: the titles once more, as in exports that were concatenated; skipped.
- `above_header`: a title or a remark that a report puts above its header; skipped.
"""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

BLANK_LINE = "blank_line"
WRONG_COLUMN_COUNT = "wrong_column_count"
UNREADABLE_QUOTES = "unreadable_quotes"
NUL_CHARACTER = "nul_character"
ABOVE_HEADER = "above_header"
HEADER_AGAIN = "header_again"

DELIMITERS = ",;\t|"
BLANK_CHARACTERS = string.whitespace + DELIMITERS + '"'  # all that a blank record consists of


class ExportError(ValueError):
    """An export that cannot be used: names the file, what was found and what was expected."""


def refuse_special(path: str | Path, what: str = "") -> None:
    """Raises ExportError for a pipe or a device, which may never end.

    what: the words before the path.
    """
    path = Path(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise ExportError(f"{what}{path}: found a pipe or a device; expected a file.")


class Record(NamedTuple):
    """One physical record of an export; `cells` is None where `read_error` is set."""

    source_line: int
    raw_text: str
    cells: Sequence[str | None] | None
    read_error: str | None
    n_lines: int = 1


def checked_record(
    source_line: int, raw_text: str, cells: Sequence[str | None], width: int
) -> Record:
    """A record that was split into cells, compared with the `width` of the header."""
    if not raw_text.strip(BLANK_CHARACTERS):
        return Record(source_line, raw_text, None, BLANK_LINE)
    while len(cells) > width and not (cells[-1] or "").strip():  # Excel's trailing delimiters
        cells = cells[:-1]
    if len(cells) != width:
        return Record(source_line, raw_text, None, WRONG_COLUMN_COUNT)
    if "\0" in raw_text:
        return Record(source_line, raw_text, None, NUL_CHARACTER)
    return Record(source_line, raw_text, cells, None)


def listed(names: Sequence[str], limit: int = 40) -> str:
    """Names as part of a sentence, in one line and of bounded length."""
    shown = [shortened(name, 60) or "(no title)" for name in names[:limit]]
    return ", ".join(shown) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def shortened(text: str, limit: int) -> str:
    """Text in one line of at most `limit` characters."""
    return " ".join(text.split())[:limit]
