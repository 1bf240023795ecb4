"""Writes what the docs show of the sample: build summary, driver chart, truncation chart.

`make docs` runs it on a build of the sample; a test holds that the summary is up to date.
"""

import argparse
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from tools.docs import markdown
from winrate import project
from winrate.build import summary

README = project.ROOT / "README.md"
IMAGES = project.ROOT / "docs" / "images"
PICTURE = IMAGES / "win_rate_drivers.svg"
SAMPLE = project.ROOT / "seeds" / "deals.csv"
LAST_CREATED = "2025-12-31"  # the truncation chart cuts the sample after this day
BLOCK = "summary"


def summary_block(warehouse: Path) -> str:
    """The summary of a build of the sample, as a code block with the default paths."""
    text = summary.summary_text(
        summary.read_facts(warehouse),
        deals=Path("seeds/deals.csv"),
        warehouse=Path("warehouse.duckdb"),
        report=Path("report"),
        importance_max_deals=project.project_vars()["importance_max_deals"],
    )
    return f"```text\n{text}```\n"


def draw_truncation(path: Path) -> None:
    """Mean cycle by month of close, in the whole sample and in the sample cut by creation date."""
    deals = pd.read_csv(SAMPLE, parse_dates=["created_date", "closed_date"])
    closed = deals[deals["outcome"].notna()]
    with matplotlib.rc_context({"svg.hashsalt": "winrate", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 3.5), layout="constrained")
        axes = figure.subplots()
        for label, rows in [
            (f"deals created up to {LAST_CREATED}", closed[closed["created_date"] <= LAST_CREATED]),
            ("all deals", closed),
        ]:
            month = rows["closed_date"].dt.to_period("M").dt.to_timestamp()
            mean_cycle = rows["sales_cycle_days"].groupby(month).mean()
            axes.plot(mean_cycle.index, mean_cycle, marker="o", markersize=3, label=label)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("month of close")
        axes.set_ylabel("mean cycle, days")
        axes.legend(frameon=False)
        axes.grid(alpha=0.3)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Write the summary into the README, and the images."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path, help="a build of the sample")
    parser.add_argument("report", type=Path, help="the folder of its report")
    options = parser.parse_args()
    markdown.write_block(README, BLOCK, summary_block(options.warehouse))
    draw_truncation(IMAGES / "truncation.svg")
    PICTURE.write_bytes((options.report / PICTURE.name).read_bytes())


if __name__ == "__main__":
    main()
