"""The coefficients of the original recipe, and why they are no drivers."""

import numpy as np
import pandas as pd

from winrate.report.blocks import Block, Chart, Guide, Key, Paragraph, Section
from winrate.report.charts.bars import MAX_BARS, Bars, bar_figure, order_bars
from winrate.report.charts.figure import subtitle_with_number
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS
from winrate.report.text import feature_label, label, level_label

COEFFICIENTS = "select feature, coefficient from drivers.importance order by feature"
FEATURES = "select distinct feature from drivers.win_rate_drivers order by feature"


def section(data: Data) -> Section:
    """The coefficients, with a warning where the features have no signal."""
    drawn = bars(data)
    title = "The original recipe: coefficients"
    if drawn.rows.empty:
        return Section("recipe", title, [Paragraph(drawn.nothing)])
    blocks: list[Block] = [
        Paragraph(
            "Read these with caution: they have no intervals, so a bar that is only noise looks "
            "like one that means something."
        )
    ]
    if data.verdict_name == "no signal":
        blocks.append(
            Paragraph(
                "The features have no detectable effect, and yet the bars look like drivers: "
                f"any {len(drawn.rows)} coefficients fitted to noise are positive or negative, and "
                "sorted they make a convincing picture. The solver also stops before it converges, "
                "because the numeric columns are not scaled."
            )
        )
    guide = Guide(
        "A bar is a coefficient in log-odds, without a reference level; it is not in points of "
        "win rate.",
        (Key((HELPS,), "positive,"), Key((HURTS,), "negative.")),
    )
    return Section("recipe", title, [*blocks, Chart("recipe", title, bar_figure(drawn)), guide])


def bars(data: Data) -> Bars:
    """The bars of this section, as the chart file shows them too."""
    return recipe_bars(data.rows(COEFFICIENTS), data.rows(FEATURES)["feature"].tolist())


def recipe_bars(importance: pd.DataFrame, features: list[str]) -> Bars:
    """Coefficients of the original recipe, from drivers.importance.

    features: the names of the categorical features, to split name and level.
    """
    values = importance["coefficient"]
    rows = pd.DataFrame(
        {
            "label": [recipe_label(feature, features) for feature in importance["feature"]],
            "value": values,
            "low": np.nan,
            "high": np.nan,
            "is_pale": False,
            "hover": [[f"coefficient {value:+.3g}"] for value in values],
        }
    )
    return Bars(
        subtitle=subtitle_with_number(
            "Original recipe: coefficients, without uncertainty",
            values.count(),
            MAX_BARS,
            "drivers.importance",
        ),
        axis="coefficient (log-odds)",
        rows=order_bars(rows),
        legend={HELPS: "positive", HURTS: "negative"},
        nothing="The original recipe has no coefficients: there are too few closed deals to fit.",
    )


def recipe_label(encoded: str, features: list[str]) -> str:
    """'cat__lead_source_Partner' -> 'Lead source: Partner'.

    features: names to look for; of two that fit, the longer one is meant.
    """
    kind, _, name = encoded.partition("__")
    if kind == "num":
        return f"{feature_label(name)} (per unit)"
    for feature in sorted(features, key=len, reverse=True):
        if name.startswith(f"{feature}_"):
            return level_label(feature, name.removeprefix(f"{feature}_"))
    return label(name or encoded)
