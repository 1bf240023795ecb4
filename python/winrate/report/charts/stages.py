"""The funnel: what became of the deals that entered each stage, as stacked bars."""

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.charts.figure import figure, hover, label_rows, numbers
from winrate.report.style import HELPS, HURTS, NEUTRAL, PALE_HURTS
from winrate.report.text import known, label, span

# The colour and the meaning of each share, in the order of the bars.
OUTCOMES = {
    "went_on": (HELPS, "went on to a later stage, or won"),
    "still_there": (NEUTRAL, "still in the stage"),
    "went_back": (PALE_HURTS, "went back to an earlier stage"),
    "lost": (HURTS, "lost"),
}


def stage_figure(stages: pd.DataFrame) -> go.Figure:
    """One bar per stage, the first one at the top.

    stages: one row per stage in the order of the funnel, with the columns of
        drivers.stage_conversion. A stage without shares has no bar.
    """
    made = figure(
        [_trace(stages, share, colour, meaning) for share, (colour, meaning) in OUTCOMES.items()],
        height=60 + 36 * len(stages),
    )
    made.update_layout(barmode="stack", bargap=0.28, showlegend=False)
    made.update_xaxes(range=[0, 1], tickformat=".0%")
    label_rows(made, stages["deal_stage"])
    return made


def _trace(stages: pd.DataFrame, share: str, colour: str, meaning: str) -> go.Bar:
    columns = [f"{share}_rate", f"{share}_rate_low", f"{share}_rate_high"]
    return go.Bar(
        orientation="h",
        y=list(range(len(stages))),
        x=numbers(stages[columns[0]]),
        name=meaning,
        marker={"color": colour},
        hovertext=[
            hover(
                label(stage),
                [
                    f"{known(rate, wording.percent)} {meaning}"
                    f" (95% interval {span(low, high, wording.percent)})"
                ],
            )
            for stage, rate, low, high in stages[["deal_stage", *columns]].itertuples(index=False)
        ],
        hoverinfo="text",
    )
