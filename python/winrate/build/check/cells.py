"""Suggestions from the cells of an export: what may be a required column that no title names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from winrate.build.check import columns
from winrate.ingest import mapping, reader
from winrate.ingest.header import ExportHeader, WantedColumns

N_ROWS = 1000  # that are looked at
MIN_KNOWN = 0.9  # of the cells of outcomes that must be words for them

Cells = Sequence[str | None]


def suggested_titles(
    deals: Path, header: ExportHeader, wanted: WantedColumns, variables: Mapping[str, Any]
) -> dict[str, str]:
    """As `columns.suggested_titles`, and by their cells the required columns that it does not find.

    The column of outcomes has words for won and for lost deals, the first column with another
    value in each row may be the id.
    """
    suggested = columns.suggested_titles(header, wanted, variables)
    tests = {"outcome": _are_outcomes, "deal_id": _are_ids}
    missing = [name for name in tests if name in header.missing and name not in suggested]
    if not missing:
        return suggested
    of_titles = dict(zip(header.titles, reader.first_cells(deals, wanted, N_ROWS), strict=False))
    free = [title for title in columns.other_titles(header) if title not in suggested.values()]
    for name in missing:
        found = next((title for title in free if tests[name](of_titles.get(title, []))), None)
        if found is not None:
            suggested[name] = found
            free.remove(found)
    return suggested


def _are_outcomes(cells: Cells) -> bool:
    words = [cell for cell in cells if cell and cell.strip()]
    known = [outcome for word in words if (outcome := mapping.known_outcome(word))]
    return {"Won", "Lost"} <= set(known) and len(known) >= MIN_KNOWN * len(words)


def _are_ids(cells: Cells) -> bool:
    return len(cells) > 1 and all(cells) and len(set(cells)) == len(cells)
