"""The sections of the page, one module each: the query, the words and the chart of a section.

A section is a function of the database: it returns a `Section`, or None where the page goes
without it.
"""

from collections.abc import Callable

from winrate.report.blocks import Section
from winrate.report.data import Data
from winrate.report.sections import (
    alerts,
    data_checks,
    drivers,
    forecast,
    losses,
    open_deals,
    recipe,
    reps,
    score_quality,
    stages,
    targets,
    trend,
    why,
)

# In the order of the page.
SECTIONS: list[Callable[[Data], Section | None]] = [
    trend.section,
    why.section,
    targets.section,
    forecast.section,
    drivers.section,
    losses.section,
    stages.section,
    recipe.section,
    reps.section,
    open_deals.section,
    score_quality.section,
    alerts.section,
    data_checks.section,
]
