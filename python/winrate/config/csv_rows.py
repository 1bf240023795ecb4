"""Reads the CSV files that a user writes: each row with its line, each fault with a sentence."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from winrate.ingest.records import has_utf_8_name
from winrate.project import SettingsError

COMMENT = "#"
DELIMITERS = ",;\t"  # spreadsheets write semicolons where the decimal mark is a comma


class Row(NamedTuple):
    """The cells of a row by the title of their column, and where the row stands."""

    path: Path
    line: int
    cells: dict[str, str]

    @property
    def where(self) -> str:
        """'mapping.csv, line 3'."""
        return f"{self.path}, line {self.line}"

    def day(self, title: str) -> date:
        """The cell of a column as a date; raises SettingsError."""
        try:
            return date.fromisoformat(self.cells[title])
        except ValueError as error:
            raise SettingsError(
                f"{self.where}: found the {title} '{self.cells[title]}'; expected a date such as"
                " 2026-06-30."
            ) from error


def read_rows(path: str | Path, columns: Sequence[str], required: Sequence[str]) -> Iterator[Row]:
    """The rows of a user's file, without blank lines and lines that start with '#'.

    columns: those that the file may have, in any order. required: those that it must have.
    Raises SettingsError where the file cannot be read, has other columns, or where a row has more
    or fewer cells than the header.
    """
    path = Path(path)
    records = _records(path)
    _, titles = next(records, (0, []))
    titles = [title.lower() for title in titles]
    is_known = set(required) <= set(titles) <= set(columns) and len(set(titles)) == len(titles)
    if not is_known:
        raise SettingsError(
            f"{path}: found the columns {', '.join(titles) or '(none)'};"
            f" expected {', '.join(columns)}."
        )
    for line, cells in records:
        while len(cells) > len(titles) and not cells[-1]:  # Excel's trailing delimiters
            cells.pop()
        if len(cells) != len(titles):
            raise SettingsError(
                f"{path}, line {line}: found {len(cells)} cells; expected {len(titles)}"
                f" ({', '.join(titles)}). Put a cell that has a comma in quotation marks."
            )
        yield Row(path, line, dict(zip(titles, cells, strict=True)))


def csv_line(cells: Iterable[str]) -> str:
    """Cells as one line of a user's file, without its end; white space in a cell is one space."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([" ".join(cell.split()) for cell in cells])
    return text.getvalue()


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records that are no comment, each with the line in which it ends."""
    text = _text(path)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=_delimiter(text), skipinitialspace=True, strict=True)
    try:
        for record in reader:
            lines.is_inside_record = False
            cells = [cell.strip() for cell in record]
            if any(cells) and not cells[0].startswith(COMMENT):
                yield reader.line_num, cells
    except csv.Error as error:
        raise SettingsError(f"{path}, line {reader.line_num}: cannot be read ({error}).") from error


def _text(path: Path) -> str:
    if not has_utf_8_name(path):
        raise SettingsError(f"{path}: found a name that is not UTF-8; rename it.")
    if path.exists() and not path.is_file():
        raise SettingsError(f"{path}: found a folder, a pipe or a device; expected a file.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be opened ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: cannot be read ({error}); save it as UTF-8.") from error


class _Lines:
    """The lines of a text, those of comments blank: a quote in a comment opens no cell."""

    def __init__(self, text: str):
        self._lines = io.StringIO(text, newline="")
        self.is_inside_record = False

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            is_comment = line.lstrip().startswith(COMMENT) and not self.is_inside_record
            self.is_inside_record = not is_comment
            yield "\n" if is_comment else line


def _delimiter(text: str) -> str:
    """The likeliest delimiter of the titles, which are the first line that is no comment."""
    lines = (line.strip() for line in io.StringIO(text))
    titles = next((line for line in lines if line and not line.startswith(COMMENT)), "")
    return max(DELIMITERS, key=titles.count)
