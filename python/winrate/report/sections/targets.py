"""What is won and needed in the periods that have targets, and what covers it."""

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Items, Section, Table
from winrate.report.data import Data
from winrate.report.text import known, short_name, span, without_blank_columns

MAX_TARGETS = 30  # the table has the others
MAX_PAST = 4

COVERAGE = f"""
    select
        period, entity_type, entity_id, target_amount, won_amount, needed_amount, open_amount,
        coverage_ratio, weighted_coverage_ratio, weighted_coverage_ratio_low,
        weighted_coverage_ratio_high, share_of_pattern
    from drivers.target_coverage
    where not is_over
    order by
        is_current desc, period_start, period_end desc, entity_type != 'all', entity_type desc,
        weighted_coverage_ratio asc nulls last, entity_id
    limit {MAX_TARGETS}
"""
PAST = f"""
    select statement from drivers.target_coverage
    where is_over and entity_type = 'all'
    order by period_end desc, period_start desc
    limit {MAX_PAST}
"""


def section(data: Data) -> Section | None:
    """Targets of the present and later, and how the last ones ended; nothing without targets."""
    coverage = data.rows(COVERAGE)
    past = [known(statement) for statement in data.rows(PAST)["statement"]]
    blocks: list[Block] = []
    if not coverage.empty:
        blocks.append(_table(coverage))
    if past:
        blocks.append(Items(past))
    return Section("targets", "Targets and coverage", blocks) if blocks else None


def _table(coverage: pd.DataFrame) -> Table:
    rows = [
        {
            "Target of": "All deals" if row.entity_type == "all" else short_name(row.entity_id),
            "Period": known(row.period),
            "Target": known(row.target_amount, wording.count),
            "Won": known(row.won_amount, wording.count),
            "Needed": known(row.needed_amount, wording.count),
            "Open": known(row.open_amount, wording.count),
            "Coverage": known(row.coverage_ratio, times),
            "Weighted": known(row.weighted_coverage_ratio, times),
            "95% interval": span(
                row.weighted_coverage_ratio_low, row.weighted_coverage_ratio_high, times
            )
            if not pd.isna(row.weighted_coverage_ratio)
            else known(None),
            "Usual by now": known(row.share_of_pattern, wording.percent),
        }
        for row in coverage.itertuples()
    ]
    return Table(
        without_blank_columns(rows, ["Usual by now"]),
        numbers=frozenset(rows[0]) - {"Target of", "Period"},
        caption=(
            "Coverage is the amount of the open deals that are expected to close in the period, "
            "divided by what is needed; weighted, each deal counts with its chance to be won. The "
            "interval has the error of these chances and the luck of single deals. Usual by now "
            "is the share of its won amount that an earlier period had won by the same day. All "
            "targets are in drivers.target_coverage."
        ),
    )


def times(ratio: float) -> str:
    """3.14 -> '3.1'."""
    return f"{ratio:.1f}"
