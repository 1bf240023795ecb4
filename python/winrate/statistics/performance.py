"""Groups of people against what all of them together win with the same deals: who may be named."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    MISSING,
    TOO_FEW,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    fewest_outcomes,
    low_evidence_note,
    q_values,
)


@dataclass(frozen=True)
class Kind:
    """What the groups are.

    key: the column with the name of a group. word: for one of them. interval: the estimate whose
        95% interval a reader sees. too_few: what all or the others have, where none is compared.
    """

    key: str
    word: str
    interval: str
    too_few: str


REP = Kind("sales_rep_id", "rep", "difference_pp", "have closed too few to compare")
TEAM = Kind(
    "team",
    "team",
    "observed_minus_expected_pp",
    "have closed too few deals, or have too few reps, to compare",
)


def judged(table: pd.DataFrame, kind: Kind, rules: ClaimRules) -> pd.DataFrame:
    """The groups with what may be claimed of each, why not, and a sentence.

    table: one row per group, with `n_deals`, `n_won`, `win_rate`, `expected_win_rate`,
        `observed_minus_expected_pp`, `shrunk_win_rate`, `p_value`, the interval of the kind,
        `spread_p_value` (that groups do not differ) and `evidence`, which is 'too few deals' where
        a group is not compared.
    Adds `q_value`, `spread_evidence`, `evidence`, `inconclusive_because` and `statement`; `p_value`
    of the spread is the same in each row.
    """
    table = table.copy()
    spread_p_values = table["spread_p_value"].dropna()
    p_value = spread_p_values.iloc[0] if len(spread_p_values) else np.nan
    table["spread_p_value"] = p_value
    table["spread_evidence"] = (
        TOO_FEW if np.isnan(p_value) else "differs" if p_value < rules.max_p_value else INCONCLUSIVE
    )
    table["q_value"] = q_values(table["p_value"])
    is_claim = table["observed_minus_expected_pp"].abs() >= rules.min_effect_pp
    table["evidence"] = evidence(
        table["observed_minus_expected_pp"],
        table["q_value"].where(is_claim & (table["spread_evidence"] == "differs")),
        too_few=table["evidence"] == TOO_FEW,
        names=("above", "below"),
        max_q_value=rules.max_other_q_value,
    )
    table["inconclusive_because"] = explained(
        table[f"{kind.interval}_low"],
        table[f"{kind.interval}_high"],
        table["evidence"] != INCONCLUSIVE,
        _reasons(table, kind, rules),
    )
    note = low_evidence_note(fewest_outcomes(table), rules)
    table["statement"] = [_statement(row, kind, rules, note) for row in table.itertuples()]
    return table


def _reasons(table: pd.DataFrame, kind: Kind, rules: ClaimRules) -> Sequence[str]:
    """Why each group may not be above or below, although its interval excludes zero."""
    if (table["spread_evidence"] != "differs").any():
        return [f"{kind.word}s differ no more than expected by chance"] * len(table)
    by_chance = chance_among(table["p_value"].count(), kind.word)
    is_small = table["observed_minus_expected_pp"].abs() < rules.min_effect_pp
    small = "others win as often of such deals"
    return np.where(is_small, small, by_chance).tolist()


def _statement(row, kind: Kind, rules: ClaimRules, note: str) -> str:
    name, word = getattr(row, kind.key), kind.word
    if name == MISSING:
        closed = wording.deals(row.n_deals)
        return f"Without a {word}: {closed} closed, of which {row.n_won} were won."
    if row.n_deals < rules.min_deals_per_level:
        return (
            f"{name} has closed {wording.deals(row.n_deals)} and won {row.n_won}: "
            f"too few to compare ({rules.min_deals_per_level} are needed)."
        )
    won = f"{name} won {wording.percent(row.win_rate)} of {wording.deals(row.n_deals)}"
    if row.evidence == TOO_FEW:
        return f"{won}; all {word}s together, or the others, {kind.too_few}."
    side = "above" if row.observed_minus_expected_pp > 0 else "below"
    compared = (
        f"{won}, {wording.points(row.observed_minus_expected_pp)} {side} the "
        f"{wording.percent(row.expected_win_rate)} that all {word}s together win of such deals"
    )
    if kind.interval == "observed_minus_expected_pp":
        low, high = row.observed_minus_expected_pp_low, row.observed_minus_expected_pp_high
        compared += f" ({wording.interval(low, high)})"
    if row.evidence != INCONCLUSIVE:
        return f"{compared}: more than expected by chance among so many {word}s{note}."
    if row.spread_evidence == INCONCLUSIVE:
        return f"{compared}: {word}s differ no more than expected by chance."
    return (
        f"{compared}: no more than expected by chance among so many {word}s; the win rate to "
        f"expect in the long run is {wording.percent(row.shrunk_win_rate)}."
    )
