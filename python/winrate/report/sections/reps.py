"""The win rates of the sales reps and of their teams, against what is expected by chance."""

import numpy as np
import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Chart, Guide, Heading, Key, Paragraph, Section, Table
from winrate.report.charts.figure import subtitle_with_number
from winrate.report.charts.funnel import MAX_POINTS, funnel_figure
from winrate.report.data import Data
from winrate.report.style import HELPS, HURTS, NEUTRAL
from winrate.report.text import enumeration, known, reasoned, short_name, signed, span

REPS = """
    select
        sales_rep_id, n_deals, win_rate, expected_win_rate, adjusted_win_rate, evidence, statement,
        funnel_low_95, funnel_high_95, funnel_low_998, funnel_high_998, between_rep_sd, chance_sd,
        spread_p_value, spread_evidence
    from drivers.rep_performance
    where n_deals > 0 and sales_rep_id != 'Unknown'
    order by n_deals, sales_rep_id
"""
TEAMS = """
    select
        team, n_reps, n_deals, win_rate, expected_win_rate, observed_minus_expected_pp,
        observed_minus_expected_pp_low, observed_minus_expected_pp_high, evidence,
        inconclusive_because, spread_p_value, spread_evidence
    from drivers.team_performance
    where n_deals > 0
    order by observed_minus_expected_pp desc nulls last, team
"""
MAX_TEAMS = 30  # the table has the others


def section(data: Data) -> Section:
    """Whether the reps differ, the funnel plot, and whether the teams differ."""
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
            *_teams(data.rows(TEAMS)),
        ],
    )


def _teams(teams: pd.DataFrame) -> list[Block]:
    """Whether the teams differ, and a table of them; nothing with fewer than two."""
    if len(teams) < 2:
        return []
    rows = [
        {
            "Team": short_name(row.team),
            "Reps": wording.count(row.n_reps),
            "Deals": wording.count(row.n_deals),
            "Win rate": known(row.win_rate, wording.percent),
            "Expected": known(row.expected_win_rate, wording.percent),
            "Points": signed(row.observed_minus_expected_pp),
            "95% interval": span(
                row.observed_minus_expected_pp_low, row.observed_minus_expected_pp_high, signed
            ),
            "Evidence": reasoned(row.evidence, row.inconclusive_because),
        }
        for row in teams.head(MAX_TEAMS).itertuples()
    ]
    return [
        Heading("Teams"),
        Paragraph(teams_sentence(teams)),
        Table(
            rows,
            numbers=frozenset(rows[0]) - {"Team", "Evidence"},
            caption=(
                "Each team's win rate less that which all teams together have with the same deals. "
                "Deals of one rep are alike, so the interval counts reps, too: a team of few reps "
                "has a wide one. All teams are in drivers.team_performance."
            ),
        ),
    ]


def teams_sentence(teams: pd.DataFrame) -> str:
    """Whether the teams differ by more than their reps do by chance.

    teams: rows of drivers.team_performance; those on all teams are the same in each.
    """
    row = teams.iloc[0]
    if row["spread_evidence"] not in ("differs", "inconclusive"):
        return "There are too few teams, or reps in them, to compare the teams."
    p_value = wording.p_value(row["spread_p_value"])
    n_teams = wording.count(len(teams))
    if row["spread_evidence"] == "inconclusive":
        return (
            f"The {n_teams} teams differ no more than expected by chance from the reps they have "
            f"({p_value})."
        )
    names = teams.loc[teams["evidence"].isin(["above", "below"]), "team"].map(short_name)
    rest = (
        f"{enumeration(list(names))} stand out" if len(names) > 1 else "no single team stands out"
    )
    rest = f"{names.iloc[0]} stands out" if len(names) == 1 else rest
    return f"The {n_teams} teams differ more than expected by chance ({p_value}); {rest}."


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
