"""The open deals: their win probabilities, grades and expected amounts."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Paragraph, Section, Table
from winrate.report.charts.scores import N_BINS, scores_figure
from winrate.report.data import Data
from winrate.report.text import known, linked, short_name, span, without_blank_columns

MAX_DEALS = 15  # the table has the others

PIPELINE_HEALTH = "select statement from drivers.pipeline_health where statement is not null"
SCORE_BINS = f"""
    select
        grade,
        cast(least(floor(win_probability * {N_BINS}), {N_BINS} - 1) as bigint) as score_bin,
        count(*) as n_deals,
        sum(cast(deal_amount as decimal(18, 2))) as open_amount
    from scores.scored_deals
    where status = 'open' and grade is not null and win_probability is not null
    group by grade, score_bin
    order by grade, score_bin
"""
GRADES = """
    select
        grade,
        count(*) as n_deals,
        sum(cast(deal_amount as decimal(18, 2))) as open_amount,
        sum(cast(expected_amount as decimal(18, 2))) as expected_amount
    from scores.scored_deals
    where status = 'open' and grade is not null and win_probability is not null
    group by grade
    order by grade
"""
TOP_DEALS = f"""
    select
        deal_id, deal_name, deal_url, coalesce(account_name, account_id) as account, owner,
        deal_stage, deal_amount, win_probability, win_probability_low, win_probability_high,
        -- Zero where the quarter ends on the as-of date: then no deal has a value.
        nullif(win_probability_this_quarter, 0) as this_quarter,
        win_probability_90_days, grade, top_reason_1, top_reason_2, top_reason_3
    from scores.open_deals
    where grade is not null
    order by expected_amount desc nulls last, win_probability desc nulls last, deal_id
    limit {MAX_DEALS}
"""


def section(data: Data) -> Section:
    """The state of the pipeline, the open deals by score and by grade, and the largest of them."""
    health: list[Block] = [Paragraph(text) for text in data.rows(PIPELINE_HEALTH)["statement"]]
    if not data.totals["n_open"]:
        blocks = health or [Paragraph("There are no open deals in the data.")]
    else:
        blocks = [*health, *_scores(data)]
    return Section("open-deals", "Open deals by score", blocks)


def _scores(data: Data) -> list[Block]:
    score_bins = data.rows(SCORE_BINS)
    if score_bins.empty:
        return [Paragraph(_why_no_grades(data))]
    return [
        Chart(
            "open-deals", "Open deals by win probability", scores_figure(score_bins, data.amount)
        ),
        _grade_table(data.rows(GRADES), data.amount),
        _deal_table(data.rows(TOP_DEALS), data.amount),
    ]


def _why_no_grades(data: Data) -> str:
    withheld = None if data.verdict is None else data.verdict["score_withheld_because"]
    reason = {
        "no signal": "the features do not discriminate between won and lost deals",
        "too few deals": "there are too few won or lost deals to learn from",
    }.get(data.verdict_name, known(withheld) if withheld else "none of them could be scored")
    n_open = wording.deals(data.totals["n_open"], "open deal")
    return f"No grades for the {n_open}, because {reason}."


def _grade_table(grades: pd.DataFrame, amount: Callable[[Any], str]) -> Table:
    return Table(
        [
            {
                "Grade": known(row.grade),
                "Open deals": wording.count(row.n_deals),
                "Amount": amount(row.open_amount),
                "Expected amount": amount(row.expected_amount),
            }
            for row in grades.itertuples()
        ],
        numbers=frozenset(["Open deals", "Amount", "Expected amount"]),
        caption=(
            "A grade compares a deal with the deals that were open at the same age at past month "
            "ends: A is the quarter of them with the highest win probabilities, D that with the "
            "lowest. The expected amount is win probability times amount."
        ),
    )


def _deal_table(deals: pd.DataFrame, amount: Callable[[Any], str]) -> Table:
    rows = [
        {
            "Deal": linked(_deal_title(row.deal_id, row.deal_name), row.deal_url),
            "Account": short_name(row.account),
            "Owner": short_name(row.owner),
            "Stage": known(row.deal_stage),
            "Amount": amount(row.deal_amount),
            "Win probability": known(row.win_probability, wording.percent),
            "95% interval": span(
                row.win_probability_low, row.win_probability_high, wording.percent
            ),
            "This quarter": known(row.this_quarter, wording.percent),
            "In 90 days": known(row.win_probability_90_days, wording.percent),
            "Grade": known(row.grade),
            "Reasons": "; ".join(
                str(reason)
                for reason in (row.top_reason_1, row.top_reason_2, row.top_reason_3)
                if not pd.isna(reason)
            ),
        }
        for row in deals.itertuples()
    ]
    return Table(
        without_blank_columns(rows, ["Account", "Owner", "This quarter", "In 90 days"]),
        numbers=frozenset(
            ["Amount", "Win probability", "95% interval", "This quarter", "In 90 days"]
        ),
        caption=(
            "The open deals with the highest expected amount: how likely each is won in the end "
            "and sooner, and the points that each feature adds to the win probability or takes "
            "from it. All open deals are in scores.open_deals."
        ),
    )


def _deal_title(deal_id: str, name: Any) -> str:
    """'Acme renewal (D-17)', or 'D-17' where the deal has no name."""
    return short_name(deal_id) if pd.isna(name) else f"{short_name(name)} ({short_name(deal_id)})"
