"""The win rate by quarter, and the two periods whose win rates are compared."""

import math
import textwrap
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report import style
from winrate.report.charts.figure import error_bars, figure, numbers, plotly_text
from winrate.report.text import known, reasoned, signed, span

MAX_LABELLED_QUARTERS = 12  # with more there is no room for a number at each
NAMES, SIDES = ("before", "after"), ("low", "high")  # of a row of drivers.win_rate_change
BESIDE, BESIDE_LETTERS = 130, 18  # pixels, and letters per line, of the text at the right
QUARTER = pd.DateOffset(months=3)
# What changed is coloured as it is everywhere on the page: line and band.
COLOURS = {
    "declined": (style.HURTS, style.PALE_HURTS),
    "improved": (style.HELPS, style.PALE_HELPS),
}
UNCHANGED = (style.QUIET, style.BAND)


def trend_figure(trend: pd.DataFrame, change: pd.Series | None, start_month: int) -> go.Figure:
    """Win rate by quarter, and what is tested: the win rates of two periods and their difference.

    trend: rows of drivers.win_rate_trend, one per quarter, in order, each with a win rate.
    change: the row of drivers.win_rate_change that the page is about; None where there is none.
    start_month: the month in which the fiscal year starts.
    """
    trend = trend.assign(
        quarter=[wording.quarter_name(day, start_month) for day in trend["period_start"]]
    )
    start, end = trend["period_start"].iloc[0], trend["period_start"].iloc[-1] + QUARTER
    traces, shown = _quarters(trend), [trend["win_rate_low"], trend["win_rate_high"]]
    is_compared = change is not None and not pd.isna(change["change_pp"])
    if is_compared:
        traces = [*_periods(change, start_month), *traces]
        shown += [change[[f"win_rate_{name}_{side}" for name in NAMES for side in SIDES]]]
    made = figure(traces, height=420, has_legend=True)
    if is_compared:
        end += (end - start) * 0.03
        _add_difference(made, change, at=end)
    named = trend[:: math.ceil(len(trend) / MAX_LABELLED_QUARTERS)]
    made.update_xaxes(
        type="date",
        range=[start, end],
        tickvals=_middles(named["period_start"]),
        ticktext=list(named["quarter"]),
    )
    reached = pd.concat(shown).astype(float)
    made.update_yaxes(
        title_text="win rate",
        tickformat=".0%",
        showgrid=True,
        gridcolor=style.GRID,
        range=[max(reached.min() - 0.02, 0), min(reached.max() + 0.02, 1)],
    )
    return made


def period_name(change: Any, name: str, start_month: int) -> str:
    """'2025 Q3 to 2025 Q4', or '2026-04 to 2026-05' of a running quarter; '' without dates."""
    days = [pd.Timestamp(getattr(change, f"{name}_{end}")) for end in ("start", "end")]
    if any(pd.isna(day) for day in days):
        return ""
    bounds = [days[0], days[1] + pd.Timedelta(days=1)]  # the end is the last day
    is_whole = all(day.day == 1 and (day.month - start_month) % 3 == 0 for day in bounds)
    names = [wording.quarter_name(day, start_month) if is_whole else f"{day:%Y-%m}" for day in days]
    return " to ".join(dict.fromkeys(names))


# ---- what is tested


def _periods(change: pd.Series, start_month: int) -> list[go.Scatter]:
    """The win rate of each period over its days, on the band of its interval."""
    traces = []
    for name, (line, band) in zip(NAMES, [UNCHANGED, _colours(change)], strict=True):
        rate, low, high = (change[f"win_rate_{name}{end}"] for end in ("", "_low", "_high"))
        days = [change[f"{name}_start"], change[f"{name}_end"]]
        period = period_name(change, name, start_month)
        hovertext = (
            f"{period}: {wording.percent(rate)} of {wording.deals(change[f'n_{name}'])}"
            f"<br>95% interval {span(low, high, wording.percent)}"
        )
        traces += [
            go.Scatter(
                x=[*days, *reversed(days)],
                y=[low, low, high, high],
                mode="lines",
                line={"width": 0},
                fill="toself",
                fillcolor=band,
                showlegend=False,
                hoverinfo="skip",
            ),
            go.Scatter(
                x=days,
                y=[rate, rate],
                name=f"{name}: {period}, with 95% interval",
                mode="lines",
                line={"color": line, "width": 4},
                hovertext=hovertext,
                hoverinfo="text",
            ),
        ]
    return traces


def _add_difference(made: go.Figure, change: pd.Series, at: pd.Timestamp) -> None:
    """An arrow from the earlier win rate to the later one at this day, and what it amounts to."""
    before, after = change["win_rate_before"], change["win_rate_after"]
    colour, _ = _colours(change)
    made.add_shape(
        type="line",
        x0=change["before_end"],
        x1=at,
        y0=before,
        y1=before,
        line={"color": style.QUIET, "width": 1, "dash": "dot"},
    )
    made.add_annotation(
        x=at,
        y=after,
        ax=at,
        ay=before,
        axref="x",
        ayref="y",
        arrowhead=2,
        arrowcolor=colour,
        text="",
    )
    for name in NAMES:
        made.add_annotation(
            x=change[f"{name}_start"],
            y=change[f"win_rate_{name}"],
            xanchor="left",
            yanchor="top",
            xshift=2,
            yshift=-3,
            showarrow=False,
            text=f"<b>{wording.percent(change[f'win_rate_{name}'])}</b>",
            font={"color": style.INK, "size": 14},
        )
    verdict = reasoned(change["verdict"], change["inconclusive_because"])
    lines = [
        f"<b>{signed(change['change_pp'])} points</b>",
        f"95% interval<br>{span(change['change_pp_low'], change['change_pp_high'], signed)}",
        *map(plotly_text, textwrap.wrap(verdict, BESIDE_LETTERS)),
    ]
    made.update_layout(margin={"r": BESIDE})
    made.add_annotation(
        x=1,
        xref="paper",
        y=(before + after) / 2,
        xshift=8,
        xanchor="left",
        align="left",
        showarrow=False,
        text="<br>".join(lines),
        font={"color": style.INK, "size": 13},
    )


def _colours(change: pd.Series) -> tuple[str, str]:
    return COLOURS.get(change["verdict"], UNCHANGED)


# ---- the quarters


def _quarters(trend: pd.DataFrame) -> list[go.Scatter]:
    has_labels = len(trend) <= MAX_LABELLED_QUARTERS
    traces = []
    for is_complete, name in [
        (True, "a quarter, with 95% interval"),
        (False, "incomplete quarter"),
    ]:
        rows = trend[trend["is_complete"] == is_complete]
        if len(rows):
            traces.append(_points(rows, is_complete, name, has_labels))
    return traces


def _middles(starts: pd.Series) -> list[pd.Timestamp]:
    """The middle of each quarter, by its first day."""
    return [start + (start + QUARTER - start) / 2 for start in starts]


def _points(rows: pd.DataFrame, is_complete: bool, name: str, has_labels: bool) -> go.Scatter:
    note = "" if is_complete else "<br>incomplete"
    return go.Scatter(
        x=_middles(rows["period_start"]),
        y=numbers(rows["win_rate"]),
        name=name,
        mode="markers+text" if has_labels else "markers",
        text=[wording.percent(rate) for rate in rows["win_rate"]],
        textposition="top right",
        textfont={"color": style.QUIET, "size": 12},
        cliponaxis=False,
        marker={
            "size": 8,
            "color": style.QUIET if is_complete else "white",
            "line": {"color": style.QUIET, "width": 1.5},
        },
        error_y=error_bars(rows["win_rate"], rows["win_rate_low"], rows["win_rate_high"]),
        hovertext=[
            f"{row.quarter}: {wording.percent(row.win_rate)} of "
            f"{known(row.n_deals, wording.deals)}"
            f"<br>95% interval {span(row.win_rate_low, row.win_rate_high, wording.percent)}{note}"
            for row in rows.itertuples()
        ],
        hoverinfo="text",
    )
