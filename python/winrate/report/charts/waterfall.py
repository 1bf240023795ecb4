"""The change of the win rate, step by step."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.charts.figure import figure, hover, label_rows
from winrate.report.data import BASELINE, excludes_zero
from winrate.report.style import (
    GRID,
    HELPS,
    HURTS,
    INK,
    NEUTRAL,
    PALE_HELPS,
    PALE_HURTS,
    QUIET,
)
from winrate.report.text import feature_label, known, label

MIN_SPAN = 0.1  # of the axis, as a share: a change of nearly nothing does not fill the picture
COLUMNS = ["label", "start", "end", "colour", "is_strong", "text", "hover"]


def waterfall_steps(parts: pd.DataFrame, causes: pd.DataFrame, change: pd.Series) -> pd.DataFrame:
    """The steps from the win rate before to the win rate after.

    parts: rows of drivers.win_rate_change_model of one comparison, in order; causes: `Data.causes`;
        change: the row of drivers.win_rate_change.
    Returns one row per step, the first and the last being the two win rates: `label`, `start` and
    `end` (shares), `colour`, `is_strong` (part of a significant cause), `text` and `hover`. No rows
    where there is nothing to split.
    """
    parts = parts[parts["explained_pp"].notna() & parts["unexplained_pp"].notna()]
    level, after = change["win_rate_before"], change["win_rate_after"]
    if parts.empty or pd.isna(level) or pd.isna(after):
        return pd.DataFrame(columns=COLUMNS)
    significant = causes[causes["is_significant"]]
    rows = [_rate_step("Win rate before", level, change["n_before"])]
    for part in parts.itertuples():
        for step in _effects(part, significant):
            rows.append(_step(step, level))
            level = rows[-1]["end"]
    rows.append(_rate_step("Win rate after", after, change["n_after"]))
    return pd.DataFrame(rows, columns=COLUMNS)


def waterfall_figure(steps: pd.DataFrame) -> go.Figure:
    """The steps as bars from the top down, each where the one above it ends."""
    axis = _axis_range(steps)
    start = steps["start"].fillna(axis[0])
    places = list(range(len(steps)))
    # Plotly's own waterfall has one colour for all rises; a bar with a base may have its own.
    bars = go.Bar(
        orientation="h",
        y=places,
        base=start.tolist(),
        x=(steps["end"] - start).tolist(),
        marker={"color": steps["colour"].tolist()},
        hovertext=[hover(row.label, row.hover) for row in steps.itertuples()],
        hoverinfo="text",
    )
    connectors = go.Scatter(
        x=[x for end in steps["end"][:-1] for x in (end, end, None)],
        y=[y for place in places[:-1] for y in (place, place + 1, None)],
        mode="lines",
        # Not simplified, which would join lines that nearly meet.
        line={"color": QUIET, "width": 1, "simplify": False},
        hoverinfo="skip",
    )
    values = go.Scatter(
        # Beside the bars: a bar of almost no length has no room for its text.
        x=np.maximum(start, steps["end"]).tolist(),
        y=places,
        mode="text",
        text=[f"  {text}" for text in steps["text"]],
        textposition="middle right",
        textfont={"size": 12, "color": [INK if s else QUIET for s in steps["is_strong"]]},
        hoverinfo="skip",
        cliponaxis=False,
    )
    made = figure([bars, connectors, values], height=90 + 24 * len(steps))
    made.update_layout(bargap=0.3)
    made.update_xaxes(
        title_text="win rate", tickformat=".1~%", showgrid=True, gridcolor=GRID, range=axis
    )
    label_rows(made, steps["label"])
    made.update_yaxes(ticklabelstandoff=6)
    return made


def _effects(part: Any, significant: pd.DataFrame) -> list[dict[str, Any]]:
    """The steps of a part. significant: the causes that are statistically significant."""
    rate = {
        "value": part.unexplained_pp,
        "interval": (part.unexplained_pp_low, part.unexplained_pp_high),
        "statement": label(part.statement),
    }
    if part.feature == BASELINE:  # what all deals share has no mix
        is_strong = significant["cause"].eq("all deals").any()
        return [rate | {"label": "All deals alike", "is_strong": is_strong}]
    low, high = part.explained_pp_low, part.explained_pp_high
    mix = {
        "label": f"{feature_label(part.feature)}: mix",
        "value": part.explained_pp,
        "interval": (low, high),
        # The test is of the mix of all features together.
        "is_strong": significant["cause"].eq("mix").any() and excludes_zero(low, high),
        "statement": "",
    }
    is_named = significant["feature"].eq(part.feature).any()
    if part.unexplained_pp == 0 and not is_named:  # no segment of it is a cause
        return [mix]
    return [mix, rate | {"label": f"{feature_label(part.feature)}: rate", "is_strong": is_named}]


def _step(effect: dict[str, Any], start: float) -> dict[str, Any]:
    """A row of `waterfall_steps`. start: the win rate from which the step goes on, a share."""
    value, (low, high), is_strong = effect["value"], effect["interval"], bool(effect["is_strong"])
    interval = "no interval" if pd.isna(low) else wording.interval(low, high)
    strong, pale = (HURTS, PALE_HURTS) if value < 0 else (HELPS, PALE_HELPS)
    return {
        "label": effect["label"],
        "start": start,
        "end": start + value / 100,
        "colour": strong if is_strong else pale,
        "is_strong": is_strong,
        "text": f"{value:+z.1f}",
        "hover": [
            f"{value:+z.1f} points, {interval}",
            "" if is_strong else "not statistically significant",
            effect["statement"],
        ],
    }


def _rate_step(name: str, rate: float, n_deals: float) -> dict[str, Any]:
    text = wording.percent(rate)
    return {
        "label": name,
        "start": np.nan,  # from the edge of the picture
        "end": rate,
        "colour": NEUTRAL,
        "is_strong": False,
        "text": text,
        "hover": [f"{text} of {known(n_deals, wording.deals)}"],
    }


def _axis_range(steps: pd.DataFrame) -> list[float]:
    """The ends of the axis, as shares: all steps and some room beside them."""
    reached = pd.concat([steps["start"], steps["end"]])
    low, high = reached.min(), reached.max()
    margin = max((high - low) * 0.15, (MIN_SPAN - (high - low)) / 2)
    return [max(low - margin, 0.0), min(high + margin, 1.0)]
