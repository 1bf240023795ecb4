"""Why the win rate changed: the causes of the change, and its steps by feature."""

from collections.abc import Callable
from typing import Any

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Heading, Key, Paragraph, Section, Table
from winrate.report.charts.waterfall import waterfall_figure, waterfall_steps
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS, PALE_HELPS, PALE_HURTS
from winrate.report.text import known, level_label, reasoned, signed, span

CAUSES = {"mix": "Mix of deals", "all deals": "All deals alike"}


def section(data: Data) -> Section:
    """The table of the causes, and the change of the win rate in steps."""
    if data.change is None:
        blocks: list[Block] = [Paragraph("There are not enough complete quarters to compare.")]
    elif not data.causes["contribution_pp"].notna().any():
        blocks = [Paragraph("Too few deals to say why the win rate changed.")]
    else:
        blocks = [*_causes(data), *_steps(data)]
    return Section("why", "Why", blocks)


def _causes(data: Data) -> list[Block]:
    comparison = known(data.change["comparison"])
    blocks: list[Block] = [Heading(f"Causes of the change: {comparison}")]
    if not data.causes["is_significant"].any():
        blocks.append(
            Paragraph("No cause of the change in this comparison is statistically significant.")
        )
    return [
        *blocks,
        Table(
            [_cause(row) for row in data.causes.itertuples()],
            numbers=frozenset(["Points", "95% interval", "Its win rate", "Its deals"]),
        ),
        Guide(
            "What each cause did to the win rate, in points; together they are the whole change "
            f"({signed(data.change['change_pp'])}). Mix of deals: more or fewer deals of levels "
            "that are won less often. All deals alike: what all deals share, whatever their "
            "levels. A segment is listed if it changed otherwise than all other deals, other "
            "features held equal; its own win rate also has what all deals share."
        ),
    ]


def _cause(row: Any) -> dict[str, str]:
    is_segment = row.cause not in CAUSES
    return {
        "Cause": level_label(row.feature, row.level) if is_segment else CAUSES[row.cause],
        "Points": signed(row.contribution_pp),
        "95% interval": span(row.contribution_pp_low, row.contribution_pp_high, signed),
        "Evidence": (
            f"{row.evidence} it"
            if row.is_significant
            else reasoned(row.evidence, row.inconclusive_because)
        ),
        "Its win rate": (
            _before_after(row.win_rate_before, row.win_rate_after, wording.percent)
            if is_segment
            else ""
        ),
        "Its deals": (
            _before_after(row.n_before, row.n_after, wording.count) if is_segment else ""
        ),
    }


def _steps(data: Data) -> list[Block]:
    steps = waterfall_steps(data.change_parts, data.causes, data.change)
    if steps.empty:
        return []
    title = f"The change in steps: {known(data.change['comparison'])}"
    blocks: list[Block] = [
        Heading(title),
        Chart("why", title, waterfall_figure(steps)),
        Guide(
            "The same causes by feature, from the win rate before to the win rate after; the axis "
            "does not start at zero. A mix step is the effect of a change in how many deals each "
            "level of a feature has. A rate step is the effect of a segment that changed otherwise "
            "than all other deals; only features with such a segment have one. The last step is "
            "what all deals share. The intervals are in the hover text.",
            (
                Key((HELPS,), "raised the win rate,"),
                Key((HURTS,), "lowered it,"),
                Key((PALE_HELPS, PALE_HURTS), "not statistically significant."),
            ),
        ),
    ]
    if not steps["is_strong"].any():
        blocks.append(Paragraph("Every step is pale: none is statistically significant."))
    return blocks


def _before_after(before: float, after: float, form: Callable[[float], str]) -> str:
    return f"{known(before, form)} → {known(after, form)}"
