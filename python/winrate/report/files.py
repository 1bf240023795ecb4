"""Writes the report of a built database: the page, and two of its charts as files."""

from pathlib import Path

from winrate import database
from winrate.report import page
from winrate.report.charts import bar_files
from winrate.report.data import Data
from winrate.report.sections import drivers, recipe

# The charts that are files too, by the stem of their names.
CHART_FILES = {"win_rate_drivers": drivers.bars, "original_recipe": recipe.bars}


def write_report(warehouse: Path, folder: Path) -> Path:
    """Write the report of a built database into `folder`; returns the path of its page.

    Writes index.html, which needs no other file and no network, and each chart of `CHART_FILES`
    as .svg and .png. The same tables give the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    with database.open_readonly(warehouse) as connection:
        data = Data(connection)
        for stem, bars in CHART_FILES.items():
            bar_files.write(bars(data), folder / stem)
        path.write_text(page.html(data), encoding="utf-8", newline="\n")
    return path
