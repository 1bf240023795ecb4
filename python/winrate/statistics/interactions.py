"""Pairs of levels that win more or less together than their separate effects predict."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import linalg, sparse, stats
from scipy.special import expit, logit

from winrate import wording
from winrate.statistics.claims import (
    ClaimRules,
    evidence,
    fewest_outcomes,
    low_evidence_note,
    q_values,
    typed,
)
from winrate.statistics.profile_regression import LeftOutCode, check_profiles, fit_profiles
from winrate.statistics.proportions import Z_95
from winrate.statistics.threads import one_thread

# The information on a pair beside the main effects must be worth this many deals for a test. It is
# worth none where one feature determines the other.
MIN_OWN_DEALS = 5.0
MIN_VARIANCE = 1e-9  # of an outcome; below it the model determines the outcome
MIN_SADDLEPOINT_Z = 1.0  # below it the normal approximation is as good
MAX_STEPS = 50
CELLS_AT_ONCE = 2_000_000  # profiles x pairs held in memory

KEY = ["feature_1", "level_1", "feature_2", "level_2"]
TYPES = (
    dict.fromkeys(KEY, "str")
    | dict.fromkeys(["expected_win_rate", "difference_pp"], "float64")
    | dict.fromkeys(["difference_pp_low", "difference_pp_high", "p_value", "q_value"], "float64")
    | {"evidence": "str", "rank": "int64", "statement": "str"}
)


@dataclass(frozen=True)
class MainEffects:
    """The model without pairs, over all profiles, and the deals of each pair.

    profiles: those with deals; `n_deals`, `n_won` and levels.
    probability: of winning, per profile; 0 or 1 where a level was always lost or always won.
    is_uncertain: whether the probability is neither 0 nor 1.
    design: profiles x (intercept, levels), 0 or 1; sparse.
    covariance: of the coefficients.
    pairs: one row per pair; KEY.
    in_pair: profiles x pairs, 0 or 1; sparse.
    """

    profiles: pd.DataFrame
    probability: np.ndarray
    is_uncertain: np.ndarray
    design: sparse.csr_array
    covariance: np.ndarray
    pairs: pd.DataFrame
    in_pair: sparse.csc_array


@one_thread
def segment_pairs(
    profiles: pd.DataFrame,
    features: list[str],
    rules: ClaimRules,
) -> pd.DataFrame:
    """Win rate of each pair of levels against what the main effects of all features predict.

    profiles: one row per distinct combination of `features`, with `n_deals` and `n_won` (counts).
    Returns one row per two features (in the order of `features`) and a level of each that at
    least `min_deals_per_level` deals have together. `expected_win_rate` is the mean probability
    of these deals under the main effects, `difference_pp` is `win_rate` less that. `p_value` is
    the score test of the pair's indicator beside the main effects; the 95% interval is that of
    the test and excludes zero exactly where `p_value` is below 0.05. `q_value` is over all rows.
    Both are null where the main effects determine a pair. Empty with fewer than `min_outcomes`
    won or lost deals.
    Raises ValueError where a feature or a count is missing, or `n_won` exceeds `n_deals`.

    Sources: Rao (1948) for the score test; Dey et al. (2017) for its saddlepoint tails;
    Benjamini and Hochberg (1995).
    """
    check_profiles(profiles, features)
    n_fewest = fewest_outcomes(profiles)
    no_pairs = typed(pd.DataFrame(columns=list(TYPES)), TYPES)
    if n_fewest < rules.min_outcomes:
        return no_pairs
    model = fit_main_effects(profiles, features, rules.min_deals_per_level)
    if model.pairs.empty:
        return no_pairs
    n_deals, n_won = (model.profiles[name].to_numpy(float) for name in ("n_deals", "n_won"))
    table = model.pairs.assign(n_deals=model.in_pair.T @ n_deals, n_won=model.in_pair.T @ n_won)
    table["win_rate"] = table["n_won"] / table["n_deals"]
    expected = (model.in_pair.T @ (n_deals * model.probability)) / table["n_deals"]
    table["expected_win_rate"] = expected
    difference = table["win_rate"] - expected
    table["difference_pp"] = 100 * difference

    tests = score_tests(model)
    table["p_value"] = 2 * stats.norm.sf(np.abs(tests["z"]))
    half_width = Z_95 * tests["std_error"]
    table["difference_pp_low"] = 100 * np.maximum(difference - half_width, -expected)
    table["difference_pp_high"] = 100 * np.minimum(difference + half_width, 1 - expected)
    table["q_value"] = q_values(table["p_value"])
    table["evidence"] = evidence(
        table["difference_pp"],
        table["q_value"],
        too_few=pd.Series(False, index=table.index),
        names=("better together", "worse together"),
        max_q_value=rules.max_q_value,
    )
    note = low_evidence_note(n_fewest, rules)
    table["statement"] = [_statement(row, note, rules.max_p_value) for row in table.itertuples()]
    # Pairs of equal strength stay in the order of features and levels.
    table = table.sort_values("p_value", kind="stable", na_position="last")
    return typed(table.assign(rank=np.arange(1, len(table) + 1)), TYPES)


@one_thread
def fit_main_effects(
    profiles: pd.DataFrame, features: list[str], min_deals_per_level: int
) -> MainEffects:
    """The main effects of all features, and the pairs with at least so many deals.

    Unlike in `win_rate_drivers`, a feature that others determine in part stays in the model with
    the rest of its information; else its effect would be taken for an interaction.
    """
    rows = profiles[profiles["n_deals"] > 0].reset_index(drop=True)
    rows["profile"] = np.arange(len(rows))
    fit = fit_profiles(rows, features)
    repeats = [
        name
        for name in features
        if name in fit.left_out and fit.left_out[name].code is LeftOutCode.REPEATS
    ]
    used = [name for name in features if name in fit.features or name in repeats]
    if repeats:
        fit = fit_profiles(_without_repetition(fit.profiles, fit.one_hot, repeats), used)

    modelled = fit.profiles["profile"].to_numpy()
    probability = (rows["n_won"] / rows["n_deals"]).to_numpy(float, copy=True)
    probability[modelled] = expit(fit.linear_predictor)
    design = np.zeros((len(rows), 1 + len(fit.levels)))
    design[modelled] = np.column_stack([np.ones(len(modelled)), fit.one_hot])
    pairs, in_pair = _pairs(rows, used, min_deals_per_level)
    return MainEffects(
        profiles=rows,
        probability=probability,
        is_uncertain=probability * (1 - probability) > MIN_VARIANCE,
        design=sparse.csr_array(design),
        covariance=fit.covariance,
        pairs=pairs,
        in_pair=in_pair,
    )


def _without_repetition(
    rows: pd.DataFrame, one_hot: np.ndarray, repeats: list[str]
) -> pd.DataFrame:
    """The rows with those levels of `repeats` merged into one that other features determine.

    The levels that remain span, with `one_hot`, what all levels would.
    """
    known = np.column_stack([np.ones(len(rows)), one_hot])
    rows = rows.copy()
    for feature in repeats:
        codes, names = pd.factorize(rows[feature], sort=True)
        levels = np.eye(len(names))[codes]
        own = levels - known @ np.linalg.lstsq(known, levels, rcond=1e-10)[0]
        _, triangle, order = linalg.qr(own, mode="economic", pivoting=True)
        is_own = np.abs(np.diag(triangle)) > 1e-6
        kept = order[: len(is_own)][is_own]
        rows[feature] = np.where(np.isin(codes, kept), codes, -1)
        known = np.column_stack([known, levels[:, kept]])
    return rows


def _pairs(
    rows: pd.DataFrame, features: list[str], min_deals: int
) -> tuple[pd.DataFrame, sparse.csc_array]:
    """The pairs of levels that enough deals have (KEY), and which profiles are in each."""
    factorized = {feature: pd.factorize(rows[feature], sort=True) for feature in features}
    tables, members = [pd.DataFrame(columns=KEY)], [sparse.csc_array((len(rows), 0))]
    for feature_1, feature_2 in combinations(features, 2):
        (codes_1, names_1), (codes_2, names_2) = factorized[feature_1], factorized[feature_2]
        cell = codes_1 * len(names_2) + codes_2
        n_deals = np.bincount(cell, rows["n_deals"], minlength=len(names_1) * len(names_2))
        kept = np.flatnonzero(n_deals >= min_deals)
        level_1, level_2 = np.divmod(kept, len(names_2))
        tables.append(
            pd.DataFrame(
                {
                    "feature_1": feature_1,
                    "level_1": names_1[level_1],
                    "feature_2": feature_2,
                    "level_2": names_2[level_2],
                }
            )
        )
        member = np.flatnonzero(np.isin(cell, kept))
        place = (member, np.searchsorted(kept, cell[member]))
        members.append(sparse.csc_array((np.ones(len(member)), place), (len(rows), len(kept))))
    return pd.concat(tables, ignore_index=True), sparse.hstack(members, format="csc")


@one_thread
def score_tests(model: MainEffects, saddlepoint: bool = True) -> pd.DataFrame:
    """Score test of each pair's indicator beside the main effects, without fitting it.

    Returns per pair `z`, standard normal where the main effects are all there is, and
    `std_error`, the difference of the win rate from its expectation over `z`; both null where
    the main effects leave too little of the pair (MIN_OWN_DEALS).
    saddlepoint: correct `z` for the skewness of the outcome. Without it a rare win in a small pair
        is significant too often.
    """
    n_deals, n_won = (model.profiles[name].to_numpy(float) for name in ("n_deals", "n_won"))
    weight = n_deals * model.probability * (1 - model.probability)
    score = model.in_pair.T @ (n_won - n_deals * model.probability)
    # Information on the pair's coefficient, and the part of it that the main effects use up.
    shared = (model.in_pair.T @ (model.design * weight[:, None])).toarray()
    information = model.in_pair.T @ weight
    explained = shared @ model.covariance
    variance = information - (explained * shared).sum(axis=1)

    n_uncertain = model.in_pair.T @ (n_deals * model.is_uncertain)
    own_deals = n_uncertain * variance / np.where(information > 0, information, np.inf)
    variance = np.where(own_deals >= MIN_OWN_DEALS, variance, np.nan)
    # Pairs with the same test, such as all four of two features with two levels each, differ in
    # the last digits only: rounding makes them equal.
    z = np.round(score / np.sqrt(variance), 9)
    std_error = np.sqrt(variance) / (model.in_pair.T @ n_deals)
    if saddlepoint:
        far = np.flatnonzero(np.abs(z) > MIN_SADDLEPOINT_Z)
        n_at_once = max(CELLS_AT_ONCE // len(model.profiles), 1)
        for start in range(0, len(far), n_at_once):
            some = far[start : start + n_at_once]
            # The score as a sum over deals of (won - probability), each times this.
            share = model.in_pair[:, some].toarray().T - (model.design @ explained[some].T).T
            corrected = _saddlepoint_z(
                model, share * np.sign(z[some])[:, None], np.abs(score[some])
            )
            corrected = np.round(corrected, 9)
            std_error[some] *= np.abs(z[some]) / np.maximum(corrected, 1e-9)
            z[some] = np.sign(z[some]) * corrected
    return pd.DataFrame({"z": z, "std_error": std_error}, index=model.pairs.index)


def _saddlepoint_z(model: MainEffects, share: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The normal quantile of each score, by its exact cumulants (Barndorff-Nielsen 1986).

    share: pairs x profiles, the weight of a won deal in the score; score: above zero.
    Not below zero.
    """
    uses = model.is_uncertain
    n_deals = model.profiles["n_deals"].to_numpy(float)[uses]
    probability, share = model.probability[uses], share[:, uses]
    log_odds = logit(probability)
    weighted = share * n_deals
    mean = weighted @ probability

    low, high = np.zeros(len(score)), np.full(len(score), np.inf)
    tilt = score / ((weighted * share) @ (probability * (1 - probability)))
    for _ in range(MAX_STEPS):
        tilted = expit(log_odds + share * tilt[:, None])
        error = (weighted * tilted).sum(axis=1) - mean - score
        slope = (weighted * share * tilted * (1 - tilted)).sum(axis=1)
        if (np.abs(error) <= 1e-9 * np.sqrt(slope)).all():
            break
        low, high = np.where(error < 0, tilt, low), np.where(error > 0, tilt, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = tilt - error / slope
        beyond = ~((step > low) & (step < high))
        halfway = np.where(np.isinf(high), 2 * tilt, (low + np.minimum(high, 1e300)) / 2)
        tilt = np.where(beyond, halfway, step)
    cumulant = (
        n_deals * (np.logaddexp(0, log_odds + share * tilt[:, None]) - np.logaddexp(0, log_odds))
    ).sum(axis=1) - mean * tilt
    root = np.sqrt(2 * np.maximum(tilt * score - cumulant, 1e-12))
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = root + np.log(tilt * np.sqrt(slope) / root) / root
    return np.maximum(np.nan_to_num(corrected, nan=0.0, neginf=0.0), 0.0)


def _statement(row, note: str, max_p_value: float) -> str:
    pair = (
        f"{wording.feature_title(row.feature_1)} {row.level_1} with "
        f"{wording.feature_title(row.feature_2).lower()} {row.level_2}"
    )
    deals = wording.deals(row.n_deals)
    if np.isnan(row.p_value):
        return f"{pair}: the pair has no effect apart from those of its levels ({deals})."
    span = f"{wording.interval(row.difference_pp_low, row.difference_pp_high)}, {deals}"
    if row.evidence == "inconclusive":
        corrected = " after correction for the number of pairs" if row.p_value < max_p_value else ""
        return (
            f"{pair}: no significant difference from what the two effects predict{corrected} "
            f"({span})."
        )
    more_or_less = "more" if row.evidence == "better together" else "less"
    return (
        f"{pair}: {wording.percent(row.win_rate)} were won, {wording.points(row.difference_pp)} "
        f"{more_or_less} than the {wording.percent(row.expected_win_rate)} predicted from the two "
        f"effects ({span}{note})."
    )
