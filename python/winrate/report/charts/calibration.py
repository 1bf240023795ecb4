"""Expected against actual shares of won deals."""

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.charts.figure import error_bars, figure, numbers
from winrate.report.style import GRID, HELPS, NEUTRAL
from winrate.report.text import span


def calibration_figure(bins: pd.DataFrame) -> go.Figure:
    """One point per bin of deals with similar scores; on the line, both shares are equal.

    bins: rows of scores.calibration.
    """
    equal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": NEUTRAL, "width": 1}, hoverinfo="skip"
    )
    points = go.Scatter(
        x=numbers(bins["mean_predicted"]),
        y=numbers(bins["mean_observed"]),
        mode="markers",
        marker={"color": HELPS, "size": 8},
        error_y=error_bars(
            bins["mean_observed"], bins["mean_observed_low"], bins["mean_observed_high"]
        ),
        hovertext=[
            f"expected {wording.percent(row.mean_predicted)}<br>"
            f"won {wording.percent(row.mean_observed)} of {wording.deals(row.n_deals)}<br>"
            "95% interval "
            f"{span(row.mean_observed_low, row.mean_observed_high, wording.percent)}"
            for row in bins.itertuples()
        ],
        hoverinfo="text",
    )
    made = figure([equal, points], height=340)
    made.update_xaxes(
        title_text="expected to be won", range=[0, 1.02], tickformat=".0%", ticklabelstandoff=6
    )
    made.update_yaxes(
        title_text="won", range=[0, 1.02], tickformat=".0%", showgrid=True, gridcolor=GRID
    )
    return made
