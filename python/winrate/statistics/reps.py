"""Sales reps against what all reps together win with the same deals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from winrate.statistics.claims import MISSING, ClaimRules, typed
from winrate.statistics.performance import REP, judged
from winrate.statistics.profile_regression import GROUPS, profile_model
from winrate.statistics.proportions import compare_with_rest
from winrate.statistics.score_tests import ScoreTests, score_tests
from winrate.statistics.shrinkage import funnel_limits, spread_of
from winrate.statistics.threads import one_thread

MAX_JOINT_REPS = 2000  # whose tests are joined with their covariance
COLUMNS = ["sales_rep_id", "n_deals", "n_won"]
NUMBERS = [
    *("win_rate_low", "win_rate_high", "win_rate_elsewhere"),
    *("difference_pp", "difference_pp_low", "difference_pp_high"),
    *("expected_win_rate", "observed_minus_expected_pp", "adjusted_win_rate", "p_value", "q_value"),
    *("funnel_low_95", "funnel_high_95", "funnel_low_998", "funnel_high_998"),
    *("shrunk_win_rate", "between_rep_sd", "chance_sd", "spread_p_value"),
]
TYPES = {
    "sales_rep_id": "str",
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["spread_evidence", "evidence", "inconclusive_because", "statement"], "str"),
}


@one_thread
def rep_performance(
    reps: pd.DataFrame, profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Each rep's won deals against those that all reps together win with the same deals.

    reps: one row per rep (`sales_rep_id`), with `n_deals` and `n_won` (counts of closed deals).
        Deals without a rep are in the row 'Unknown', which is compared with no rep.
    profiles: see `winrate.statistics.profile_regression`. features: known at creation.
    Returns one row per rep, sorted. `expected_win_rate` is that of a model of the features and the
    quarter, without reps, for the rep's deals (indirect standardisation), and
    `observed_minus_expected_pp` the rep's win rate less that, in percentage points;
    `adjusted_win_rate` is the overall win rate plus that difference. `p_value` is the score test of
    the rep beside this model. `evidence` is 'above', 'below', 'inconclusive' or 'too few deals'; no
    rep is above or below where the reps together do not differ (`spread_p_value`,
    `spread_evidence`, the same in each row). `shrunk_win_rate` is the expected win rate with the
    rep's random intercept. `difference_pp` compares win rates as they are with those of the other
    reps; the funnel limits are around the overall win rate.

    Sources: Spiegelhalter (2005) for the funnel; Breslow and Clayton (1993) for the intercepts.
    """
    table = reps.sort_values("sales_rep_id").reset_index(drop=True)
    is_missing = table["sales_rep_id"] == MISSING
    with np.errstate(divide="ignore", invalid="ignore"):  # a rep without closed deals has no rate
        crude = compare_with_rest(table, "n_won", "win_rate", rules, is_missing=is_missing)
    table = table.join(crude.drop(columns=["p_value", "q_value"]))
    if GROUPS in profiles:
        profiles = profiles[profiles[GROUPS] != MISSING]
    table = table.merge(_adjusted(profiles, features), on="sales_rep_id", how="left")
    spread = spread_of(table["n_won"][~is_missing], table["n_deals"][~is_missing])
    adjusted = spread.mean + table["observed_minus_expected_pp"] / 100
    table["adjusted_win_rate"] = adjusted.clip(0, 1)
    for name, coverage in [("95", 0.95), ("998", 0.998)]:
        limits = funnel_limits(spread.mean, table["n_deals"], coverage)
        table[f"funnel_low_{name}"], table[f"funnel_high_{name}"] = limits["low"], limits["high"]
    table["shrunk_win_rate"] = table["shrunk_win_rate"].fillna(spread.mean).mask(is_missing)
    table["between_rep_sd"], table["chance_sd"] = spread.between_sd, spread.chance_sd
    return typed(judged(table, REP, rules), TYPES)


def _adjusted(profiles: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """One row per rep with closed deals: expected and shrunk win rate, and the test of the rep."""
    names = ["expected_win_rate", "observed_minus_expected_pp", "shrunk_win_rate", "p_value"]
    model = profile_model(profiles, [feature for feature in features if feature != GROUPS])
    groups = model.counts.groups
    if groups is None or not groups.size:
        empty = pd.DataFrame({"sales_rep_id": pd.Series(dtype=str)})
        return empty.assign(**dict.fromkeys([*names, "spread_p_value"], np.nan))
    counts = model.counts
    n_deals, n_won = groups.sums(counts.n_deals), groups.sums(counts.n_won)
    alone = replace(model, counts=replace(counts, groups=None)).fit()
    expected = groups.sums(counts.n_deals * alone.probability) / n_deals
    is_joint = groups.size <= MAX_JOINT_REPS
    tests = score_tests(alone, [groups], is_joint=is_joint)
    # With one outcome, there is nothing to compare.
    has_both = 0 < n_won.sum() < n_deals.sum()
    shrunk = groups.sums(counts.n_deals * model.fit().probability) / n_deals
    return pd.DataFrame(
        {
            GROUPS: groups.levels,
            "expected_win_rate": expected,
            "observed_minus_expected_pp": 100 * (n_won / n_deals - expected),
            "shrunk_win_rate": shrunk,
            "p_value": 2 * stats.norm.sf(np.abs(tests.z)) if has_both else np.nan,
            "spread_p_value": _spread_p_value(tests) if has_both else np.nan,
        }
    )


def _spread_p_value(tests: ScoreTests) -> float:
    """Test that reps do not differ; null with fewer than two reps.

    Of many reps the sum of the squared tests, which leaves out how the tests of reps with like
    deals depend on each other; their mean is zero, which takes one degree of freedom.
    """
    n_reps = len(tests.z)
    if n_reps < 2:
        return float("nan")
    if tests.covariance is not None:
        return tests.joint().p_value
    squares = np.nansum(tests.z**2)
    return float(stats.chi2.sf(squares * (n_reps - 1) / n_reps, n_reps - 1))
