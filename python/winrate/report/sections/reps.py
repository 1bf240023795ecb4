"""The win rates of the sales reps, against what is expected by chance."""

import numpy as np
import pandas as pd

from winrate import wording
from winrate.report.blocks import Chart, Guide, Key, Paragraph, Section
from winrate.report.charts.figure import subtitle_with_number
from winrate.report.charts.funnel import MAX_POINTS, funnel_figure
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS, NEUTRAL

REPS = """
    select
        sales_rep_id, n_deals, win_rate, expected_win_rate, adjusted_win_rate, evidence, statement,
        funnel_low_95, funnel_high_95, funnel_low_998, funnel_high_998, between_rep_sd, chance_sd,
        spread_p_value, spread_evidence
    from drivers.rep_performance
    where n_deals > 0 and sales_rep_id != 'Unknown'
    order by n_deals, sales_rep_id
"""


def section(data: Data) -> Section:
    """Whether the reps differ, and the funnel plot."""
    reps = data.rows(REPS)
    if reps.empty:
        return Section("reps", "Reps", [Paragraph("No rep has closed a deal yet.")])
    return Section(
        "reps",
        "Reps",
        [
            Paragraph(spread_sentence(reps)),
            Chart(
                "reps",
                subtitle_with_number(
                    "Adjusted win rate of each rep by number of deals",
                    len(reps),
                    MAX_POINTS,
                    "drivers.rep_performance",
                ),
                funnel_figure(reps, np.average(reps["win_rate"], weights=reps["n_deals"])),
            ),
            Guide(
                "A point is a rep. Its adjusted win rate is the overall win rate plus the "
                "difference between the rep's win rate and that which others would have with the "
                "same deals. If all reps were equally good, 95% of them would lie between the "
                "dashed lines and 99.8% between the dotted ones; with many reps, some lie outside "
                "by chance.",
                (
                    Key((HELPS,), "wins more than others would,"),
                    Key((HURTS,), "wins less,"),
                    Key((NEUTRAL,), "not statistically significant, or too few deals."),
                ),
            ),
        ],
    )


def spread_sentence(reps: pd.DataFrame) -> str:
    """Whether the reps differ by more than is expected by chance.

    reps: rows of drivers.rep_performance; those on the spread between reps are the same in each.
    """
    row = reps.iloc[0]
    if row["spread_evidence"] not in ("differs", "inconclusive"):
        return "There are too few reps with closed deals to compare them."
    n_apart = int(reps["evidence"].isin(["above", "below"]).sum())
    apart = "1 rep stands out" if n_apart == 1 else f"{wording.count(n_apart)} reps stand out"
    spread = (
        f"The win rates of the {wording.count(len(reps))} reps have a standard deviation of "
        f"{wording.points(100 * row['between_rep_sd'])}; by chance alone it would be "
        f"{wording.points(100 * row['chance_sd'])}."
    )
    p_value = wording.p_value(row["spread_p_value"])
    if row["spread_evidence"] == "differs":
        rest = apart if n_apart else "no single rep stands out"
        return f"{spread} The reps differ more than expected by chance ({p_value}); {rest}."
    rest = f", but {apart}" if n_apart else ", so a ranking of reps would mostly reflect luck"
    differ = f"The differences between reps are not statistically significant ({p_value})"
    return f"{spread} {differ}{rest}."
