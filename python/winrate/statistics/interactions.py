"""Pairs of levels that win more or less together than their separate effects predict."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    SIGNAL,
    TOO_FEW,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    fewest_outcomes,
    low_evidence_note,
    noted,
    q_values,
    typed,
)
from winrate.statistics.profile_regression import LeftOutCode, ProfileModel, profile_model
from winrate.statistics.regression import Factor, Regression, columns_of, fit, independent
from winrate.statistics.score_tests import score_tests
from winrate.statistics.threads import one_thread

# The information on a pair beside the main effects must be worth this many deals for a test. It is
# worth none where one feature determines the other.
MIN_OWN_DEALS = 5.0

KEY = ["feature_1", "level_1", "feature_2", "level_2"]
NUMBERS = [
    *("expected_win_rate", "difference_pp", "difference_pp_low", "difference_pp_high"),
    *("p_value", "q_value"),
]
TYPES = {
    **dict.fromkeys(KEY, "str"),
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because"], "str"),
    "rank": "int64",
    "statement": "str",
}


@one_thread
def segment_pairs(
    profiles: pd.DataFrame,
    features: Sequence[str],
    verdict: str,
    rules: ClaimRules,
    max_features: int,
) -> pd.DataFrame:
    """Win rate of each pair of levels against what the main effects of all features predict.

    profiles: see `winrate.statistics.profile_regression`. features: known at creation. verdict: on
        them, see `winrate.statistics.verdict`.
    Returns one row per two features (in the order of `features`) and a level of each that at
    least `min_deals_per_level` deals have together. `expected_win_rate` is the mean probability
    of these deals under the main effects, `difference_pp` is `win_rate` less that. `p_value` is
    the score test of the pair's indicator beside the main effects; the 95% interval is that of
    the test and excludes zero exactly where `p_value` is below 0.05. `q_value` is over all rows.
    Both are null where the main effects determine a pair. There are claims where the verdict is
    'signal' and the difference is at least `min_effect_pp`. Empty with fewer than `min_outcomes`
    won or lost deals.
    Raises ValueError where a feature or a count is missing, or `n_won` exceeds `n_deals`.

    Sources: Rao (1948) for the score test; Dey et al. (2017) for its saddlepoint tails;
    Benjamini and Hochberg (1995).
    """
    n_fewest = fewest_outcomes(profiles)
    no_pairs = typed(pd.DataFrame(columns=list(TYPES)), TYPES)
    if verdict == TOO_FEW:
        return no_pairs
    model = profile_model(profiles, features)
    regression, factors = _main_effects(profiles, features, model)
    parts = [
        _pair_rows(regression, *pair, rules.min_deals_per_level)
        for pair in combinations(_strongest(regression, factors, max_features), 2)
    ]
    if not any(map(len, parts)):
        return no_pairs
    table = pd.concat(parts, ignore_index=True)
    table["q_value"] = q_values(table["p_value"])
    is_claim = table["difference_pp"].abs() >= rules.min_effect_pp
    table["evidence"] = evidence(
        table["difference_pp"],
        table["q_value"].where(is_claim & (verdict == SIGNAL)),
        too_few=pd.Series(False, index=table.index),
        names=("better together", "worse together"),
        max_q_value=rules.max_other_q_value,
    )
    by_chance = chance_among(table["p_value"].count(), "pair")
    reasons = np.where(is_claim, by_chance, TOO_SMALL)
    table["inconclusive_because"] = explained(
        table["difference_pp_low"],
        table["difference_pp_high"],
        table["evidence"] != INCONCLUSIVE,
        reasons if verdict == SIGNAL else [f"the verdict is '{verdict}'"] * len(table),
    )
    note = low_evidence_note(n_fewest, rules)
    table["statement"] = [_statement(row, note) for row in table.itertuples()]
    # Pairs of equal strength stay in the order of features and levels.
    table = table.sort_values("p_value", kind="stable", na_position="last")
    return typed(table.assign(rank=np.arange(1, len(table) + 1)), TYPES)


def _main_effects(
    profiles: pd.DataFrame, features: Sequence[str], model: ProfileModel
) -> tuple[Regression, list[Factor]]:
    """The main effects of all features that do not leak the outcome.

    Unlike in `win_rate_drivers`, a feature that others determine in part stays in the model with
    the rest of its information; else its effect would be taken for an interaction.
    """
    rows = profiles[profiles["n_deals"] > 0]
    factors = [Factor.of(name, rows[name]) for name in features if not _leaks(model, name)]
    factors = [factor for factor in factors if factor.size > 1]
    columns = columns_of(model.counts, [*model.held, *factors])
    return fit(model.counts, independent(columns, model.counts.n_deals)), factors


def _strongest(regression: Regression, factors: list[Factor], n_strongest: int) -> list[Factor]:
    """The factors whose coefficients differ most from zero together (Wald 1943), in their order."""
    if len(factors) <= n_strongest:
        return factors
    p_values = []
    for factor in factors:
        own = regression.columns.estimated(factor.name)
        estimate, covariance = regression.estimate[own], regression.covariance[np.ix_(own, own)]
        statistic = estimate @ np.linalg.lstsq(covariance, estimate, rcond=None)[0]
        p_values.append(stats.chi2.logsf(statistic, len(own)) if len(own) else 0.0)
    strongest = np.sort(np.argsort(p_values, kind="stable")[:n_strongest])
    return [factors[position] for position in strongest]


def _leaks(model: ProfileModel, name: str) -> bool:
    left = model.left_out.get(name)
    return left is not None and left.code is LeftOutCode.LEAKS_OUTCOME


def _pair_rows(
    regression: Regression, factor_1: Factor, factor_2: Factor, min_deals: int
) -> pd.DataFrame:
    """One row per pair of levels of two features that enough deals have."""
    cells = Factor(
        f"{factor_1.name}, {factor_2.name}",
        factor_1.codes * factor_2.size + factor_2.codes,
        [""] * (factor_1.size * factor_2.size),
    )
    counts = regression.counts
    n_deals, n_won = cells.sums(counts.n_deals), cells.sums(counts.n_won)
    expected = cells.sums(counts.n_deals * regression.probability)
    is_large = np.round(n_deals * counts.design_effect) >= min_deals
    kept = np.flatnonzero(is_large)
    tests = score_tests(regression, [cells], is_large, is_joint=False)
    has_own = (n_deals * tests.own_share >= MIN_OWN_DEALS)[kept]
    z = np.where(has_own, tests.z[kept], np.nan)
    degrees = tests.degrees[kept]
    level_1, level_2 = np.divmod(kept, factor_2.size)
    difference = (n_won - expected)[kept] / n_deals[kept]
    # That of the test where it is not near zero; there, the normal approximation.
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(
            np.abs(z) > 1e-3,
            np.abs(difference / z),
            np.sqrt(np.maximum(tests.variance[kept], 0)) / n_deals[kept],
        )
    half_width = stats.t.ppf(0.975, degrees) * np.where(has_own, error, np.nan)
    expected_rate = expected[kept] / n_deals[kept]
    return pd.DataFrame(
        {
            "feature_1": factor_1.name,
            "level_1": [factor_1.levels[level] for level in level_1],
            "feature_2": factor_2.name,
            "level_2": [factor_2.levels[level] for level in level_2],
            "n_deals": n_deals[kept] * counts.design_effect,
            "n_won": n_won[kept] * counts.design_effect,
            "win_rate": n_won[kept] / n_deals[kept],
            "expected_win_rate": expected_rate,
            "difference_pp": 100 * difference,
            "difference_pp_low": 100 * np.maximum(difference - half_width, -expected_rate),
            "difference_pp_high": 100 * np.minimum(difference + half_width, 1 - expected_rate),
            "p_value": 2 * stats.t.sf(np.abs(z), degrees),
        }
    )


def _statement(row, note: str) -> str:
    pair = (
        f"{wording.feature_title(row.feature_1)} {row.level_1} with "
        f"{wording.feature_title(row.feature_2).lower()} {row.level_2}"
    )
    deals = wording.deals(row.n_deals)
    if np.isnan(row.p_value):
        return f"{pair}: the pair has no effect apart from those of its levels ({deals})."
    span = f"{wording.interval(row.difference_pp_low, row.difference_pp_high)}, {deals}"
    if row.evidence == INCONCLUSIVE:
        return (
            f"{pair}: no significant difference from what the two effects predict "
            f"({span}{noted(row.inconclusive_because)})."
        )
    more_or_less = "more" if row.evidence == "better together" else "less"
    return (
        f"{pair}: {wording.percent(row.win_rate)} were won, {wording.points(row.difference_pp)} "
        f"{more_or_less} than the {wording.percent(row.expected_win_rate)} predicted from the two "
        f"effects ({span}{note})."
    )
