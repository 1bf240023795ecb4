"""The pictures of the report: Plotly figures for the page, matplotlib figures for files.

Each bar chart is decided once, as `Bars`: order, colours, labels and words. Both libraries draw
from that, so that the page and the files cannot differ. Whatever comes from the data passes
through `label` and, where Plotly would read it as markup, through `_plotly_text`.
"""

import html
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from winrate import wording
from winrate.statistics.change_model import BASELINE
from winrate.statistics.shrinkage import funnel_limits

TITLE = "Win Rate Drivers"
HELPS, HURTS = "#1f77b4", "#ff7f0e"
# The same hues for what cannot be told from chance.
PALE_HELPS, PALE_HURTS = "#c6dcec", "#ffdfc2"
GRADE_COLOURS = {"A": HELPS, "B": "#8fbbda", "C": "#ffbf86", "D": HURTS}
NEUTRAL = "#aab2b9"
BAND, INK, QUIET, GRID = "#eceff2", "#222222", "#5c6670", "#e3e6e9"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
MAX_LABEL = 42  # characters beside a bar; the whole name stands in the hover text
MAX_BARS = 60  # more of them are a wall, and with 100,000 levels never drawn
MAX_LABELLED_QUARTERS = 12  # more of them leave no room for a number at each
MIN_WATERFALL_SPAN = 0.1  # of win rate: a change of nothing is not blown up to fill the picture
SCORE_BINS = 20  # of the open deals: five points of win probability each


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


def label(text: object) -> str:
    """A name from the data on one line, without control or text-direction characters."""
    return wording.printable(known(text, str).replace("\n", " ")).strip()


def level_label(feature: str, level: object) -> str:
    """('lead_source', 'Partner') -> 'Lead source: Partner'."""
    return f"{wording.feature_title(label(feature))}: {label(level)}"


def recipe_label(encoded: str, features: list[str]) -> str:
    """'cat__lead_source_Partner' -> 'Lead source: Partner'.

    features: names to look for; of two that fit, the longer one is meant.
    """
    kind, _, name = encoded.partition("__")
    if kind == "num":
        return f"{wording.feature_title(label(name))} (per unit)"
    for feature in sorted(features, key=len, reverse=True):
        if name.startswith(f"{feature}_"):
            return level_label(feature, name.removeprefix(f"{feature}_"))
    return label(name or encoded)


def order_bars(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars from most negative to most positive, each with its `colour`.

    bars: `label`, `value` and `is_pale`. Blue helps, orange hurts; pale is the same hue. Of more
    than `MAX_BARS` those that are not pale stay, and then the longest.
    """
    by_weight = bars.assign(length=-bars["value"].abs()).sort_values(["is_pale", "length", "label"])
    bars = by_weight[by_weight["value"].notna()].head(MAX_BARS).drop(columns="length")
    bars = bars.sort_values(["value", "label"], ignore_index=True)
    strong = np.where(bars["value"] < 0, HURTS, HELPS)
    pale = np.where(bars["value"] < 0, PALE_HURTS, PALE_HELPS)
    return bars.assign(colour=np.where(bars["is_pale"], pale, strong))


def _with_number(subtitle: str, values: pd.Series, table: str) -> str:
    """A subtitle that says so where not every bar is shown."""
    n_bars = values.notna().sum()
    if n_bars <= MAX_BARS:
        return subtitle
    return f"{subtitle}; {MAX_BARS} of {wording.count(n_bars)}, the others are in {table}"


def driver_bars(drivers: pd.DataFrame) -> Bars:
    """Effect of each feature level in points of win rate, from drivers.win_rate_drivers."""
    rows = pd.DataFrame(
        {
            "label": [level_label(row.feature, row.level) for row in drivers.itertuples()],
            "value": drivers["effect_pp"],
            "low": drivers["effect_pp_low"],
            "high": drivers["effect_pp_high"],
            "is_pale": ~drivers["evidence"].isin(["helps", "hurts"]),
            "hover": [_driver_hover(row) for row in drivers.itertuples()],
        }
    )
    return Bars(
        subtitle=_with_number(
            "Effect of each level, other things equal, 95% interval",
            drivers["effect_pp"],
            "drivers.win_rate_drivers",
        ),
        axis="percentage points of win rate",
        rows=order_bars(rows),
        legend={
            HELPS: "helps",
            HURTS: "hurts",
            PALE_HELPS: "",
            PALE_HURTS: "cannot be told from chance, or too few deals",
        },
        nothing="No level has an estimate: there are too few won or lost deals to learn from.",
    )


def recipe_bars(importance: pd.DataFrame, features: list[str]) -> Bars:
    """Coefficients of the original recipe, from drivers.importance.

    features: the names of the categorical features, to tell name and level apart.
    """
    names = [recipe_label(feature, features) for feature in importance["feature"]]
    values = importance["coefficient"]
    rows = pd.DataFrame(
        {
            "label": names,
            "value": values,
            "low": np.nan,
            "high": np.nan,
            "is_pale": False,
            "hover": [[f"coefficient {value:+.3g}"] for value in values],
        }
    )
    return Bars(
        subtitle=_with_number(
            "Original recipe: coefficients, without uncertainty", values, "drivers.importance"
        ),
        axis="coefficient (log-odds)",
        rows=order_bars(rows),
        legend={HELPS: "positive", HURTS: "negative"},
        nothing="The original recipe has no coefficients: there are too few closed deals to fit.",
    )


# ---- Plotly


def bar_figure(bars: Bars) -> go.Figure:
    """The bars as a Plotly figure."""
    rows = bars.rows
    places = list(range(len(rows)))
    trace = go.Bar(
        orientation="h",
        y=places,
        x=rows["value"].tolist(),
        marker={"color": rows["colour"].tolist()},
        hovertext=[_hover(row.label, row.hover) for row in rows.itertuples()],
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
    figure = _figure([trace], height=130 + 22 * len(rows), subtitle=bars.subtitle)
    figure.update_layout(bargap=0.28)
    figure.update_xaxes(
        title_text=bars.axis, showgrid=True, gridcolor=GRID, zeroline=True, zerolinecolor=INK
    )
    figure.update_yaxes(
        # Places, not names: two names that look the same are still two bars.
        tickvals=places,
        ticktext=[_plotly_text(_short(name)) for name in rows["label"]],
        range=[len(rows) - 0.4, -0.6],
    )
    return figure


def trend_figure(trend: pd.DataFrame, overall: float) -> go.Figure:
    """Win rate by quarter with its interval, on the band within which chance alone moves it.

    trend: rows of drivers.win_rate_trend, one per quarter, in order, each with a win rate.
    overall: win rate of all closed deals, a share; null where there is none.
    """
    quarters = [quarter_name(start) for start in trend["period_start"]]
    band = {"x": quarters, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    traces = [
        go.Scatter(y=_shares(trend["control_low"]), showlegend=False, **band),
        go.Scatter(
            y=_shares(trend["control_high"]),
            name="what chance alone does (three standard errors)",
            fill="tonexty",
            fillcolor=BAND,
            **band,
        ),
        go.Scatter(
            x=quarters,
            y=[None if pd.isna(overall) else overall] * len(quarters),
            name="all closed deals",
            mode="lines",
            line={"color": QUIET, "width": 1, "dash": "dot"},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=quarters,
            y=_shares(trend["win_rate"].where(trend["is_complete"])),
            mode="lines",
            line={"color": HELPS, "width": 2},
            showlegend=False,
            hoverinfo="skip",
        ),
    ]
    for is_complete, name in [(True, "win rate, 95% interval"), (False, "incomplete quarter")]:
        rows = trend[trend["is_complete"] == is_complete]
        if len(rows):
            traces.append(_quarter_points(rows, is_complete, name, len(trend)))
    figure = _figure(traces, height=400)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", "traceorder": "normal"},
        margin={"t": 40},
    )
    figure.update_xaxes(type="category", range=[-0.4, len(quarters) - 0.3])
    # The band of a quarter with few deals may leave the picture; the other points matter more.
    shown = trend[["win_rate", "win_rate_low", "win_rate_high", "control_low", "control_high"]]
    shown.loc[~trend["is_complete"], ["control_low", "control_high"]] = np.nan
    figure.update_yaxes(
        title_text="win rate",
        tickformat=".0%",
        showgrid=True,
        gridcolor=GRID,
        range=[max(shown.min(axis=None) - 0.02, 0), min(shown.max(axis=None) + 0.02, 1)],
    )
    return figure


def open_deals_figure(score_bins: pd.DataFrame) -> go.Figure:
    """Number of open deals by win probability, coloured by grade.

    score_bins: one row per grade and `score_bin` (0 to SCORE_BINS - 1), with `n_deals` and
        `open_amount`.
    """
    width = 100 / SCORE_BINS
    traces = []
    for grade in sorted(score_bins["grade"].unique()):
        rows = score_bins[score_bins["grade"] == grade]
        name = _plotly_text(f"grade {label(grade)}")
        start = rows["score_bin"].astype(float) * width
        hover = [
            f"{name}, win probability {low:.0f} to {low + width:.0f}%<br>"
            f"{wording.deals(n, 'open deal')}, amount {known(amount, wording.count)}"
            for low, n, amount in zip(start, rows["n_deals"], rows["open_amount"], strict=True)
        ]
        traces.append(
            go.Bar(
                name=name,
                x=(start + width / 2).tolist(),
                y=rows["n_deals"].tolist(),
                width=width * 0.92,
                marker={"color": GRADE_COLOURS.get(grade, QUIET)},
                hovertext=hover,
                hoverinfo="text",
            )
        )
    figure = _figure(traces, height=320)
    figure.update_layout(
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", "traceorder": "normal"},
        margin={"t": 40},
    )
    figure.update_xaxes(
        title_text="win probability",
        ticksuffix="%",
        dtick=10,
        range=[-1, 102],
        ticklabelstandoff=6,
    )
    figure.update_yaxes(title_text="open deals", showgrid=True, gridcolor=GRID, rangemode="tozero")
    return figure


def waterfall_steps(parts: pd.DataFrame, change: pd.Series) -> pd.DataFrame:
    """The steps from the win rate before to the win rate after.

    parts: rows of drivers.win_rate_change_model of one comparison, in order; change: the row of
        drivers.win_rate_change.
    Returns one row per step, the first and the last being the two win rates: `label`, `start` and
    `end` (shares), `colour`, `is_strong` (more than chance), `text` and `hover`. No rows where
    there is nothing to split.
    """
    columns = ["label", "start", "end", "colour", "is_strong", "text", "hover"]
    nothing = pd.DataFrame(columns=columns)
    parts = parts[parts["explained_pp"].notna() & parts["unexplained_pp"].notna()]
    before, after = change["win_rate_before"], change["win_rate_after"]
    if parts.empty or pd.isna(before) or pd.isna(after):
        return nothing
    rows = [_rate_step("win rate before", before, change["n_before"])]
    level = before
    for part in parts.itertuples():
        is_baseline = part.feature == BASELINE
        name = "All deals alike" if is_baseline else wording.feature_title(label(part.feature))
        # A rate step has a test that allows for the number of features, a mix step an interval.
        for kind, value, low, high, is_strong in [
            (
                "mix",
                part.explained_pp,
                part.explained_pp_low,
                part.explained_pp_high,
                part.explained_pp_low > 0 or part.explained_pp_high < 0,
            ),
            (
                "rate",
                part.unexplained_pp,
                part.unexplained_pp_low,
                part.unexplained_pp_high,
                part.evidence in ("got worse", "got better"),
            ),
        ]:
            if is_baseline and kind == "mix":  # no feature, no mix
                continue
            interval = "no interval" if pd.isna(low) else wording.interval(low, high)
            colours = (HURTS, PALE_HURTS) if value < 0 else (HELPS, PALE_HELPS)
            rows.append(
                {
                    "label": name if is_baseline else f"{name}: {kind}",
                    "start": level,
                    "end": level + value / 100,
                    "colour": colours[0 if is_strong else 1],
                    "is_strong": is_strong,
                    "text": f"{value:+z.1f}",
                    "hover": [
                        f"{value:+z.1f} points, {interval}",
                        "" if is_strong else "cannot be told from chance",
                        label(part.statement) if kind == "rate" else "",
                    ],
                }
            )
            level += value / 100
    rows.append(_rate_step("win rate after", after, change["n_after"]))
    return pd.DataFrame(rows, columns=columns)


def waterfall_figure(steps: pd.DataFrame) -> go.Figure:
    """The steps as bars from the top down, each where the one above it ends."""
    # Plotly's own waterfall has one colour for all rises; a bar with a base may have its own.
    ends = steps.loc[steps["start"].notna(), ["start", "end"]].to_numpy()
    rates = steps["end"].iloc[[0, -1]]
    low, high = min(ends.min(), rates.min()), max(ends.max(), rates.max())
    margin = max((high - low) * 0.15, (MIN_WATERFALL_SPAN - (high - low)) / 2)
    floor = max(low - margin, 0.0)
    start = steps["start"].fillna(floor)
    places = list(range(len(steps)))
    bars = go.Bar(
        orientation="h",
        y=places,
        base=start.tolist(),
        x=(steps["end"] - start).tolist(),
        marker={"color": steps["colour"].tolist()},
        hovertext=[_hover(row.label, row.hover) for row in steps.itertuples()],
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
    names = go.Scatter(
        # Beside the bars, since a text of a bar that is nearly nothing has no room.
        x=np.maximum(start, steps["end"]).tolist(),
        y=places,
        mode="text",
        text=[f"  {text}" for text in steps["text"]],
        textposition="middle right",
        textfont={"size": 12, "color": [INK if s else QUIET for s in steps["is_strong"]]},
        hoverinfo="skip",
        cliponaxis=False,
    )
    figure = _figure([bars, connectors, names], height=90 + 24 * len(steps))
    figure.update_layout(bargap=0.3)
    figure.update_xaxes(
        title_text="win rate",
        tickformat=".1~%",
        showgrid=True,
        gridcolor=GRID,
        range=[floor, min(high + margin, 1.0)],
    )
    figure.update_yaxes(
        tickvals=places,
        ticktext=[_plotly_text(_short(name)) for name in steps["label"]],
        ticklabelstandoff=6,
        range=[len(steps) - 0.4, -0.6],
    )
    return figure


def funnel_figure(reps: pd.DataFrame) -> go.Figure:
    """Win rate by number of deals, a point per rep, in the funnel of what chance alone does.

    reps: rows of drivers.rep_performance, by `n_deals`, each with a win rate.
    """
    n_deals = reps["n_deals"].tolist()
    overall = float((reps["win_rate"] * reps["n_deals"]).sum() / reps["n_deals"].sum())
    # The table has the limits at each rep; the curves run between and beyond the reps too.
    ends = np.array([0.9 * min(n_deals), 1.1 * max(n_deals)]).clip(min=1)
    curve = pd.Series(np.unique([*np.geomspace(*ends, 60).round(), *n_deals]))
    traces = []
    for dash, coverage, name in [("dash", 0.95, "95% limits"), ("dot", 0.998, "99.8% limits")]:
        limits = funnel_limits(overall, curve, coverage)
        for end in ("low", "high"):
            traces.append(
                go.Scatter(
                    x=curve.tolist(),
                    y=_shares(limits[end]),
                    name=name,
                    mode="lines",
                    line={"color": QUIET, "width": 1, "dash": dash},
                    showlegend=end == "low",
                    hoverinfo="skip",
                )
            )
    traces.append(
        go.Scatter(
            x=[curve.iloc[0], curve.iloc[-1]],
            y=[overall, overall],
            name="all reps",
            mode="lines",
            line={"color": INK, "width": 1},
            hoverinfo="skip",
        )
    )
    colours = {"above": HELPS, "below": HURTS}
    traces.append(
        go.Scatter(
            x=n_deals,
            y=_shares(reps["win_rate"]),
            name="rep",
            mode="markers+text",
            marker={
                "size": 10,
                "color": [colours.get(evidence, NEUTRAL) for evidence in reps["evidence"]],
                "line": {"color": "white", "width": 1},
            },
            text=[
                _plotly_text(_short(label(row.sales_rep_id))) if row.evidence in colours else ""
                for row in reps.itertuples()
            ],
            textposition="top center",
            hovertext=[
                _hover(
                    label(row.sales_rep_id),
                    [
                        f"win rate {wording.percent(row.win_rate)} of "
                        f"{wording.deals(row.n_deals)}; expect "
                        f"{known(row.shrunk_win_rate, wording.percent)}",
                        label(row.statement if not pd.isna(row.statement) else ""),
                    ],
                )
                for row in reps.itertuples()
            ],
            hoverinfo="text",
            showlegend=False,
            cliponaxis=False,
        )
    )
    figure = _figure(traces, height=400)
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "y": 1.0, "x": 0, "yanchor": "bottom", "traceorder": "normal"},
        margin={"t": 40},
    )
    figure.update_xaxes(
        title_text="closed deals",
        tickformat=",d",
        dtick=1 if curve.iloc[-1] - curve.iloc[0] < 10 else None,  # no half deals
        showgrid=True,
        gridcolor=GRID,
    )
    figure.update_yaxes(title_text="win rate", tickformat=".0%", showgrid=True, gridcolor=GRID)
    return figure


def quarter_name(start: pd.Timestamp) -> str:
    """The first day of a quarter -> '2026 Q1'."""
    return f"{start.year} Q{start.quarter}"


def known(value: object, form) -> str:
    """`form(value)`, or a dash where the value is null."""
    return "-" if pd.isna(value) else form(value)


def _figure(traces: list, height: int, subtitle: str | None = None) -> go.Figure:
    figure = go.Figure(traces)
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        font={"family": FONT, "size": 13, "color": INK},
        hoverlabel={"bgcolor": "white", "align": "left", "font": {"family": FONT, "size": 13}},
        showlegend=False,
        dragmode=False,
    )
    axis = {"automargin": True, "fixedrange": True, "zeroline": False, "showgrid": False}
    figure.update_xaxes(title={"font": {"size": 13}, "standoff": 8}, **axis)
    figure.update_yaxes(title={"font": {"size": 13}, "standoff": 8}, **axis)
    if subtitle:
        figure.update_layout(
            title={
                "text": TITLE,
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
    return figure


def _rate_step(name: str, rate: float, n_deals: float) -> dict:
    text = wording.percent(rate)
    return {
        "label": name.capitalize(),
        "start": np.nan,  # from the edge of the picture
        "end": rate,
        "colour": NEUTRAL,
        "is_strong": False,
        "text": text,
        "hover": [f"{text} of {known(n_deals, wording.deals)}"],
    }


def _quarter_points(
    rows: pd.DataFrame, is_complete: bool, name: str, n_quarters: int
) -> go.Scatter:
    note = "" if is_complete else "<br>incomplete"
    win_rates = [wording.percent(rate) for rate in rows["win_rate"]]
    return go.Scatter(
        x=[quarter_name(start) for start in rows["period_start"]],
        y=_shares(rows["win_rate"]),
        name=name,
        mode="markers+text" if n_quarters <= MAX_LABELLED_QUARTERS else "markers",
        text=[f"{rate}{note}" for rate in win_rates],
        textposition="top right",
        textfont={"color": INK if is_complete else QUIET, "size": 12},
        cliponaxis=False,
        marker={
            "size": 10,
            "color": HELPS if is_complete else "white",
            "line": {"color": HELPS if is_complete else "#8fbbda", "width": 2},
        },
        error_y={
            "type": "data",
            "symmetric": False,
            "array": _shares(rows["win_rate_high"] - rows["win_rate"]),
            "arrayminus": _shares(rows["win_rate"] - rows["win_rate_low"]),
            "color": HELPS if is_complete else "#8fbbda",
            "thickness": 1.2,
            "width": 4,
        },
        hovertext=[
            f"{quarter_name(row.period_start)}: {rate} of {known(row.n_deals, wording.deals)}"
            f"<br>95% interval {known(row.win_rate_low, wording.percent)}"
            f" to {known(row.win_rate_high, wording.percent)}"
            f"<br>chance alone: {known(row.control_low, wording.percent)}"
            f" to {known(row.control_high, wording.percent)}{note}"
            for row, rate in zip(rows.itertuples(), win_rates, strict=True)
        ],
        hoverinfo="text",
    )


def _shares(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else float(value) for value in values]


def _driver_hover(row) -> list[str]:
    interval = "no interval"
    if not pd.isna(row.effect_pp_low):
        interval = wording.interval(row.effect_pp_low, row.effect_pp_high)
    at_close = " (known at close)" if row.known_at == "close" else ""
    return [
        f"effect {known(row.effect_pp, '{:+.1f} points'.format)}, {interval}{at_close}",
        f"{known(row.n_deals, wording.deals)}, win rate {known(row.win_rate, wording.percent)}",
        f"q-value {known(row.q_value, lambda q: 'below 0.001' if q < 0.001 else f'{q:.2g}')}",
        label(row.statement if not pd.isna(row.statement) else ""),
    ]


def _hover(name: str, lines: list[str]) -> str:
    """Lines of plain text as Plotly's markup, the name in bold."""
    bold = [f"<b>{_plotly_text(part)}</b>" for part in textwrap.wrap(name, 70)]
    plain = [_plotly_text(part) for line in lines for part in textwrap.wrap(line, 70)]
    return "<br>".join(bold + plain)


def _plotly_text(text: str) -> str:
    """Text that Plotly shows as it is; it knows the three entities and not the one for quotes."""
    return html.escape(text, quote=False)


def _short(name: str) -> str:
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


# ---- matplotlib


def write_bars(bars: Bars, path: Path) -> None:
    """Write the bars as `path`.svg and `path`.png; the same bars give the same bytes."""
    style = {
        "svg.hashsalt": TITLE,
        "svg.fonttype": "none",  # text stays text: small, searchable, and in the reader's fonts
        "axes.edgecolor": GRID,
        "text.color": INK,
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,  # a dollar in a name is a dollar
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # A script that the font lacks: boxes in the PNG, and nothing lost in the SVG.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = _bar_drawing(bars)
        figure.savefig(path.with_suffix(".svg"), metadata={"Date": None, "Creator": None})
        figure.savefig(path.with_suffix(".png"), dpi=150, metadata={"Software": None})


def _bar_drawing(bars: Bars) -> Figure:
    rows = bars.rows
    inches = 1.6 + 0.26 * max(len(rows), 4)
    figure = Figure(figsize=(10, inches), layout="constrained")
    axes = figure.add_subplot()
    figure.suptitle(TITLE, x=0.01, ha="left", fontsize=15, fontweight="bold")
    axes.set_title(" ", fontsize=10)  # room for the subtitle, which stands under the title
    figure.text(0.01, 1 - 0.45 / inches, bars.subtitle, va="center", fontsize=10, color=QUIET)
    if rows.empty:
        axes.set_axis_off()
        axes.text(0.5, 0.5, bars.nothing, ha="center", va="center", fontsize=11)
        return figure
    places = np.arange(len(rows))
    axes.barh(places, rows["value"], color=rows["colour"], height=0.74, zorder=2)
    with_interval = rows["low"].notna() & rows["high"].notna()
    known_rows = rows[with_interval]
    axes.errorbar(
        known_rows["value"],
        places[with_interval],
        xerr=[known_rows["value"] - known_rows["low"], known_rows["high"] - known_rows["value"]],
        fmt="none",
        ecolor=INK,
        elinewidth=1,
        capsize=2,
        zorder=3,
    )
    axes.axvline(0, color=INK, linewidth=0.8, zorder=4)
    axes.set_yticks(places, [_short(name) for name in rows["label"]], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(bars.axis, fontsize=9)
    axes.tick_params(length=0)
    axes.grid(axis="x", color=GRID, zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    figure.legend(
        [Patch(color=colour) for colour in bars.legend],
        list(bars.legend.values()),
        loc="outside lower center",
        ncols=len(bars.legend),
        frameon=False,
        fontsize=9,
        columnspacing=1.2,
    )
    return figure
