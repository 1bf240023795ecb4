"""What changed: the win rate by quarter, and every comparison of two periods."""

from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Heading, Paragraph, Section, Table
from winrate.report.charts.trend import period_name, trend_figure
from winrate.report.data import Data
from winrate.report.text import feature_label, known, reasoned, signed, span

TREND = """
    select
        period_start, n_deals, win_rate, win_rate_low, win_rate_high,
        coalesce(is_complete, false) as is_complete
    from drivers.win_rate_trend
    where basis = 'closed' and grain = 'quarter' and win_rate is not null
    order by period_start
"""
NOT_IN_IT = "select message from quality.data_checks where check_name = 'date_is_missing'"
COMPARISONS = """
    select
        comparison, basis, before_start, before_end, after_start, after_end, n_before, n_after,
        win_rate_before, win_rate_after, change_pp, change_pp_low, change_pp_high, detectable_pp,
        verdict, inconclusive_because
    from drivers.win_rate_change
    order by is_primary desc nulls last, comparison, basis
"""


def section(data: Data) -> Section:
    """The win rate by quarter, and the table of all comparisons."""
    not_in_it = [Paragraph(known(message)) for message in data.rows(NOT_IN_IT)["message"]]
    comparisons = _comparisons(data.rows(COMPARISONS), data.fiscal_year_start_month)
    return Section("trend", "What changed", [*_trend(data), *not_in_it, comparisons])


def _trend(data: Data) -> list[Block]:
    trend = data.rows(TREND)
    if trend.empty:
        return [Paragraph("No deal has closed yet, so there is no trend.")]
    title = "Win rate by quarter of closing"
    return [
        Heading(title),
        Chart("trend", title, trend_figure(trend, data.change, data.fiscal_year_start_month)),
        Guide(
            "The thick lines are the win rates of the two periods that are compared, and their "
            "bands the 95% intervals; the arrow is the change, which is what is tested. A single "
            "quarter has fewer deals and a wider interval, so it says less. A hollow point is a "
            "quarter that the data do not cover in full, or in which slow deals could not close "
            "yet."
        ),
    ]


def _comparisons(changes: pd.DataFrame, start_month: int) -> Block:
    if changes.empty:
        return Paragraph("There are not enough complete quarters to compare.")
    return Table(
        [
            {
                "Comparison": feature_label(row.comparison),
                "Deals": known(row.basis),
                "Before": _period(row, "before", start_month),
                "After": _period(row, "after", start_month),
                "Change": signed(row.change_pp),
                "95% interval": span(row.change_pp_low, row.change_pp_high, signed),
                "Detectable drop": known(row.detectable_pp, "{:.1f}".format),
                "Verdict": reasoned(row.verdict, row.inconclusive_because),
            }
            for row in changes.itertuples()
        ],
        numbers=frozenset(["Change", "95% interval", "Detectable drop"]),
        caption=(
            "Complete quarters are compared, or the first months of the running quarter with those "
            "of the one before, in points of win rate. The verdict is corrected for the number of "
            "comparisons; a drop smaller than the detectable one would usually be missed."
        ),
    )


def _period(row: Any, name: str, start_month: int) -> str:
    """'2025 Q3 to 2025 Q4: 45.9% of 1,398'."""
    periods = period_name(row, name, start_month)
    rate = known(getattr(row, f"win_rate_{name}"), wording.percent)
    n_deals = known(getattr(row, f"n_{name}"), wording.count)
    return f"{periods}{': ' if periods else ''}{rate} of {n_deals}"
