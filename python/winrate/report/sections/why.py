"""Why the win rate changed: the steps of the change, and the segments that changed."""

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Heading, Key, Paragraph, Section, Table
from winrate.report.charts.waterfall import waterfall_figure, waterfall_steps
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS, PALE_HELPS, PALE_HURTS
from winrate.report.text import known, level_label, signed, span


def section(data: Data) -> Section:
    """The change of the win rate in steps, and the table of the segments that changed."""
    if data.change is None:
        blocks: list[Block] = [Paragraph("There are not enough complete quarters to compare.")]
    else:
        blocks = [*_steps(data), *_segments(data)]
    return Section("why", "Why", blocks)


def _steps(data: Data) -> list[Block]:
    steps = waterfall_steps(data.change_parts, data.change)
    if steps.empty:
        return [Paragraph("Too few deals to split the change of the win rate by feature.")]
    title = f"The change in steps: {known(data.change['comparison'])}"
    blocks: list[Block] = [
        Heading(title),
        Chart("why", title, waterfall_figure(steps)),
        Guide(
            "From the win rate before to the win rate after, estimated for all features together; "
            "the axis does not start at zero. A mix step is the effect of a change in how many "
            "deals each level of a feature has, a rate step that of a change in how often they "
            "are won, other features being equal: only segments that changed otherwise than all "
            "other deals have one. The last step is what all deals share. The intervals are in "
            "the hover text.",
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


def _segments(data: Data) -> list[Block]:
    comparison = known(data.change["comparison"])
    if data.changed_segments.empty:
        return [
            Paragraph(
                f"No segment has a statistically significant change in this comparison "
                f"({comparison})."
            )
        ]
    return [
        Heading("Segments that got worse or better"),
        Table(
            [
                {
                    "Segment": level_label(row.feature, row.level),
                    "Evidence": known(row.evidence),
                    "Win rate": _before_after(row.win_rate_before, row.win_rate_after),
                    "Share of deals": _before_after(row.share_before, row.share_after),
                    "Rate effect": signed(row.rate_effect_pp),
                    "95% interval": span(row.rate_effect_pp_low, row.rate_effect_pp_high, signed),
                    "Mix effect": signed(row.mix_effect_pp),
                }
                for row in data.changed_segments.itertuples()
            ],
            numbers=frozenset(
                ["Win rate", "Share of deals", "Rate effect", "95% interval", "Mix effect"]
            ),
        ),
        Guide(
            f"The same comparison ({comparison}), one feature at a time. Effects are in points of "
            "the overall win rate: the rate effect is due to the change of the segment's own win "
            "rate, the mix effect to the change of its share of the deals. Segments that are not "
            "listed have no statistically significant change."
        ),
    ]


def _before_after(before: float, after: float) -> str:
    return f"{known(before, wording.percent)} → {known(after, wording.percent)}"
