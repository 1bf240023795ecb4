"""The statements of the causes of a change: size, 95% interval and counts."""

from typing import Any

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics.change_model.model import ChangeModel
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_FEW,
    ClaimRules,
    fewest_window_outcomes,
    low_evidence_note,
    noted,
)


def counts_of(model: ChangeModel, rules: ClaimRules) -> str:
    """'1,200 against 1,100 deals', with a note where the evidence is low."""
    effect = model.regression.counts.design_effect
    n_won = np.round(model.regression.counts.n_won.reshape(2, -1).sum(axis=1) * effect)
    n_before, n_after = np.round(model.n_deals.sum(axis=1) * effect)
    n_fewest = fewest_window_outcomes(n_before, n_won[0], n_after, n_won[1])
    return _counts(n_before, n_after) + low_evidence_note(n_fewest, rules)


def too_few(cause: str, rows: pd.DataFrame, rules: ClaimRules) -> str:
    """Why a comparison has no estimates; `cause` is a cause or a feature."""
    counts = _counts(rows["n_before"].sum(), rows["n_after"].sum())
    return (
        f"{_title(cause)}: too few deals to split the change ({counts}; {rules.min_outcomes} won "
        f"and {rules.min_outcomes} lost deals are needed in each period)."
    )


def cause(row: Any, counts: str, named: list[tuple[str, str]]) -> str:
    """One sentence on a cause, or on a segment that is none."""
    counts += noted(row.inconclusive_because)
    if row.cause == "segment":
        return _segment(row, counts, named)
    span = f"{wording.interval(row.contribution_pp_low, row.contribution_pp_high)}, {counts}"
    if row.cause == "mix":
        if row.evidence == INCONCLUSIVE:
            return f"Mix: no significant change from closing other deals than before ({span})."
        return (
            f"Mix: other deals than before, each as likely to be won, {row.evidence} the "
            f"win rate by {wording.points(row.contribution_pp)} ({span})."
        )
    beyond = " beside the segments set aside" if named else ""
    if row.evidence == INCONCLUSIVE:
        return f"All deals alike: no significant change that all deals share{beyond} ({span})."
    return (
        f"All deals alike: deals were won {_less_or_more(row.contribution_pp)} often whatever "
        f"their levels{beyond}, which {row.evidence} the win rate by "
        f"{wording.points(row.contribution_pp)} ({span})."
    )


def _segment(row: Any, counts: str, named: list[tuple[str, str]]) -> str:
    name = f"{wording.feature_title(row.feature)} {row.level}"
    if row.evidence == TOO_FEW:
        return f"{name}: too few deals to compare."
    span = f"{wording.interval(row.contribution_pp_low, row.contribution_pp_high)}, {counts}"
    if row.evidence == INCONCLUSIVE and (row.feature, row.level) in named:
        return (
            f"{name}: no significant change in this comparison beside that of the other deals "
            f"({span}); set aside because another comparison names it."
        )
    if row.evidence == INCONCLUSIVE:
        aside = " and ".join(level for key in named if key[0] == row.feature for level in key[1:])
        beside = f" once {aside} is set aside" if aside else ""
        return f"{name}: no significant change beside that of the other deals{beside}."
    return (
        f"{name}: its deals were won {_less_or_more(row.contribution_pp)} often than before, other "
        f"features and the change of all other deals held equal, which {row.evidence} the win rate "
        f"by {wording.points(row.contribution_pp)} ({span})."
    )


def feature(row: Any, segments: dict[str, float], counts: str, is_baseline: bool) -> str:
    """One or two sentences on a feature, or on what all deals share.

    segments: what each named segment of the feature adds, in percentage points.
    """
    title = "All deals alike" if is_baseline else wording.feature_title(row.feature)
    counts += noted(row.inconclusive_because)
    if pd.isna(row.unexplained_pp):
        return f"{title}: left out of the model (see win_rate_drivers)."
    span = wording.interval(row.unexplained_pp_low, row.unexplained_pp_high)
    if is_baseline:
        if row.evidence == INCONCLUSIVE:
            return f"{title}: no significant change that all deals share ({span}, {counts})."
        moved = _moved(row.unexplained_pp)
        return f"{title}: deals were won {moved} whatever their levels ({span}, {counts})."
    own = "none of its segments changed otherwise than the other deals"
    if segments:
        moved = [f"{level} was won {_moved(value)}" for level, value in segments.items()]
        together = " together" if len(moved) > 1 else ""
        own = f"{' and '.join(moved)} ({span}{together})"
    mix_span = wording.interval(row.explained_pp_low, row.explained_pp_high)
    return (
        f"{title}: {own}; its change of mix accounts for {row.explained_pp:+z.1f} points "
        f"({mix_span}, {counts})."
    )


def _title(cause: str) -> str:
    titles = {"mix": "Mix", "all deals": "All deals alike", "baseline": "All deals alike"}
    return titles.get(cause, wording.feature_title(cause))


def _counts(n_before: float, n_after: float) -> str:
    return f"{wording.count(n_after)} against {wording.deals(n_before)}"


def _less_or_more(value_pp: float) -> str:
    return "less" if value_pp < 0 else "more"


def _moved(value_pp: float) -> str:
    verb = "lowered" if value_pp < 0 else "raised"
    return (
        f"{_less_or_more(value_pp)} often, which {verb} the win rate by {wording.points(value_pp)}"
    )
