"""The win rate over time."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report import style
from winrate.report.charts.figure import figure, numbers
from winrate.report.text import known, span

MAX_LABELLED_QUARTERS = 12  # with more there is no room for a number at each


def trend_figure(trend: pd.DataFrame, overall: float) -> go.Figure:
    """Win rate by quarter with its interval, on the band in which chance alone would keep it.

    trend: rows of drivers.win_rate_trend, one per quarter, in order, each with a win rate.
    overall: win rate of all closed deals, a share; null where there is none.
    """
    quarters = [wording.quarter_name(start) for start in trend["period_start"]]
    traces = [*_band(trend, quarters), *_lines(trend, quarters, overall)]
    for is_complete, name in [(True, "win rate, 95% interval"), (False, "incomplete quarter")]:
        rows = trend[trend["is_complete"] == is_complete]
        if len(rows):
            has_labels = len(trend) <= MAX_LABELLED_QUARTERS
            traces.append(_points(rows, is_complete, name, has_labels))
    made = figure(traces, height=400, has_legend=True)
    made.update_xaxes(type="category", range=[-0.4, len(quarters) - 0.3])
    made.update_yaxes(
        title_text="win rate",
        tickformat=".0%",
        showgrid=True,
        gridcolor=style.GRID,
        range=_visible_range(trend),
    )
    return made


def _band(trend: pd.DataFrame, quarters: list[str]) -> list[go.Scatter]:
    shared = {"x": quarters, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    return [
        go.Scatter(y=numbers(trend["control_low"]), showlegend=False, **shared),
        go.Scatter(
            y=numbers(trend["control_high"]),
            name="expected by chance (three standard errors)",
            fill="tonexty",
            fillcolor=style.BAND,
            **shared,
        ),
    ]


def _lines(trend: pd.DataFrame, quarters: list[str], overall: float) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=quarters,
            y=[None if pd.isna(overall) else overall] * len(quarters),
            name="all closed deals",
            mode="lines",
            line={"color": style.QUIET, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=quarters,
            y=numbers(trend["win_rate"].where(trend["is_complete"])),
            mode="lines",
            line={"color": style.HELPS, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        ),
    ]


def _points(rows: pd.DataFrame, is_complete: bool, name: str, has_labels: bool) -> go.Scatter:
    note = "" if is_complete else "<br>incomplete"
    outline = style.HELPS if is_complete else style.INCOMPLETE
    return go.Scatter(
        x=[wording.quarter_name(start) for start in rows["period_start"]],
        y=numbers(rows["win_rate"]),
        name=name,
        mode="markers+text" if has_labels else "markers",
        text=[f"{wording.percent(rate)}{note}" for rate in rows["win_rate"]],
        textposition="top right",
        textfont={"color": style.INK if is_complete else style.QUIET, "size": 12},
        cliponaxis=False,
        marker={
            "size": 10,
            "color": style.HELPS if is_complete else "white",
            "line": {"color": outline, "width": 2},
        },
        error_y={
            "type": "data",
            "symmetric": False,
            "array": numbers(rows["win_rate_high"] - rows["win_rate"]),
            "arrayminus": numbers(rows["win_rate"] - rows["win_rate_low"]),
            "color": outline,
            "thickness": 1.2,
            "width": 4,
        },
        hovertext=[
            f"{wording.quarter_name(row.period_start)}: {wording.percent(row.win_rate)} of "
            f"{known(row.n_deals, wording.deals)}"
            f"<br>95% interval {span(row.win_rate_low, row.win_rate_high, wording.percent)}"
            f"<br>expected by chance: {span(row.control_low, row.control_high, wording.percent)}"
            f"{note}"
            for row in rows.itertuples()
        ],
        hoverinfo="text",
    )


def _visible_range(trend: pd.DataFrame) -> list[float]:
    """The ends of the axis, as shares."""
    shown = trend[["win_rate", "win_rate_low", "win_rate_high", "control_low", "control_high"]]
    # The band of an incomplete quarter may be so wide that it would flatten the rest.
    shown.loc[~trend["is_complete"], ["control_low", "control_high"]] = np.nan
    return [max(shown.min(axis=None) - 0.02, 0), min(shown.max(axis=None) + 0.02, 1)]
