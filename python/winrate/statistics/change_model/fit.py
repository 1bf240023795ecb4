"""A logistic regression of two windows, with a change of every level between them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import expit

from winrate.statistics.change import COUNTS

# Standard deviations, in log-odds, of the normal priors: of a level's effect, and of its change
# from one window to the next. They are wide: three hundred deals of a level outweigh the first more
# than a hundred times. They keep the coefficients of levels without a won or a lost deal finite,
# and divide an effect equally among features that repeat each other.
LEVEL_SD = 2.5
CHANGE_SD = 1.0


@dataclass(frozen=True)
class WindowsFit:
    """A logistic regression on the profiles of two windows.

    features, levels: the modelled features; one row per (feature, level), in order of `one_hot`.
    codes: features x profiles, the position of the profile's level in `levels`.
    one_hot: profiles x levels, 0 or 1.
    share: windows x profiles, the share of each window's deals; n_deals: of the two windows.
    compared: per level, whether both windows have deals of it; is_new: whether only the later has.
    parameters, covariance: over (intercept before, intercept after, effect of each level, change of
        each level). The log-odds of a level are its effect less half its change before, and its
        effect plus half its change after. The change of a level that is not compared is 0.
    """

    features: list[str]
    levels: pd.MultiIndex
    codes: np.ndarray
    one_hot: np.ndarray
    share: np.ndarray
    n_deals: np.ndarray
    compared: np.ndarray
    is_new: np.ndarray
    parameters: np.ndarray
    covariance: np.ndarray

    @property
    def effect_columns(self) -> slice:
        return slice(2, 2 + len(self.levels))

    @property
    def change_columns(self) -> slice:
        return slice(2 + len(self.levels), None)

    @cached_property
    def of_feature(self) -> np.ndarray:
        """Features x levels, 1 where the level is one of the feature's."""
        names = self.levels.get_level_values(0).to_numpy()
        return (np.array(self.features, dtype=object)[:, None] == names).astype(float)

    def compared_changes(self, feature: str) -> np.ndarray:
        """The positions in `parameters` of the changes of a feature's compared levels."""
        is_level = self.of_feature[self.features.index(feature)] > 0
        return self.change_columns.start + np.flatnonzero(is_level & self.compared)


def fit_windows(rows: pd.DataFrame, features: list[str]) -> WindowsFit:
    """Fit the win rates of two windows.

    rows: profiles with COUNTS; each window has won and lost deals.
    Maximum likelihood with weak normal priors on effects and changes (LEVEL_SD, CHANGE_SD; a ridge
    penalty over all levels, none of which is a reference). The intercepts have no prior, so the
    fitted probabilities of each window sum to its won deals. The covariance is Laplace's
    approximation (Bishop 2006, section 4.4).
    Raises RuntimeError where the fit does not converge.
    """
    codes, levels = np.empty((len(features), len(rows)), dtype=int), []
    for position, feature in enumerate(features):
        codes_of_feature, names = pd.factorize(rows[feature], sort=True)
        codes[position] = codes_of_feature + len(levels)
        levels += [(feature, name) for name in names]
    one_hot = (codes[:, :, None] == np.arange(len(levels))).any(axis=0).astype(float)
    counts = rows[COUNTS].to_numpy(float)
    n_deals, n_won = counts[:, [0, 2]].T, counts[:, [1, 3]].T
    has_before, has_after = (n_deals @ one_hot) > 0
    compared = has_before & has_after

    half_change = one_hot * compared / 2
    no, yes = np.zeros((len(rows), 1)), np.ones((len(rows), 1))
    before = np.hstack([yes, no, one_hot, -half_change])
    after = np.hstack([no, yes, one_hot, half_change])
    precision = np.repeat([0.0, LEVEL_SD**-2, CHANGE_SD**-2], [2, len(levels), len(levels)])
    win_rate = n_won.sum(axis=1) / n_deals.sum(axis=1)
    start = np.concatenate([np.log(win_rate / (1 - win_rate)), np.zeros(2 * len(levels))])
    parameters, covariance = _posterior_mode(
        np.vstack([before, after]), n_deals.ravel(), n_won.ravel(), precision, start
    )
    return WindowsFit(
        features=features,
        levels=pd.MultiIndex.from_tuples(levels, names=["feature", "level"]),
        codes=codes,
        one_hot=one_hot,
        share=n_deals / n_deals.sum(axis=1, keepdims=True),
        n_deals=n_deals.sum(axis=1),
        compared=compared,
        is_new=has_after & ~has_before,
        parameters=parameters,
        covariance=covariance,
    )


def _posterior_mode(
    design: np.ndarray,
    n_deals: np.ndarray,
    n_won: np.ndarray,
    precision: np.ndarray,
    start: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of a logistic regression with normal priors, and their covariance.

    precision: of each parameter's prior, 1 / variance; 0 for none.
    """
    observed = n_deals > 0
    design, n_deals, n_won = design[observed], n_deals[observed], n_won[observed]

    def gradient(parameters: np.ndarray) -> np.ndarray:
        expected = n_deals * expit(design @ parameters)
        return design.T @ (expected - n_won) + precision * parameters

    def information(parameters: np.ndarray) -> np.ndarray:
        probability = expit(design @ parameters)
        weight = n_deals * probability * (1 - probability)
        return design.T @ (design * weight[:, None]) + np.diag(precision)

    # A root of the gradient instead of a minimum of the loss: near the minimum the values of the
    # loss, which minimisers compare, are equal to rounding, long before the parameters are. The
    # loss is strictly convex, so there is one root.
    solution = optimize.root(gradient, start, jac=information, method="lm", tol=1e-12)
    if not solution.success:
        raise RuntimeError(f"the change model does not converge: {solution.message}")
    return solution.x, np.linalg.inv(information(solution.x))


def p_value_of_unequal_changes(fit: WindowsFit, feature: str) -> float:
    """Wald test that the log-odds of a feature's levels changed alike; NaN below two levels."""
    columns = fit.compared_changes(feature)
    if len(columns) < 2:
        return float("nan")
    differences = np.eye(len(columns))[1:] - np.eye(len(columns))[0]
    change = differences @ fit.parameters[columns]
    covariance = differences @ fit.covariance[np.ix_(columns, columns)] @ differences.T
    statistic = float(change @ np.linalg.solve(covariance, change))
    return float(stats.chi2.sf(statistic, len(differences)))
