"""Why deals are lost: did the share of a loss reason change between two windows of time?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    MISSING,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    holm_in_two_parts,
    low_evidence_note,
    typed,
)
from winrate.statistics.proportions import rate_difference, widened

ALL = "all"  # the feature, and the level, of all deals
KEYS = ["comparison", "feature", "level", "dimension", "reason"]
COUNTS = ["n_lost_before", "n_lost_after", "n_all_lost_before", "n_all_lost_after"]
COLUMNS = [*KEYS, "is_primary", *COUNTS, "rep_design_effect"]
NUMBERS = [
    *("share_before", "share_before_low", "share_before_high"),
    *("share_after", "share_after_low", "share_after_high"),
    *("change_pp", "change_pp_low", "change_pp_high", "p_value", "q_value"),
]
TYPES = {
    **dict.fromkeys(KEYS, "str"),
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because", "statement"], "str"),
}
SMALL_COUNT = 10  # below it, an expected count is too small for the score test
# What a sentence says of the deals of a reason, by dimension; `of_all` of any other reason.
OF_REASON = {
    "loss_reason": {MISSING: "have no loss reason", "Other": "have 'Other' or a rare loss reason"},
    "kind": {
        "no decision": "ended without a decision",
        "lost to a competitor": "were lost to a competitor",
        "other": "were lost for other reasons",
        "unknown": "were lost for an unknown reason",
    },
    "competitor": {MISSING: "name no competitor", "Other": "name 'Other' or a rare competitor"},
}
OF_OTHERS = {"loss_reason": "have the loss reason", "competitor": "name the competitor"}


def loss_reasons(
    counts: pd.DataFrame,
    features: Sequence[str],
    comparisons: Sequence[dict[str, Any]],
    rules: ClaimRules,
    design_effect: float = 1.0,
) -> pd.DataFrame:
    """Change of each reason's share of the lost deals, per comparison and segment.

    counts: one row per `comparison`, `feature`, `level` (both 'all' for all deals), `dimension`
        ('loss_reason', 'kind', 'competitor') and `reason`, with `is_primary` and the counts of lost
        deals: `n_lost_before`, `n_lost_after` of the reason, `n_all_lost_before`,
        `n_all_lost_after` of all reasons of the dimension, and `rep_design_effect`, by which
        reps multiply the variance of the change (from 1 on).
    features: those whose levels are tested; rows of others are left out.
    comparisons: the setting of that name, which words the windows of each comparison.
    design_effect: of accounts, see `winrate.statistics.clustering`.
    Returns one row per row, sorted, with `share_before` and `share_after` (Wilson intervals),
    `change_pp` with its 95% interval (Newcombe), `p_value`, `q_value`, `evidence` ('rose', 'fell',
    'inconclusive', 'too few deals'), `inconclusive_because` (see `claims.explained`) and, of a
    claim, `statement`. A test needs `min_outcomes` lost deals in each window and
    `min_deals_per_level` of the reason; a claim, a change of `min_effect_pp`. Half of the error is
    for all deals in the primary comparison, the rest for all other rows; in each part q-values are
    by Holm (1979).

    The test is the score test of two proportions; Fisher's exact test where a count is small. The
    variance is multiplied by the larger design effect, of accounts or of reps.
    """
    table = counts[counts["feature"].isin([ALL, *features])].sort_values(KEYS)
    table = table.reset_index(drop=True)
    effect = table["rep_design_effect"].clip(lower=design_effect)
    for window in ("before", "after"):
        n_lost, n_all = table[f"n_lost_{window}"], table[f"n_all_lost_{window}"]
        n_all = n_all.astype(float).where(n_all > 0)
        table[f"share_{window}"] = n_lost / n_all
        interval = proportion_confint(n_lost / effect, n_all / effect, method="wilson")
        table[f"share_{window}_low"], table[f"share_{window}_high"] = interval
    after_and_before = (
        *(table["n_lost_after"], table["n_all_lost_after"]),
        *(table["n_lost_before"], table["n_all_lost_before"]),
    )
    test = rate_difference(*after_and_before)
    table["change_pp"] = 100 * test["difference"]
    n_fewest = table[["n_all_lost_before", "n_all_lost_after"]].min(axis=1)
    too_few = (n_fewest < rules.min_outcomes) | (
        table["n_lost_before"] + table["n_lost_after"] < rules.min_deals_per_level
    )
    test["p_value"] = _with_exact_tests(test["p_value"].mask(too_few), table)
    test = widened(test, effect)
    for end in ("low", "high"):
        table[f"change_pp_{end}"] = 100 * test[end]
    table["p_value"] = test["p_value"]
    is_first = table["is_primary"].astype(bool) & (table["feature"] == ALL)
    table["q_value"] = holm_in_two_parts(table["p_value"], is_first)
    is_small = table["change_pp"].abs() < rules.min_effect_pp
    table["evidence"] = evidence(
        table["change_pp"],
        table["q_value"].mask(is_small),
        too_few=too_few,
        names=("rose", "fell"),
        max_q_value=rules.max_other_q_value,
    )
    is_significant = is_small & (table["q_value"] < rules.max_other_q_value)
    table["inconclusive_because"] = explained(
        table["change_pp_low"],
        table["change_pp_high"],
        table["evidence"] != INCONCLUSIVE,
        np.where(is_significant, TOO_SMALL, chance_among(table["p_value"].count(), "share")),
    )
    words = {each["name"]: each for each in comparisons}
    table["statement"] = [
        _statement(row, words[row.comparison], rules) for row in table.itertuples()
    ]
    return typed(table, TYPES)


def _with_exact_tests(p_value: pd.Series, table: pd.DataFrame) -> pd.Series:
    """The p-values, by Fisher's exact test where the smallest expected count is small."""
    n_lost = table["n_lost_before"] + table["n_lost_after"]
    n_all = table["n_all_lost_before"] + table["n_all_lost_after"]
    n_smaller = table[["n_all_lost_before", "n_all_lost_after"]].min(axis=1)
    expected = np.minimum(n_lost, n_all - n_lost) * n_smaller / n_all.where(n_all > 0)
    exact = p_value.copy()
    for row in table[p_value.notna() & (expected < SMALL_COUNT)].itertuples():
        of_reason = [row.n_lost_before, row.n_lost_after]
        of_others = [
            row.n_all_lost_before - row.n_lost_before,
            row.n_all_lost_after - row.n_lost_after,
        ]
        exact[row.Index] = stats.fisher_exact([of_reason, of_others]).pvalue
    return exact


def _statement(row, words: dict[str, Any], rules: ClaimRules) -> str | None:
    if row.evidence not in ("rose", "fell"):
        return None
    segment = "" if row.feature == ALL else f"{wording.feature_title(row.feature)} {row.level}: of"
    of_deals = f"{segment or 'Of'} the deals lost in {words['after']}"
    what = OF_REASON[row.dimension].get(
        row.reason, f"{OF_OTHERS.get(row.dimension)} '{row.reason}'"
    )
    rise_or_fall = "rise" if row.evidence == "rose" else "fall"
    counts = (
        f"{wording.count(row.n_all_lost_after)} against "
        f"{wording.deals(row.n_all_lost_before, 'lost deal')}"
    )
    note = low_evidence_note(min(row.n_all_lost_before, row.n_all_lost_after), rules)
    return (
        f"{of_deals}, {wording.percent(row.share_after)} {what}, against "
        f"{wording.percent(row.share_before)} in {words['before']}: a {rise_or_fall} of "
        f"{wording.points(row.change_pp)}, more than expected by chance "
        f"({wording.interval(row.change_pp_low, row.change_pp_high)}, {counts}{note})."
    )
