"""What moves the win rate: the effect of each feature level."""

from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Key, Paragraph, Section
from winrate.report.charts.bars import MAX_BARS, Bars, bar_figure, order_bars
from winrate.report.charts.figure import subtitle_with_number
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS, PALE_HELPS, PALE_HURTS
from winrate.report.text import enumeration, feature_label, known, label, level_label

DRIVERS = """
    select
        feature, level, n_deals, win_rate, effect_pp, effect_pp_low, effect_pp_high, q_value,
        evidence, inconclusive_because, known_at, statement
    from drivers.win_rate_drivers
    order by feature, level
"""
MAX_LEVELS = 5  # named of those without an estimate
PALE_MEANING = "not statistically significant, or too few deals"


def section(data: Data) -> Section:
    """The effect of each level in points of win rate, and what has no bar."""
    drivers = data.rows(DRIVERS)
    drawn = driver_bars(drivers)
    title = "What moves the win rate"
    if drawn.rows.empty:
        return Section("drivers", title, [Paragraph(drawn.nothing)])
    guide = Guide(
        "A bar is the number of points by which the win rate of the average deal would change if "
        "it had this level and all else stayed the same; the line is the 95% interval.",
        (
            Key((HELPS,), "helps,"),
            Key((HURTS,), "hurts,"),
            Key((PALE_HELPS, PALE_HURTS), f"{PALE_MEANING}."),
        ),
    )
    chart = Chart("drivers", title, bar_figure(drawn))
    return Section("drivers", title, [chart, guide, *_notes(drivers)])


def bars(data: Data) -> Bars:
    """The bars of this section, as the chart file shows them too."""
    return driver_bars(data.rows(DRIVERS))


def driver_bars(drivers: pd.DataFrame) -> Bars:
    """Effect of each feature level in points of win rate, from drivers.win_rate_drivers."""
    rows = pd.DataFrame(
        {
            "label": [level_label(row.feature, row.level) for row in drivers.itertuples()],
            "value": drivers["effect_pp"],
            "low": drivers["effect_pp_low"],
            "high": drivers["effect_pp_high"],
            "is_pale": ~drivers["evidence"].isin(["helps", "hurts"]),
            "hover": [_hover(row) for row in drivers.itertuples()],
        }
    )
    return Bars(
        subtitle=subtitle_with_number(
            "Effect of each level, other things equal, 95% interval",
            drivers["effect_pp"].count(),
            MAX_BARS,
            "drivers.win_rate_drivers",
        ),
        axis="percentage points of win rate",
        rows=order_bars(rows),
        legend={HELPS: "helps", HURTS: "hurts", PALE_HELPS: "", PALE_HURTS: PALE_MEANING},
        nothing="No level has an estimate: there are too few won or lost deals to learn from.",
    )


def _notes(drivers: pd.DataFrame) -> list[Block]:
    notes: list[Block] = []
    if not drivers["evidence"].isin(["helps", "hurts"]).any():
        notes.append(Paragraph("Every bar is pale: no effect is statistically significant."))
    at_close = drivers.loc[drivers["known_at"] == "close", "feature"].unique()
    if len(at_close):
        names = enumeration([feature_label(name) for name in at_close])
        notes.append(
            Guide(
                f"{names} (known at close): known only when a deal is over. Their effects describe "
                "how deals ended; they are not levers."
            )
        )
    for reason, rows in drivers.groupby("inconclusive_because"):
        notes.append(
            Guide(f"{_levels(rows)}: pale although the interval excludes zero ({label(reason)}).")
        )
    without = drivers[drivers["effect_pp"].isna()]
    if len(without):
        notes.append(Guide(f"{_levels(without)}: no estimate, so no bar."))
    return notes


def _levels(rows: pd.DataFrame) -> str:
    names = [level_label(row.feature, row.level) for row in rows.itertuples()]
    n_more = len(names) - MAX_LEVELS
    more = f" and {wording.count(n_more)} more levels" if n_more > 0 else ""
    return ", ".join(names[:MAX_LEVELS]) + more


def _hover(row: Any) -> list[str]:
    interval = "no interval"
    if not pd.isna(row.effect_pp_low):
        interval = wording.interval(row.effect_pp_low, row.effect_pp_high)
    at_close = " (known at close)" if row.known_at == "close" else ""
    return [
        f"effect {known(row.effect_pp, '{:+.1f} points'.format)}, {interval}{at_close}",
        f"{known(row.n_deals, wording.deals)}, win rate {known(row.win_rate, wording.percent)}",
        f"q-value {known(row.q_value, lambda q: 'below 0.001' if q < 0.001 else f'{q:.2g}')}",
        label("" if pd.isna(row.statement) else row.statement),
    ]
