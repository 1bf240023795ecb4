"""Why deals are lost: the loss reasons of the latest period, and which of them changed."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Guide, Paragraph, Section, Table
from winrate.report.data import Data
from winrate.report.text import known, label, reasoned, signed, span

# All deals, in the primary comparison or, of a short export, in the first that there is.
LOSSES = """
    select
        comparison, dimension, reason, kind, n_lost_after, n_all_lost_after, lost_amount_after,
        share_after, share_after_low, share_after_high, share_before, change_pp, change_pp_low,
        change_pp_high, q_value, evidence, inconclusive_because, statement
    from drivers.loss_reasons
    where feature is null
    qualify dense_rank() over (order by is_primary desc, comparison) = 1
    order by rank
"""
# In the order of the page: what the tables list.
DIMENSIONS = {"kind": "Kind of loss", "loss_reason": "Loss reason", "competitor": "Competitor"}
MAX_REASONS = 8  # per table


def section(data: Data) -> Section | None:
    """The claims, and a table per dimension; no section where the export names no reason."""
    losses = data.rows(LOSSES)
    if losses.empty:
        return None
    claims = losses[losses["statement"].notna()].sort_values(["q_value", "dimension", "reason"])
    blocks: list[Block] = [Paragraph(label(text)) for text in claims["statement"]]
    if not blocks:
        blocks.append(Paragraph("No share of a loss reason has changed significantly."))
    for dimension, title in DIMENSIONS.items():
        rows = losses[losses["dimension"] == dimension].sort_values(
            ["n_lost_after", "lost_amount_after", "reason"], ascending=[False, False, True]
        )
        if len(rows):
            blocks.append(_table(rows, title, data.amount))
        if len(rows) > MAX_REASONS:
            n_more = wording.count(len(rows) - MAX_REASONS)
            blocks.append(Guide(f"and {n_more} more in drivers.loss_reasons"))
    return Section("losses", "Why deals are lost", [*blocks, _guide(losses)])


def _table(rows: pd.DataFrame, title: str, amount: Callable[[Any], str]) -> Table:
    return Table(
        [_row(row, title, amount) for row in rows.head(MAX_REASONS).itertuples()],
        numbers=frozenset(
            ["Lost deals", "Lost amount", "Share", "Before", "Points", "95% interval"]
        ),
    )


def _row(row: Any, title: str, amount: Callable[[Any], str]) -> dict[str, str]:
    return {
        title: label(row.reason),
        "Lost deals": wording.count(row.n_lost_after),
        "Lost amount": amount(row.lost_amount_after),
        "Share": known(row.share_after, wording.percent),
        "Before": known(row.share_before, wording.percent),
        "Points": signed(row.change_pp),
        "95% interval": span(row.change_pp_low, row.change_pp_high, signed),
        "Evidence": reasoned(row.evidence, row.inconclusive_because),
    }


def _guide(losses: pd.DataFrame) -> Guide:
    comparison = known(losses["comparison"].iloc[0])
    return Guide(
        f"Deals lost in the later period of the comparison '{comparison}', by what the reps stated "
        "when the deal closed; 'Before' is the share in the earlier period, and 'Points' the "
        "change with its interval. Shares are of all lost deals, those without a reason included. "
        "A reason is known only when a deal is over: it describes how deals ended and is no driver."
    )
