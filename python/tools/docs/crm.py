"""Writes the titles of columns that docs/crm.md lists for each CRM; `make docs` runs it."""

import csv
from collections.abc import Iterable
from pathlib import Path

from tools.docs import markdown
from winrate import project

PAGE = project.ROOT / "docs" / "crm.md"
ALIASES = project.ROOT / "seeds" / "column_aliases.csv"
# The blocks of the page, and the words of the column `crm` of the aliases that they are about.
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
    titles: dict[str, list[str]] = {}
    with ALIASES.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if any(word in row["crm"] for word in words):
                titles.setdefault(row["column_name"], []).append(f"`{row['alias']}`")
    order = [name for part in project.export_columns(project.project_vars()) for name in part]
    rows = [(f"`{name}`", ", ".join(titles[name])) for name in order if name in titles]
    return markdown.table(["column", "titles, the first that is found"], rows)


def write(page: Path = PAGE) -> None:
    """Write the blocks of the page."""
    for block, words in BLOCKS.items():
        markdown.write_block(page, block, titles_table(words))


if __name__ == "__main__":
    write()
