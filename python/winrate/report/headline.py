"""The first sentence of the page: what happened to the win rate, and why."""

import pandas as pd

from winrate import wording
from winrate.report.data import Data, excludes_zero
from winrate.report.text import enumeration, feature_label, known, label


def headline(data: Data) -> str:
    """What happened to the win rate and what accounts for it, in one sentence."""
    if data.change_verdict in ("declined", "improved"):
        return f"{_what_happened(data)}{_what_accounts_for_it(data)}."
    change = _no_change(data)
    causes = _causes(data)
    if causes:
        return f"{change[0].upper()}{change[1:]}, but {causes}."
    if data.verdict_name == "no signal":
        return f"Nothing here to act on: {_no_signal(data)}, and {change}."
    if data.verdict_name == "suspected leak":
        return f"{_suspect(data)} seems to know the outcome, so no driver is named; {change}."
    if data.verdict_name != "signal":
        return (
            "Too few won or lost deals to act on yet: the drivers of the win rate cannot be "
            f"estimated, and {change}."
        )
    return f"{change[0].upper()}{change[1:]}."


def _no_signal(data: Data) -> str:
    n_closed = wording.deals(data.totals["n_closed"], "closed deal")
    return f"in {n_closed}, the features do not discriminate between won and lost deals"


def _suspect(data: Data) -> str:
    suspect = data.verdict["suspected_feature"]
    return "A feature" if pd.isna(suspect) else feature_label(suspect)


def _what_happened(data: Data) -> str:
    verb = "fell" if data.change_verdict == "declined" else "rose"
    points = known(data.change["change_pp"], wording.points)
    return f"Win rate {verb} {points} {_period_and_rates(data)}, more than expected by chance"


def _period_and_rates(data: Data) -> str:
    """'in the last two quarters (45.9% to 39.8%)', or 'year on year (...)'."""
    name = known(data.change["comparison"])
    rates = " to ".join(
        known(data.change[f"win_rate_{period}"], wording.percent) for period in ("before", "after")
    )
    return f"{'in the ' if name.startswith(('last ', 'quarter ')) else ''}{name} ({rates})"


def _no_change(data: Data) -> str:
    """The clause that no change was found, or why none can be found."""
    if data.change_verdict != "no detectable change":
        few = "complete quarters" if data.change_verdict is None else "recent deals"
        return f"there are too few {few} to say whether the win rate changed"
    reasons = {"season": "may be the season", "too small": "is too small to act on"}
    if data.change["withheld_because"] in reasons:
        reason = reasons[data.change["withheld_because"]]
        return f"the change of the win rate {_period_and_rates(data)} {reason}"
    clause = (
        f"the change of the win rate {_period_and_rates(data)} is not statistically significant"
    )
    # The interval is of this comparison alone; the verdict is corrected for all of them.
    if excludes_zero(data.change["change_pp_low"], data.change["change_pp_high"]):
        return f"{clause} among so many comparisons"
    return clause


def _what_accounts_for_it(data: Data) -> str:
    """The rest of the sentence 'Win rate fell ..., more than expected by chance'."""
    causes = _causes(data)
    if causes:
        return f"; {causes}"
    if data.verdict_name == "no signal":
        return f", but {_no_signal(data)}, so no cause can be named"
    return "; no single cause of it is statistically significant"


def _causes(data: Data) -> str:
    """The significant causes of the change, in the order in which they are told.

    'the mix of deals lowered it by 6.9 points and region APAC by 6.1 points'
    """
    clauses = []
    for evidence in ("lowered", "raised"):
        rows = data.causes[data.causes["is_significant"] & (data.causes["evidence"] == evidence)]
        verbs = [f" {evidence} it", *[""] * (len(rows) - 1)]
        clause = [
            f"{_cause(row)}{verb} by {known(row.contribution_pp, wording.points)}"
            for row, verb in zip(rows.itertuples(), verbs, strict=False)
        ]
        if clause:
            clauses.append(enumeration(clause))
    return ", and ".join(clauses)


def _cause(row) -> str:
    if row.cause == "mix":
        return "the mix of deals"
    if row.cause == "all deals":
        return "a change that all deals share"
    return f"{feature_label(row.feature).lower()} {label(row.level)}"
