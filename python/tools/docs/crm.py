"""Writes the titles of columns that docs/crm.md lists for each CRM; `make docs` runs it."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.docs import markdown
from winrate import project

PAGE = project.ROOT / "docs" / "crm.md"
ALIASES = project.ROOT / "seeds" / "column_aliases.csv"
STAGE_ALIASES = project.ROOT / "seeds" / "stage_column_aliases.csv"
# The blocks of the page, and the words of the column `crm` of the aliases that they are about. Each
# has a second block, of the stage history: `salesforce_stages`.
BLOCKS = {
    "salesforce": ("Salesforce",),
    "hubspot": ("HubSpot",),
    "dynamics": ("Dynamics 365",),
    "pipedrive": ("Pipedrive",),
    "connectors": ("Fivetran", "Airbyte"),
    "everyday": ("everyday title",),
}


def titles_table(words: Iterable[str]) -> str:
    """One row per column that an export may have: the titles by which it is known there."""
    titles = _titles(ALIASES, words)
    order = [name for part in project.export_columns(project.project_vars()) for name in part]
    return _table({name: titles[name] for name in order if name in titles})


def stage_titles_table(words: Iterable[str]) -> str:
    """The same of the columns of a stage history."""
    return _table(_titles(STAGE_ALIASES, words))


def _titles(aliases: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """The titles of each column, in the order of the file."""
    titles: dict[str, list[str]] = {}
    with aliases.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if any(word in row["crm"] for word in words):
                titles.setdefault(row["column_name"], []).append(f"`{row['alias']}`")
    return titles


def _table(titles: Mapping[str, Iterable[str]]) -> str:
    rows = [(f"`{name}`", ", ".join(found)) for name, found in titles.items()]
    return markdown.table(["column", "titles, the first that is found"], rows)


def write(page: Path = PAGE) -> None:
    """Write the blocks of the page."""
    for block, words in BLOCKS.items():
        markdown.write_block(page, block, titles_table(words))
        markdown.write_block(page, f"{block}_stages", stage_titles_table(words))


if __name__ == "__main__":
    write()
