"""What all Plotly figures share: the layout, the axes, and how text is escaped."""

import html
import textwrap

import pandas as pd
import plotly.graph_objects as go

from winrate import wording
from winrate.report.style import FONT, INK, LEGEND, NEUTRAL, QUIET

MAX_LABEL = 42  # characters beside a bar or a point; the hover text has the whole name
MAX_HOVER = 70  # characters per line of the hover text


def figure(traces: list, height: int, has_legend: bool = False) -> go.Figure:
    """A figure of these traces, `height` in pixels and as wide as the page."""
    made = go.Figure(traces)
    made.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 16, "t": 40 if has_legend else 8, "b": 8},
        font={"family": FONT, "size": 13, "color": INK},
        hoverlabel={"bgcolor": "white", "align": "left", "font": {"family": FONT, "size": 13}},
        showlegend=has_legend,
        legend=LEGEND if has_legend else None,
        dragmode=False,
    )
    axis = {"automargin": True, "fixedrange": True, "zeroline": False, "showgrid": False}
    made.update_xaxes(title={"font": {"size": 13}, "standoff": 8}, **axis)
    made.update_yaxes(title={"font": {"size": 13}, "standoff": 8}, **axis)
    return made


def add_title(made: go.Figure, title: str, subtitle: str) -> None:
    """Give a figure a title and, below it, a subtitle."""
    made.update_layout(
        title={
            "text": title,
            "subtitle": {"text": subtitle, "font": {"size": 13, "color": QUIET}},
            "font": {"size": 18, "weight": 600},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 8, "t": 8},
        },
        margin={"t": 64},
    )


def label_rows(made: go.Figure, labels: pd.Series) -> None:
    """Name the rows of a chart of horizontal bars, which stand at 0, 1, ... from the top."""
    made.update_yaxes(
        # Numbers, not names: two names that look the same are still two rows.
        tickvals=list(range(len(labels))),
        ticktext=[plotly_text(short(name)) for name in labels],
        range=[len(labels) - 0.4, -0.6],
    )


def plotly_text(text: str) -> str:
    """Text that Plotly shows unchanged: it reads &lt;, &gt; and &amp;, but no entity of quotes."""
    return html.escape(text, quote=False)


def hover(name: str, lines: list[str]) -> str:
    """Lines of plain text as Plotly's markup, the name in bold."""
    bold = [f"<b>{plotly_text(part)}</b>" for part in textwrap.wrap(name, MAX_HOVER)]
    plain = [plotly_text(part) for line in lines for part in textwrap.wrap(line, MAX_HOVER)]
    return "<br>".join(bold + plain)


def short(name: str) -> str:
    """A name of at most `MAX_LABEL` characters."""
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


def numbers(values: pd.Series) -> list[float | None]:
    """Numbers for Plotly, which draws nothing where there is none."""
    return [None if pd.isna(value) else float(value) for value in values]


def error_bars(values: pd.Series, low: pd.Series, high: pd.Series) -> dict:
    """The intervals of points, for `error_y`."""
    return {
        "type": "data",
        "symmetric": False,
        "array": numbers(high - values),
        "arrayminus": numbers(values - low),
        "color": NEUTRAL,
        "thickness": 1,
        "width": 3,
    }


def subtitle_with_number(subtitle: str, n_all: int, n_most: int, table: str) -> str:
    """A subtitle that says where no more than `n_most` of all marks are shown, and what has all."""
    if n_all <= n_most:
        return subtitle
    return f"{subtitle}; {n_most:,} of {wording.count(n_all)}, the others are in {table}"
