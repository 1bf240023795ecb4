"""Whose team an owner is in and who manages it: a user's owners.csv.

`0055g00000ABCdE,Mid-Market,Ann Lee`: what the file says goes before what the export says, and an
empty cell leaves that as it is.
"""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from winrate.config.csv_rows import Row, read_rows
from winrate.ingest.spelling import name_key
from winrate.project import SettingsError

FACTS = ("team", "manager", "name")
FIELDS = ("owner", *FACTS)
PEOPLE = ("owner", "manager", "name")  # what `mask_reps` masks
SCHEMA = pa.schema(
    {
        "file_line": pa.int64(),
        **dict.fromkeys((*FIELDS, "owner_key", "team_key", "manager_key"), pa.string()),
    }
)


def table(path: str | Path | None, mask: Callable[[str], str]) -> pa.Table:
    """The owners of a user's file, one row per line; null where a cell is empty.

    path: of the file, or nothing. mask: what the name of a rep becomes, as in the export.
    A team is spelled as in the first line that has it. Raises SettingsError.
    """
    rows = []
    lines: dict[str, int] = {}
    for row in read_rows(path, FIELDS, ("owner",)) if path else []:
        cells = _cells(row, mask)
        key = name_key(cells["owner"])
        if lines.setdefault(key, row.line) != row.line:
            raise SettingsError(
                f"{row.where}: found an owner that line {lines[key]} has; expected one line for"
                " each owner."
            )
        keys = {f"{name}_key": cells[name] and name_key(cells[name]) for name in FIELDS[1:3]}
        rows.append({"file_line": row.line, **cells, "owner_key": key, **keys})
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def _cells(row: Row, mask: Callable[[str], str]) -> dict[str, str | None]:
    """The cells of a line, empty ones as null; raises SettingsError where it says nothing."""
    cells = {name: row.cells.get(name) or None for name in FIELDS}
    if not cells["owner"]:
        raise SettingsError(
            f"{row.where}: found no owner; expected the id or the name of an owner in the export."
        )
    if not any(cells[name] for name in FACTS):
        raise SettingsError(
            f"{row.where}: found nothing about the owner; expected a {', a '.join(FACTS[:-1])} or"
            f" a {FACTS[-1]}."
        )
    return cells | {name: mask(cells[name]) for name in PEOPLE if cells[name]}
