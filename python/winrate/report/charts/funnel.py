"""The win rates of many reps, in a funnel plot."""

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.charts.figure import figure, hover, numbers, plotly_text, short
from winrate.report.style import GRID, HELPS, HURTS, INK, NEUTRAL, QUIET
from winrate.report.text import known, label

MAX_POINTS = 1_000  # a page with 100,000 of them would have 50 MB
COLOURS = {"above": HELPS, "below": HURTS}  # by evidence
LIMITS = [("95", "dash", "95% limits"), ("998", "dot", "99.8% limits")]


def funnel_figure(reps: pd.DataFrame, overall: float) -> go.Figure:
    """Adjusted win rate by number of deals, a point per rep, between the limits of chance.

    The adjusted win rate is the overall one plus what the rep won beyond what others would have
    won with the same deals (Spiegelhalter 2005). Of more than `MAX_POINTS` reps, those above or
    below are kept first, then those with the most deals.

    reps: rows of drivers.rep_performance with closed deals.
    overall: win rate of all closed deals of these reps, a share.
    """
    claims_first = reps.assign(is_pale=~reps["evidence"].isin(COLOURS), fewest=-reps["n_deals"])
    by_weight = claims_first.sort_values(["is_pale", "fewest"], kind="stable")
    reps = by_weight.head(MAX_POINTS).sort_index().sort_values("n_deals", kind="stable")
    ends = [0.97 * reps["n_deals"].iloc[0], 1.03 * reps["n_deals"].iloc[-1]]
    centre = go.Scatter(
        x=ends,
        y=[overall] * 2,
        name="all reps",
        mode="lines",
        line={"color": INK, "width": 1},
        hoverinfo="skip",
    )
    made = figure([*_limits(reps, ends), centre, _points(reps)], height=400, has_legend=True)
    has_few_numbers = ends[1] - ends[0] < 10
    made.update_xaxes(
        title_text="closed deals",
        tickformat=",d",
        dtick=1 if has_few_numbers else None,  # no half deals
        showgrid=True,
        gridcolor=GRID,
    )
    made.update_yaxes(
        title_text="adjusted win rate", tickformat=".0%", showgrid=True, gridcolor=GRID
    )
    return made


def _limits(reps: pd.DataFrame, ends: list[float]) -> list[go.Scatter]:
    """The limits at each number of deals, held level from the outermost reps to the `ends`."""
    by_n = reps.drop_duplicates("n_deals")
    by_n = by_n.iloc[[0, *range(len(by_n)), -1]]
    x = [ends[0], *by_n["n_deals"].iloc[1:-1].tolist(), ends[1]]
    return [
        go.Scatter(
            x=x,
            y=numbers(by_n[f"funnel_{end}_{coverage}"]),
            name=name,
            mode="lines",
            line={"color": QUIET, "width": 1, "dash": dash},
            showlegend=end == "low",
            hoverinfo="skip",
        )
        for coverage, dash, name in LIMITS
        for end in ("low", "high")
    ]


def _points(reps: pd.DataFrame) -> go.Scatter:
    return go.Scatter(
        x=reps["n_deals"].tolist(),
        y=numbers(reps["adjusted_win_rate"]),
        name="rep",
        mode="markers+text",
        marker={
            "size": 10,
            "color": [COLOURS.get(evidence, NEUTRAL) for evidence in reps["evidence"]],
            "line": {"color": "white", "width": 1},
        },
        text=[
            plotly_text(short(label(row.sales_rep_id))) if row.evidence in COLOURS else ""
            for row in reps.itertuples()
        ],
        textposition="top center",
        hovertext=[
            hover(
                label(row.sales_rep_id),
                [
                    f"win rate {wording.percent(row.win_rate)} of {wording.deals(row.n_deals)}; "
                    f"others with the same deals {known(row.expected_win_rate, wording.percent)}",
                    label("" if pd.isna(row.statement) else row.statement),
                ],
            )
            for row in reps.itertuples()
        ],
        hoverinfo="text",
        showlegend=False,
        cliponaxis=False,
    )
