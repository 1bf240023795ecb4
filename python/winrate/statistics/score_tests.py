"""Score tests: what a level would add to a model, without fitting it (Rao 1948)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, special, stats

from winrate.statistics.regression import Columns, Factor, Regression

MIN_OWN_SHARE = 1e-6  # of the information on a column that the others must leave for a test
MIN_SADDLEPOINT_Z = 1.0  # below it the normal approximation is as good
MAX_TILT = 1e6
MANY_OUTCOMES = 400.0  # expected won and lost deals above which it is as good everywhere


@dataclass(frozen=True)
class ScoreTests:
    """Score tests (Rao 1948) of the levels of some factors, each beside the same fitted model.

    Arrays have one entry per level, the factors one after the other.
    score: won deals less expected ones. variance, covariance: of the scores; the covariance is
        left out (None) where no levels are to be tested together.
    own_share: the part of the information on a level that the model leaves to it.
    degrees: of freedom of the t distribution of each test.
    z: the score in standard errors; null for a level that is not tested.
    """

    score: np.ndarray
    variance: np.ndarray
    covariance: np.ndarray | None
    own_share: np.ndarray
    degrees: np.ndarray
    z: np.ndarray

    @property
    def p_value(self) -> np.ndarray:
        """Two-sided, per level."""
        return 2 * stats.t.sf(np.abs(self.z), self.degrees)

    def of(self, levels: slice) -> "ScoreTests":
        """The tests of some of the levels."""
        return ScoreTests(
            self.score[levels],
            self.variance[levels],
            None if self.covariance is None else self.covariance[levels, levels],
            self.own_share[levels],
            self.degrees[levels],
            self.z[levels],
        )

    @property
    def denominator(self) -> float:
        """Degrees of freedom of the variance in a test of all levels: the harmonic mean.

        A few levels that differ between groups only do not take the test from all others.
        """
        uncertainty = float((1 / self.degrees).mean()) if len(self.degrees) else 0.0
        return 1 / uncertainty if uncertainty > 0 else float("inf")

    def joint(self) -> "JointTest":
        """The test that no level has an effect."""
        values, vectors = np.linalg.eigh(self.covariance)
        kept = values > 1e-9 * max(values.max(initial=0.0), 1e-300)
        projected = vectors[:, kept].T @ self.score
        statistic, n_kept = float((projected**2 / values[kept]).sum()), int(kept.sum())
        if not n_kept:
            return JointTest(0.0, 0, float("nan"))
        return JointTest(statistic, n_kept, self.joint_p_value(statistic, n_kept))

    def joint_p_value(self, statistic: float, n_coefficients: int) -> float:
        """The p-value of a test of all levels whose statistic is chi-squared in many groups."""
        if np.isinf(self.denominator):
            return float(stats.chi2.sf(statistic, n_coefficients))
        return float(stats.f.sf(statistic / n_coefficients, n_coefficients, self.denominator))


@dataclass(frozen=True)
class JointTest:
    """A test of several coefficients at once; no p-value where nothing is tested."""

    statistic: float
    degrees: int
    p_value: float


def score_tests(
    model: Regression,
    factors: Sequence[Factor],
    is_tested: np.ndarray | None = None,
    is_joint: bool = True,
) -> ScoreTests:
    """Test the indicator of each level of factors that are not in the model, one at a time.

    is_tested: per level; by default all are. is_joint: whether levels will be tested together.
    The scores are those of the deals alone: what the priors of the model add to them is taken away
    (Neyman 1959, the C(alpha) test).
    Where few won or few lost deals are expected, the tails beyond MIN_SADDLEPOINT_Z are those of a
    saddlepoint approximation (Dey et al. 2017). With groups these are t tests; see `degrees`.
    """
    weight, groups = model.weight, model.counts.groups
    tested = Columns(list(factors), np.empty((0, 0)), np.empty(0))
    residual = model.counts.n_won - model.counts.n_deals * model.probability
    score, total = tested.sums(residual)[1:], tested.sums(weight)[1:]
    # The empty arrays are for models without features: nothing is tested.
    no_levels = np.zeros((len(model.coefficient), 0))
    crossed = np.hstack([no_levels, *(model.columns.crossed(f, weight) for f in factors)])
    shared = model.columns.effects.T @ crossed
    solved, group_solved = shared, np.zeros((0, len(score)))
    if model.has_groups:
        no_levels = np.zeros((groups.size, 0))
        by_group = np.hstack([no_levels, *(groups.crossed(f, weight) for f in factors)])
        group_solved = by_group / model.group_information[:, None]
        solved = shared - model.by_group @ group_solved
    step, of_coefficients = model.without_priors()
    score = score - solved.T @ step
    explained = of_coefficients @ solved
    variance = total - (solved * explained).sum(axis=0)
    covariance = tested.information(weight)[1:, 1:] - solved.T @ explained if is_joint else None
    if model.has_groups:
        variance -= (by_group * group_solved).sum(axis=0)
        if is_joint:
            covariance = covariance - by_group.T @ group_solved
        of_groups = (model.by_group.T @ explained) / model.group_information[:, None]
        group_solved = group_solved - of_groups

    with np.errstate(divide="ignore", invalid="ignore"):
        own_share = np.where(total > 0, variance / total, 0.0)
        has_own = own_share > MIN_OWN_SHARE
        error = np.sqrt(np.where(has_own, variance, np.nan))
    if covariance is not None:  # rounding errors of a level without own information are no test
        covariance = np.where(np.outer(has_own, has_own), covariance, 0.0)
    z = score / error
    if is_tested is not None:
        z = np.where(is_tested, z, np.nan)
    position = 0
    for factor in factors:
        rows_by_level = factor.rows_by_level
        for level in range(factor.size):
            if np.abs(z[position]) > MIN_SADDLEPOINT_Z:
                weights = explained[:, position], group_solved[:, position]
                rows = rows_by_level[level]
                z[position] = np.sign(z[position]) * _saddlepoint_z(
                    model, rows, weights, score[position], error[position]
                )
            position += 1
    z = np.sign(z) * _equal_where_same(np.abs(z), np.abs(score / error))
    all_degrees = np.concatenate([np.zeros(0), *(degrees(model, factor) for factor in factors)])
    return ScoreTests(score, variance, covariance, own_share, all_degrees, z)


def _equal_where_same(z: np.ndarray, normal_z: np.ndarray) -> np.ndarray:
    """Absolute quantiles, with the smallest one for levels that have the same test.

    normal_z: without saddlepoint. Where it is the same, as of the two levels of a feature, the
    levels have the same test, but their saddlepoint approximations may differ.
    """
    _, test = np.unique(np.round(normal_z, 8), return_inverse=True)
    smallest = np.full(len(z), np.inf)
    np.fmin.at(smallest, test, z)
    return np.where(np.isnan(z), np.nan, np.round(smallest[test], 9))


def degrees(model: Regression, factor: Factor) -> np.ndarray:
    """Degrees of freedom of tests of the levels of a factor (between and within groups).

    A level that all groups have in equal shares is compared within groups, with as good as
    infinitely many; one that all deals of a group have, or none, is compared between groups, with
    one less than there are groups (Schluchter and Elashoff 1990). Others are in between.
    """
    groups, weight = model.counts.groups, model.weight
    if groups is None or groups.size < 2:
        return np.full(factor.size, np.inf)
    total, by_group = factor.sums(weight), groups.crossed(factor, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = total - np.nansum(by_group**2 / by_group.sum(axis=1)[:, None], axis=0)
        between = 1 - within / (total - total**2 / total.sum())
        count = (groups.size - 1) / np.clip(between, 0, 1) ** 2
    return np.where(np.isfinite(count), np.maximum(count, 1), np.inf)


def _saddlepoint_z(
    model: Regression,
    rows: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray],
    score: float,
    error: float,
) -> float:
    """The absolute normal quantile of a score, by its cumulants (Barndorff-Nielsen 1986).

    rows: numbers of those of the level, whose deals are taken exactly. The others have small
    weights in the score and are taken as normal (Dey et al. 2017). weights: what the model explains
    of the level, per coefficient and per group. error: standard error of the score.
    """
    n_deals, probability = model.counts.n_deals[rows], model.probability[rows]
    z = abs(score / error)
    if min(n_deals @ probability, n_deals @ (1 - probability)) > MANY_OUTCOMES:
        return z
    share = 1 - _of_rows(model.columns, rows).linear_predictor(model.columns.effects @ weights[0])
    if model.has_groups:
        share = share - weights[1][model.counts.groups.codes[rows]]
    share = np.sign(score) * np.broadcast_to(share, n_deals.shape)
    log_odds = special.logit(probability)
    mean = (n_deals * share) @ probability
    rest = max(error**2 - (n_deals * share**2) @ (probability * (1 - probability)), 0.0)

    def excess(tilt: float) -> float:
        """The mean of the tilted score, less the score."""
        tilted = special.expit(log_odds + share * tilt)
        return (n_deals * share) @ tilted - mean + rest * tilt - abs(score)

    high = 1.0
    while excess(high) < 0:
        high *= 2
        if high > MAX_TILT:  # the score is at the end of its range
            return z
    tilt = optimize.brentq(excess, 0.0, high, xtol=1e-12)
    tilted = special.expit(log_odds + share * tilt)
    curvature = (n_deals * share**2) @ (tilted * (1 - tilted)) + rest
    growth = np.logaddexp(0, log_odds + share * tilt) - np.logaddexp(0, log_odds)
    cumulant = n_deals @ growth - mean * tilt + rest * tilt**2 / 2
    root = np.sqrt(2 * max(tilt * abs(score) - cumulant, 1e-12))
    return float(max(root + np.log(tilt * np.sqrt(curvature) / root) / root, 0.0))


def _of_rows(columns: Columns, kept: np.ndarray) -> Columns:
    """The columns of some of the rows."""
    factors = [replace(factor, codes=factor.codes[kept]) for factor in columns.factors]
    return replace(columns, factors=factors)
