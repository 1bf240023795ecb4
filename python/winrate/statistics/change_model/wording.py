"""The statement of a row: size, 95% interval and counts."""

from winrate import wording
from winrate.statistics.claims import ClaimRules


def statement(row, is_baseline: bool, rules: ClaimRules) -> str:
    """One or two sentences on a row of the table, which has its published and helper columns."""
    title = "All deals alike" if is_baseline else wording.feature_title(row.feature)
    counts = f"{wording.count(row.n_after)} against {wording.deals(row.n_before)}"
    if row.evidence == "too few deals":
        return (
            f"{title}: too few deals to split the change ({counts}; {rules.min_outcomes} won and "
            f"{rules.min_outcomes} lost deals are needed in each period)."
        )
    if row.leaks_outcome:
        return f"{title}: it leaks the outcome, so it is left out of the model."
    if row.evidence != "inconclusive" and row.low_evidence:
        counts += "; low evidence"
    return f"{title}: " + (_all_deals(row, counts) if is_baseline else _one_feature(row, counts))


def _all_deals(row, counts: str) -> str:
    """What all deals share."""
    span = wording.interval(row.unexplained_pp_low, row.unexplained_pp_high)
    if row.evidence == "inconclusive":
        return f"no significant change of the win rate that all deals share ({span}, {counts})."
    return (
        f"deals were won {_less_or_more(row)} often whatever their levels, which {_moved(row)} "
        f"({span}, {counts})."
    )


def _one_feature(row, counts: str) -> str:
    """The win rates of a feature's levels, then its mix."""
    span = wording.interval(row.unexplained_pp_low, row.unexplained_pp_high)
    mix_span = wording.interval(row.explained_pp_low, row.explained_pp_high)
    if row.evidence == "inconclusive":
        own = f"no significant change of its own win rate ({span})"
    else:
        own = (
            f"deals of some levels were won {_less_or_more(row)} often, other features being "
            f"equal, which {_moved(row)} ({span}), most of it from {row.largest_level} "
            f"({row.largest_level_pp:+.1f})"
        )
    return (
        f"{own}; its change of mix accounts for {row.explained_pp:+z.1f} points "
        f"({mix_span}, {counts})."
    )


def _less_or_more(row) -> str:
    return "less" if row.evidence == "got worse" else "more"


def _moved(row) -> str:
    verb = "lowered" if row.evidence == "got worse" else "raised"
    return f"{verb} the win rate by {wording.points(row.unexplained_pp)}"
