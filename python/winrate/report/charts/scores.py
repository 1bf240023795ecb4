"""The open deals by win probability."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.charts.figure import figure, plotly_text
from winrate.report.style import GRADE_COLOURS, GRID, QUIET
from winrate.report.text import label

N_BINS = 20  # five points of win probability each


def scores_figure(score_bins: pd.DataFrame, amount: Callable[[Any], str]) -> go.Figure:
    """Number of open deals by win probability, coloured by grade.

    score_bins: one row per grade and `score_bin` (0 to N_BINS - 1), with `n_deals` and
        `open_amount`. amount: how one reads.
    """
    grades = score_bins.groupby("grade", sort=True)
    made = figure(
        [_grade(grade, rows, amount) for grade, rows in grades], height=320, has_legend=True
    )
    made.update_layout(barmode="stack")
    made.update_xaxes(
        title_text="win probability",
        ticksuffix="%",
        dtick=10,
        range=[-1, 102],
        ticklabelstandoff=6,
    )
    made.update_yaxes(title_text="open deals", showgrid=True, gridcolor=GRID, rangemode="tozero")
    return made


def _grade(grade: str, rows: pd.DataFrame, amount: Callable[[Any], str]) -> go.Bar:
    name = plotly_text(f"grade {label(grade)}")
    width = 100 / N_BINS
    start = rows["score_bin"] * width
    return go.Bar(
        name=name,
        x=(start + width / 2).tolist(),
        y=rows["n_deals"].tolist(),
        width=width * 0.92,
        marker={"color": GRADE_COLOURS.get(grade, QUIET)},
        hovertext=[
            f"{name}, win probability {low:.0f} to {low + width:.0f}%<br>"
            f"{wording.deals(n, 'open deal')}, amount {plotly_text(amount(total))}"
            for low, n, total in zip(start, rows["n_deals"], rows["open_amount"], strict=True)
        ],
        hoverinfo="text",
    )
