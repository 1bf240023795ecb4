"""The first sentence of the page: what happened to the win rate, and why."""

from winrate import wording
from winrate.report.data import BASELINE, Data, excludes_zero
from winrate.report.text import enumeration, feature_label, known, label


def headline(data: Data) -> str:
    """What happened to the win rate and what accounts for it, in one sentence."""
    if data.change_verdict in ("declined", "improved"):
        return f"{_what_happened(data)}{_what_accounts_for_it(data)}."
    change = _no_change(data)
    if data.verdict_name == "no signal":
        return f"Nothing here to act on: {_no_signal(data)}, and {change}."
    if data.verdict_name != "signal":
        return (
            "Too few won or lost deals to act on yet: the drivers of the win rate cannot be "
            f"estimated, and {change}."
        )
    moved = [
        f"{enumeration(names)} {evidence}"
        for evidence in ("got worse", "got better")
        if (names := _segments_that(evidence, data))
    ]
    but = f", but {' and '.join(moved)}" if moved else ""
    return f"{change[0].upper()}{change[1:]}{but}."


def _no_signal(data: Data) -> str:
    n_closed = wording.deals(data.totals["n_closed"], "closed deal")
    return f"in {n_closed}, the features do not discriminate between won and lost deals"


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
    return f"{'in the ' if name.startswith('last ') else ''}{name} ({rates})"


def _no_change(data: Data) -> str:
    """The clause that no change was found, or why none can be found."""
    if data.change_verdict != "no detectable change":
        few = "complete quarters" if data.change_verdict is None else "recent deals"
        return f"there are too few {few} to say whether the win rate changed"
    clause = (
        f"the change of the win rate {_period_and_rates(data)} is not statistically significant"
    )
    # The interval is of this comparison alone; the verdict is corrected for all of them.
    if excludes_zero(data.change["change_pp_low"], data.change["change_pp_high"]):
        return f"{clause} among so many comparisons"
    return clause


def _what_accounts_for_it(data: Data) -> str:
    """The rest of the sentence 'Win rate fell ..., more than expected by chance'."""
    declined = data.change_verdict == "declined"
    evidence = "got worse" if declined else "got better"
    names = _segments_that(evidence, data)
    if names:
        return f"; {enumeration(names)} {'is' if len(names) == 1 else 'are'} where it {evidence}"
    parts = data.change_parts
    if ((parts["feature"] == BASELINE) & (parts["evidence"] == evidence)).any():
        return f"; deals of all kinds are won {'less' if declined else 'more'} often"
    if data.verdict_name == "no signal":
        return f", but {_no_signal(data)}, so no cause can be named"
    return f"; in no single segment is a {'fall' if declined else 'rise'} statistically significant"


def _segments_that(evidence: str, data: Data) -> list[str]:
    """The segments that got worse or better, as in 'region APAC', the strongest evidence first.

    A segment may only share its deals with the one that changed: where the model of all features
    finds that some features changed, only their segments are named.
    """
    rows = data.changed_segments[data.changed_segments["evidence"] == evidence]
    parts = data.change_parts
    is_confirmed = rows["feature"].isin(parts.loc[parts["evidence"] == evidence, "feature"])
    if is_confirmed.any():
        rows = rows[is_confirmed]
    return [f"{feature_label(row.feature).lower()} {label(row.level)}" for row in rows.itertuples()]
