"""Finds the header of an export and the columns that it names."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from pathlib import Path

from winrate import wording
from winrate.ingest.records import (
    ABOVE_HEADER,
    BLANK_LINE,
    HEADER_AGAIN,
    WRONG_COLUMN_COUNT,
    ExportError,
    Record,
    listed,
)

ID = "deal_id"

# A report's titles and filters are above its header, in no more records.
MAX_HEADER_RECORD = 25
HEADER_BELOW = (
    f"; the header was looked for in the first {MAX_HEADER_RECORD} lines: if it is below them, put"
    " it first"
)
# What stands around a title: the kind of record in front of it, as HubSpot's connectors, Pipedrive
# and Salesforce write it; behind it a unit, the table of a joined column, or Salesforce's mark of
# a column of the user's own.
AROUND = re.compile(
    r"^(propert(y|ies)[_.]|deal - |opportunity: )|(\s*\([^()]*\))+\s*$|__?c$", re.IGNORECASE
)


@dataclass(frozen=True)
class WantedColumns:
    """The columns to look for in an export, and the titles that they may have.

    required: names of columns of which each must be there, or one of its fallback columns.
    optional: names of columns that may be there.
    fallback_columns: for a required column, the optional ones from which its values can be
        derived, such as `is_won` for `outcome`.
    titles: for a column, the normalised titles it may have, the likeliest first. A column that is
        not among them has its own name as its only title. A title that several columns may have is
        that of the first of them that has no likelier one.
    per_deal: names of columns of which each deal has a text of its own.
    not_read: keys of titles that are no column, whatever they resemble.
    """

    required: Sequence[str]
    optional: Sequence[str] = ()
    fallback_columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    titles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    per_deal: frozenset[str] = frozenset({ID})
    not_read: frozenset[str] = frozenset()

    @property
    def names(self) -> list[str]:
        """All names, required ones first."""
        return list(dict.fromkeys([*self.required, *self.optional]))

    def choices(self, name: str) -> list[str]:
        """The columns that can give the values of a required one: itself, then its fallbacks."""
        return [name, *self.fallback_columns.get(name, [])]

    def titles_of(self, name: str) -> list[str]:
        """The normalised titles that a column may have, the likeliest first."""
        return list(self.titles.get(name, [normalise_header(name)]))

    def keys_of(self, name: str) -> list[str]:
        """The keys of the titles that a column may have, the likeliest first."""
        return [title_key(title) for title in self.titles_of(name)]

    @cached_property
    def known_keys(self) -> frozenset[str]:
        """The keys of the titles of all columns."""
        return frozenset(key for name in self.names for key in self.keys_of(name))


@dataclass(frozen=True)
class ExportHeader:
    """What the header of an export says.

    source_line: 1-based line (or sheet row) of the header.
    n_lines: how many lines it spans.
    titles: every column title, as the file spells it.
    positions: for each wanted column its place among `titles`, from 0; None
        for a column that the export does not have.
    per_deal: the wanted columns of which each deal has a text of its own.
    missing: the required columns that the export lacks, together with all their fallback columns.
    advice: the end of a sentence on missing columns where this line is hardly the header, or empty.
    """

    source_line: int
    n_lines: int
    titles: tuple[str, ...]
    positions: dict[str, int | None]
    per_deal: frozenset[str]
    missing: tuple[str, ...]
    advice: str


@lru_cache(4096)  # every export is compared with the same names
def normalise_header(text: str) -> str:
    """A column title as a column name: `Deal ID`, `DEAL-ID` and `dealId` are all `deal_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()


def title_key(text: str) -> str:
    """What all spellings of a title have in common: `Deal ID`, `deal_id` and `DEALID` are one."""
    return normalise_header(text).replace("_", "")


def title_keys(text: str) -> tuple[str, str]:
    """The keys of what a title may be: `Amount (USD)` is `amountusd`, or else `amount`."""
    return title_key(text), title_key(AROUND.sub("", text))


def split_header(
    path: Path, records: Iterator[Record], wanted: WantedColumns
) -> tuple[ExportHeader, Iterator[Record]]:
    """The header of `records`, and all other records; raises ExportError."""
    first = list(islice(records, MAX_HEADER_RECORD))
    contents = [place for place, record in enumerate(first) if record.read_error != BLANK_LINE]
    if not contents:
        raise ExportError(f"{path}: found an empty file; expected a header and rows of deals.")
    place = header_place([record.cells for record in first], wanted)
    is_damaged = first[contents[0]].read_error not in (None, WRONG_COLUMN_COUNT)
    if first[place].cells is None or (is_damaged and not count_wanted(first[place].cells, wanted)):
        place = contents[0]
    if first[place].cells is None:
        raise ExportError(
            f"{path}: found a header that cannot be read ({first[place].read_error} in line"
            f" {first[place].source_line}); expected text that names {listed(wanted.required)}."
        )
    above = [_as_remark(record) for record in first[:place]]
    _refuse_deals_above(path, first[:place], first[place])
    below = chain(first[place + 1 :], records)
    rows = _with_data(path, _without_headers(path, below, first[place].cells))
    titles = tuple(cell or "" for cell in first[place].cells)
    positions = _positions(path, titles, wanted)
    missing = [
        name
        for name in wanted.required
        if all(positions[each] is None for each in wanted.choices(name))
    ]
    n_found = sum(found is not None for found in positions.values())
    is_doubtful = len(first) == MAX_HEADER_RECORD and n_found <= 1
    header = ExportHeader(
        source_line=first[place].source_line,
        n_lines=first[place].n_lines,
        titles=titles,
        positions=positions,
        per_deal=wanted.per_deal,
        missing=tuple(missing),
        advice=HEADER_BELOW if is_doubtful else "",
    )
    return header, chain(above, rows)


def _with_data(path: Path, rows: Iterator[Record]) -> Iterator[Record]:
    """The same rows; raises ExportError where all of them are blank."""
    passed = []
    for record in rows:
        passed.append(record)
        if not isinstance(record, Record) or record.read_error != BLANK_LINE:
            return chain(passed, rows)
    raise ExportError(
        f"{path}: found a header and no rows below it; expected at least one row of data."
    )


def header_place(records: Sequence[Sequence[str | None] | None], wanted: WantedColumns) -> int:
    """Which of some records names most of the wanted columns.

    records: their cells, None where a record is blank or cannot be read; at least one. Where none
    names any, the header is the first with most of the cells of a row: what is above is a remark.
    """
    named = [count_wanted(cells or [], wanted) for cells in records]
    if any(named):
        return named.index(max(named))
    n_filled = [sum(bool(cell and cell.strip()) for cell in cells or []) for cells in records]
    return next((place for place, n in enumerate(n_filled) if 2 * n > max(n_filled)), 0)


def count_wanted(titles: Iterable[str | None], wanted: WantedColumns) -> int:
    """How many titles of wanted columns are among some titles."""
    found = {key for text in titles for key in title_keys(text or "")}
    return len(wanted.known_keys.intersection(found))


def has_all_required(titles: Iterable[str | None], wanted: WantedColumns) -> bool:
    """Whether some titles name every required column, or a fallback column of it."""
    found = {key for text in titles for key in title_keys(text or "")}
    return all(
        any(not found.isdisjoint(wanted.keys_of(each)) for each in wanted.choices(name))
        for name in wanted.required
    )


def _as_remark(record: Record) -> Record:
    """A record above the header, marked as such unless it is blank."""
    is_blank = record.read_error == BLANK_LINE
    return record if is_blank else record._replace(cells=None, read_error=ABOVE_HEADER)


def _refuse_deals_above(path: Path, above: Iterable[Record], header: Record) -> None:
    """Raise ExportError where rows of data are above the header, as in a sheet sorted with it."""
    n_rows = sum(_is_like_data(record) for record in above)
    if n_rows:
        raise ExportError(
            f"{path}: found {wording.deals(n_rows, 'row')} of data above the header in line"
            f" {header.source_line}; expected the header first: move it to the top."
        )


def _is_like_data(record: Record) -> bool:
    """Whether a record of the width of the header has values in most cells, one a date or number.

    Other such records are titles, such as the API names of the columns.
    """
    cells = [cell.strip() for cell in record.cells or [] if cell and cell.strip()]
    is_filled = 2 * len(cells) > len(record.cells or [])
    return is_filled and any(
        any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell)) for cell in cells
    )


def _without_headers(
    path: Path, records: Iterable[Record], titles: Sequence[str | None]
) -> Iterator[Record]:
    """The records below the header, marked as `header_again` where they repeat it.

    Raises ExportError at the titles in another order: the rows below them would be misread.
    """
    known = {title or "" for title in titles}
    in_order = sorted(title or "" for title in titles)
    for record in records:
        if not isinstance(record, Record):
            yield record
            continue
        cells = record.cells or [None]
        if record.cells == titles:
            yield record._replace(cells=None, read_error=HEADER_AGAIN)
        # Most records are compared by their first cell only.
        elif (cells[0] or "") in known and sorted(cell or "" for cell in cells) == in_order:
            raise ExportError(
                f"{path}: found the titles of the header again in line {record.source_line}, in"
                " another order; expected the columns of all rows in one order."
            )
        else:
            yield record


def _positions(path: Path, titles: Sequence[str], wanted: WantedColumns) -> dict[str, int | None]:
    """Where each wanted column stands among `titles`; raises ExportError where it stands twice.

    A title as it is comes before one that is the column but for what stands around it, which counts
    only where it is one column: of 'Amount (USD)' and 'Amount (EUR)' neither is the amount.
    """
    whole: dict[str, list[int]] = {}
    bare: dict[str, list[int]] = {}
    as_they_are = wanted.known_keys | wanted.not_read
    for place, title in enumerate(titles):
        key, bare_key = title_keys(title)
        whole.setdefault(key, []).append(place)
        if key not in as_they_are:
            bare.setdefault(bare_key, []).append(place)

    taken: set[str | None] = set()
    positions: dict[str, int | None] = {}
    for name in wanted.names:
        keys = [key for key in wanted.keys_of(name) if key not in taken]
        key = next((key for key in keys if key in whole), None)
        found = whole[key] if key else []
        if len(found) > 1:
            raise ExportError(
                f"{path}: found the column {name} more than once, as"
                f" {' and '.join(repr(titles[place]) for place in found)}; expected it once: leave"
                " one of them out, or give the other ones titles of their own."
            )
        if not found:
            key = next((key for key in keys if len(bare.get(key, [])) == 1), None)
            found = bare[key] if key else []
        taken.add(key)
        positions[name] = found[0] if found else None
    return positions


def refuse_missing(path: Path, header: ExportHeader, wanted: WantedColumns) -> None:
    """Raises ExportError where a required column is missing."""
    if header.missing:
        subject = "column {} is" if len(header.missing) == 1 else "columns {} are"
        raise ExportError(
            f"{path}: the required {subject.format(listed(header.missing))} missing;"
            f" found {listed(header.titles)}; expected {listed(wanted.required)},"
            f" or their titles in MAPPING{header.advice}."
        )
