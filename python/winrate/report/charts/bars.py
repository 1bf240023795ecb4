"""Horizontal bars, as a Plotly figure; bar_files.py writes the same bars as files.

A chart is decided once, as `Bars`: order, colours, labels and words. Both libraries draw from
that, so the page and the files cannot differ.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from winrate.report.charts.figure import add_title, figure, hover, label_rows
from winrate.report.style import GRID, HELPS, HURTS, INK, PALE_HELPS, PALE_HURTS

TITLE = "Win Rate Drivers"
MAX_BARS = 60  # more cannot be read, and 100,000 of them cannot be drawn


@dataclass(frozen=True)
class Bars:
    """A chart of horizontal bars, ready to draw.

    rows: in order from the top, `label`, `value`, `low` and `high` (null: no interval),
        `colour`, and `hover`, lines of plain text.
    legend: what the colours mean. nothing: the sentence that replaces a chart without bars.
    """

    subtitle: str
    axis: str
    rows: pd.DataFrame
    legend: dict[str, str]
    nothing: str


def order_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars from most negative to most positive, each with its `colour`.

    bars: `label`, `value` and `is_pale`. Blue helps, orange hurts; pale is the same hue. Of more
    than `MAX_BARS` those that are not pale are kept first, then the longest.
    """
    by_weight = bars.assign(length=-bars["value"].abs()).sort_values(["is_pale", "length", "label"])
    bars = by_weight[by_weight["value"].notna()].head(MAX_BARS).drop(columns="length")
    bars = bars.sort_values(["value", "label"], ignore_index=True)
    strong = np.where(bars["value"] < 0, HURTS, HELPS)
    pale = np.where(bars["value"] < 0, PALE_HURTS, PALE_HELPS)
    return bars.assign(colour=np.where(bars["is_pale"], pale, strong))


def bar_figure(bars: Bars) -> go.Figure:
    """The bars as a Plotly figure."""
    rows = bars.rows
    trace = go.Bar(
        orientation="h",
        y=list(range(len(rows))),
        x=rows["value"].tolist(),
        marker={"color": rows["colour"].tolist()},
        hovertext=[hover(row.label, row.hover) for row in rows.itertuples()],
        hoverinfo="text",
    )
    if rows["low"].notna().any():
        trace.error_x = {
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["value"]).tolist(),
            "arrayminus": (rows["value"] - rows["low"]).tolist(),
            "color": INK,
            "thickness": 1.2,
            "width": 3,
        }
    made = figure([trace], height=130 + 22 * len(rows))
    add_title(made, TITLE, bars.subtitle)
    made.update_layout(bargap=0.28)
    made.update_xaxes(
        title_text=bars.axis, showgrid=True, gridcolor=GRID, zeroline=True, zerolinecolor=INK
    )
    label_rows(made, rows["label"])
    return made
