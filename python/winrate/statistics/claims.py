"""When a difference may be claimed: the rules of evidence that every estimate shares."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from winrate import wording

TOO_FEW, INCONCLUSIVE = "too few deals", "inconclusive"
TOO_SMALL = "too small to act on"
MISSING = "Unknown"  # the level of a missing value
SIGNAL = "signal"  # the verdict that features discriminate between won and lost deals


@dataclass(frozen=True)
class ClaimRules:
    """What a claim needs. Each field is the setting of that name in dbt_project.yml.

    min_deals_per_level: closed deals of a level, rep or stage.
    min_outcomes: won deals, and as many lost deals, in all or in each of two windows.
    low_evidence_outcomes: with fewer won or lost deals a claim carries 'low evidence'.
    max_p_value: significance level of the verdict.
    max_q_value: error of the drivers, which need the verdict 'signal'.
    max_change_q_value: error of the verdicts on changes, and of the causes of changes.
    max_other_q_value: error of pairs, of reps, of the pipeline and of features known at close.
    min_effect_pp: percentage points of win rate; a smaller difference is no claim.
    min_effect_days: days in a stage; a smaller change is no claim.
    max_auc: a holdout predicted better than this is a sign of leakage.
    """

    min_deals_per_level: int
    min_outcomes: int
    low_evidence_outcomes: int
    max_p_value: float
    max_q_value: float
    max_change_q_value: float
    max_other_q_value: float
    min_effect_pp: float
    min_effect_days: float
    max_auc: float


def fewest_outcomes(counts: pd.DataFrame) -> int:
    """The number of won or of lost deals in all rows together, whichever is smaller.

    counts: `n_deals` and `n_won` (counts of closed deals).
    """
    n_won = counts["n_won"].sum()
    return int(min(n_won, counts["n_deals"].sum() - n_won))


def fewest_window_outcomes(n_before: int, n_won_before: int, n_after: int, n_won_after: int) -> int:
    """The number of won or of lost deals in either of two windows, whichever is smallest."""
    return int(min(n_won_before, n_before - n_won_before, n_won_after, n_after - n_won_after))


def low_evidence_note(n_fewest_outcomes: int, rules: ClaimRules) -> str:
    """What a sentence adds where its claim rests on few won or few lost deals, else nothing."""
    return "; low evidence" if n_fewest_outcomes < rules.low_evidence_outcomes else ""


def q_values(p_values: pd.Series, n_looks: int = 1) -> pd.Series:
    """False discovery rates over all p-values that are not null (Benjamini and Hochberg 1995).

    n_looks: at how many such tables a reader looks; q-values are that many times as large.
    """
    return pd.Series(adjusted(p_values.to_numpy(float), n_looks), index=p_values.index)


def adjusted(p_values: np.ndarray, n_looks: int = 1) -> np.ndarray:
    """As `q_values`, of an array."""
    q = np.full(len(p_values), np.nan)
    tested = ~np.isnan(p_values)
    if tested.any():
        q[tested] = multipletests(p_values[tested], method="fdr_bh")[1]
    return np.minimum(q * n_looks, 1.0)


def holm(p_values: pd.Series) -> pd.Series:
    """P-values corrected for any false claim among all that are not null (Holm 1979)."""
    tested = p_values.dropna().sort_values()
    corrected = (tested * np.arange(len(tested), 0, -1)).cummax().clip(upper=1.0)
    return corrected.reindex(p_values.index)


def holm_in_two_parts(p_values: pd.Series, is_first: pd.Series) -> pd.Series:
    """P-values corrected in two parts by Holm's method, for half of the error each.

    is_first: per row, whether it is in the first part. An empty part leaves its error to the other.
    """
    has_both = p_values[is_first].notna().any() and p_values[~is_first].notna().any()
    corrected = holm(p_values.where(is_first)).fillna(holm(p_values.mask(is_first)))
    return (corrected / (0.5 if has_both else 1.0)).clip(upper=1.0)


def evidence(
    difference: pd.Series,
    q_value: pd.Series,
    too_few: pd.Series,
    names: tuple[str, str],
    max_q_value: float,
) -> pd.Series:
    """What may be claimed of each difference.

    names: of a significant positive and of a significant negative difference.
    Returns one of `names`, 'inconclusive' or 'too few deals' per row.
    """
    claim = pd.Series(INCONCLUSIVE, index=difference.index)
    is_significant = q_value < max_q_value
    claim[is_significant & (difference > 0)] = names[0]
    claim[is_significant & (difference < 0)] = names[1]
    claim[too_few] = TOO_FEW
    return claim


def chance_among(n_tests: float, name: str) -> str:
    """Why an interval without zero is no claim: 'may be chance among 157 pairs'.

    n_tests: how many such rows were tested. name: of one of them.
    """
    return f"may be chance among {wording.deals(n_tests, name)}" if n_tests > 1 else "may be chance"


def explained(
    low: pd.Series, high: pd.Series, is_claim: pd.Series, reasons: Iterable[str]
) -> list[str | None]:
    """`reasons`, one per row, where an interval excludes zero and yet there is no claim; else None.

    A reader who sees such an interval takes it for a finding.
    """
    is_odd = ((low > 0) | (high < 0)) & ~is_claim
    return [reason if odd else None for odd, reason in zip(is_odd, reasons, strict=True)]


def noted(reason: str | None) -> str:
    """What a sentence adds to its numbers where `explained` gives a reason, else nothing."""
    return "" if pd.isna(reason) else f"; {reason}"


def typed(table: pd.DataFrame, types: dict[str, str]) -> pd.DataFrame:
    """The columns of `types`, in their order and with these dtypes; an empty table has them too.

    DuckDB takes the types of its columns from these dtypes.
    """
    return table[list(types)].astype(types).reset_index(drop=True)
