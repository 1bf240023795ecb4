"""Horizontal bars as SVG and PNG files, drawn by matplotlib (docs/decisions/0001)."""

import warnings
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from winrate.report.charts.bars import TITLE, Bars
from winrate.report.charts.figure import short
from winrate.report.style import GRID, INK, QUIET

STYLE = {
    "svg.hashsalt": TITLE,
    "svg.fonttype": "none",  # text stays text: small, searchable, and in the reader's fonts
    "axes.edgecolor": GRID,
    "text.color": INK,
    "font.family": ["DejaVu Sans"],
    "text.parse_math": False,  # a dollar in a name is a dollar
}


def write(bars: Bars, path: Path) -> None:
    """Write the bars as `path`.svg and `path`.png; the same bars give the same bytes."""
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # A script that the font lacks shows as boxes in the PNG; the SVG keeps the text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawing = _drawing(bars)
        drawing.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
        drawing.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})


def _drawing(bars: Bars) -> Figure:
    rows = bars.rows
    inches = 1.6 + 0.26 * max(len(rows), 4)
    drawing = Figure(figsize=(10, inches), layout="constrained")
    axes = drawing.add_subplot()
    drawing.suptitle(TITLE, x=0.01, ha="left", fontsize=15, fontweight="bold")
    axes.set_title(" ", fontsize=10)  # room for the subtitle, which stands under the title
    drawing.text(0.01, 1 - 0.45 / inches, bars.subtitle, va="center", fontsize=10, color=QUIET)
    if rows.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, bars.nothing, ha="center", va="center", fontsize=11)
        return drawing
    places = np.arange(len(rows))
    axes.barh(places, rows["value"], color=rows["colour"], height=0.74, zorder=2)
    has_interval = rows["low"].notna() & rows["high"].notna()
    with_interval = rows[has_interval]
    axes.errorbar(
        with_interval["value"],
        places[has_interval],
        xerr=[
            with_interval["value"] - with_interval["low"],
            with_interval["high"] - with_interval["value"],
        ],
        fmt="none",
        ecolor=INK,
        elinewidth=1,
        capsize=2,
        zorder=3,
    )
    axes.axvline(0, color=INK, linewidth=0.8, zorder=4)
    axes.set_yticks(places, [short(name) for name in rows["label"]], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(bars.axis, fontsize=9)
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    drawing.legend(
        [Patch(color=colour) for colour in bars.legend],
        list(bars.legend.values()),
        loc="outside lower center",
        ncols=len(bars.legend),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
    )
    return drawing
