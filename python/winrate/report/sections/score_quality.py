"""How good the scores were on deals whose outcome the model had not seen."""

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Paragraph, Section, Table
from winrate.report.charts.calibration import calibration_figure
from winrate.report.data import Data
from winrate.report.text import label, span

OVERALL = """
    select *, (select count(*) from scores.score_backtest where n_followed > 0) as n_month_ends
    from scores.score_quality
    where feature = 'all' and mean_observed is not null
"""
CALIBRATION = "select * from scores.calibration where age_band = 'all' order by bin"
BY_AGE = """
    select * from scores.score_quality
    where feature = 'deal_age_days' and mean_observed is not null
    order by cast(regexp_extract(level, '^[0-9]+') as bigint)
"""
NUMBERS = frozenset(["Deals", "Expected", "Won", "95% interval"])


def section(data: Data) -> Section | None:
    """What was expected and what was won, overall, by score and by age; none without a signal."""
    if data.verdict_name != "signal":
        return None
    overall, by_age = data.rows(OVERALL), data.rows(BY_AGE)
    if overall.empty:
        text = "Too few deals were open at past month ends to say how good the scores were."
        return _section([Paragraph(text)])
    quality = overall.iloc[0]
    return _section(
        [
            Paragraph(_what_was_won(quality)),
            Paragraph(_how_deals_were_ranked(quality)),
            Chart(
                "calibration",
                "Expected and actual shares of won deals, by win probability",
                calibration_figure(data.rows(CALIBRATION)),
            ),
            Guide(
                "Each point is a group of deals with similar scores, with the share that was won "
                "and its 95% interval. On the line, as many were won as expected; below it, fewer."
            ),
            *([_age_table(by_age)] if len(by_age) else []),
        ]
    )


def _section(blocks: list[Block]) -> Section:
    return Section("score-quality", "How good the scores were", blocks)


def _what_was_won(quality: pd.Series) -> str:
    month_ends = wording.deals(quality["n_month_ends"], "month end")
    within = wording.deals(quality["horizon_days"], "day")
    low, high = quality["mean_observed_low"], quality["mean_observed_high"]
    return (
        f"The deals that were open at the last {month_ends} were scored by what was known then. "
        f"Within {within} {wording.percent(quality['mean_observed'])} of them were won "
        f"({wording.percent_interval(low, high)}); "
        f"the scores had expected {wording.percent(quality['mean_predicted'])}."
    )


def _how_deals_were_ranked(quality: pd.Series) -> str:
    interval = wording.percent_interval(quality["auc_low"], quality["auc_high"])
    n_deals = wording.deals(quality["n_followed"])
    return (
        "A deal that was won had a higher score than one that was not "
        f"{wording.percent(quality['auc'])} of the time ({interval}; chance: 50%). This rests on "
        f"{n_deals} of known outcome; a deal counts at each month end at which it was open."
    )


def _age_table(by_age: pd.DataFrame) -> Table:
    return Table(
        [
            {
                "Age at the month end": label(row.level),
                "Deals": wording.count(row.n_followed),
                "Expected": wording.percent(row.mean_predicted),
                "Won": wording.percent(row.mean_observed),
                "95% interval": span(
                    row.mean_observed_low, row.mean_observed_high, wording.percent
                ),
            }
            for row in by_age.itertuples()
        ],
        numbers=NUMBERS,
        caption="The same by age. Figures by segment are in scores.score_quality, those of each "
        "month end in scores.score_backtest.",
    )
