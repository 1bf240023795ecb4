"""What becomes of the deals that enter each stage, and whether that has changed."""

from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Key, Paragraph, Section, Table
from winrate.report.charts.stages import OUTCOMES, stage_figure
from winrate.report.data import Data
from winrate.report.text import known, label, reasoned, signed, span

STAGES = """
    select * from drivers.stage_conversion
    where feature is null and quarter_start is null
    order by stage_order
"""
CHANGES = """
    select
        feature, deal_stage, went_on_rate_before, went_on_rate_after, n_entered_after, change_pp,
        change_pp_low, change_pp_high, q_value, evidence, inconclusive_because, statement,
        days_statement
    from drivers.stage_conversion_change
    where is_primary
    order by q_value, feature nulls first, level, deal_stage
"""
NUMBERS = frozenset(
    (
        *("Entered", "Went on", "95% interval", "Lost", "Median days"),
        *("Here now", "Open amount", "Points"),
    )
)


def section(data: Data) -> Section | None:
    """The claims, the funnel and a table of it; no section without a history."""
    stages = data.rows(STAGES)
    if stages["went_on_rate"].isna().all():
        return None
    changes = data.rows(CHANGES)
    claims = pd.concat([changes["statement"], changes["days_statement"]]).dropna()
    blocks: list[Block] = [Paragraph(label(text)) for text in claims]
    if not blocks:
        blocks.append(Paragraph(_no_claim(changes)))
    of_all = changes[changes["feature"].isna()].set_index("deal_stage")
    days = wording.deals(stages["horizon_days"].iloc[0], "day")
    return Section(
        "stages",
        "The stages of the funnel",
        [
            *blocks,
            Chart("stages", f"What became of the deals within {days}", stage_figure(stages)),
            Guide(
                f"Of the deals that entered a stage, what had become of them {days} later. A deal "
                "counts by its first stay in a stage; deals that are in it still count for as long "
                "as they have been.",
                keys=tuple(Key((colour,), f"{meaning};") for colour, meaning in OUTCOMES.values()),
            ),
            Table(
                [_row(stage, of_all) for stage in stages.itertuples()],
                numbers=NUMBERS,
                caption=f"Shares are those within {days}; 'Points' is the change of the share that "
                "went on between the last two comparable periods.",
            ),
        ],
    )


def _no_claim(changes: pd.DataFrame) -> str:
    if changes.empty:
        return "The history is too short to compare two periods."
    return (
        "In no stage has the share of deals that go on, or the time in the stage, changed"
        " significantly."
    )


def _row(stage: Any, changes: pd.DataFrame) -> dict[str, str]:
    change = changes.loc[stage.deal_stage] if stage.deal_stage in changes.index else None
    return {
        "Stage": label(stage.deal_stage),
        "Entered": wording.count(stage.n_entered),
        "Went on": known(stage.went_on_rate, wording.percent),
        "95% interval": span(stage.went_on_rate_low, stage.went_on_rate_high, wording.percent),
        "Lost": known(stage.lost_rate, wording.percent),
        "Median days": known(stage.median_days, wording.count),
        "Here now": wording.count(stage.n_still_there),
        "Open amount": wording.count(stage.open_amount),
        "Points": "-" if change is None else signed(change.change_pp),
        "Evidence": "-"
        if change is None
        else reasoned(change.evidence, change.inconclusive_because),
    }
