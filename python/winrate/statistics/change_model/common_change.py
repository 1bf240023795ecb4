"""The change that the levels of a feature share."""

from collections.abc import Callable

import numpy as np
from scipy import optimize

from winrate.statistics.change_model.fit import WindowsFit

# The common change jumps where two peaks are equally high. So that its gradient stays finite near
# there, the curvature of a peak counts as at least this share of that of a single bell curve.
MIN_CURVATURE = 0.1
# Points per level at which the slope is computed, to find the peaks.
GRID_POINTS = 17


def common_changes(fit: WindowsFit) -> tuple[np.ndarray, np.ndarray]:
    """The common change of each feature's levels, and its gradient by the parameters.

    Returns features, and features x parameters. Both are 0 for a feature without compared levels.
    """
    common = np.zeros(len(fit.features))
    gradient = np.zeros((len(fit.features), len(fit.parameters)))
    level_share = fit.share.mean(axis=0) @ fit.one_hot
    for row, feature in enumerate(fit.features):
        columns = fit.compared_changes(feature)
        if not len(columns):
            continue
        share = level_share[columns - fit.change_columns.start]
        common[row], gradient[row, columns] = common_change(
            fit.parameters[columns], share / share.sum(), fit.covariance[np.ix_(columns, columns)]
        )
    return common, gradient


def common_change(
    change: np.ndarray, share: np.ndarray, covariance: np.ndarray
) -> tuple[float, np.ndarray]:
    """The change that most deals share, and its gradient by the levels' changes.

    change, share: of each level; shares sum to 1. covariance: of the changes.
    The location of the highest point of a sum of bell curves, one per level: of height `share`,
    centred at `change`, as wide as its standard error against the other levels (Welsch's estimator
    of location; Holland and Welsch 1977). Of several equally high points, the mean.
    """
    if len(change) == 1:
        return float(change[0]), np.ones(1)
    against_others = (np.eye(len(change)) - share) / (1 - share)[:, None]
    width = np.sqrt(np.einsum("ij,jk,ik->i", against_others, covariance, against_others))

    def heights(location: float) -> np.ndarray:
        return share * np.exp(-(((change - location) / width) ** 2) / 2)

    def slope(location: float) -> float:
        return float(heights(location) / width**2 @ (change - location))

    peaks = _peaks(slope, change, width)
    height = np.array([heights(location).sum() for location in peaks])
    highest = peaks[height >= height.max() * (1 - 1e-9)]
    gradients = []
    for location in highest:
        # By the implicit function theorem: a level moves the peak in proportion to its curvature.
        weight = heights(location) / width**2
        curvature = weight * (1 - ((change - location) / width) ** 2)
        lacking = max(MIN_CURVATURE * weight.sum() - curvature.sum(), 0.0)
        curvature += lacking * weight / weight.sum()
        gradients.append(curvature / curvature.sum())
    return float(highest.mean()), np.mean(gradients, axis=0)


def _peaks(slope: Callable[[float], float], change: np.ndarray, width: np.ndarray) -> np.ndarray:
    """The local maxima of a sum of bell curves, in ascending order, each once.

    A bell curve is concave within one width of its centre only. So every peak of a sum lies within
    one width of a centre, and that is where the grid is.
    """
    grid = np.unique(change[:, None] + width[:, None] * np.linspace(-1, 1, GRID_POINTS))
    slopes = np.array([slope(location) for location in grid])
    has_peak = np.flatnonzero((slopes[:-1] >= 0) & (slopes[1:] <= 0))
    peaks = np.array(
        [optimize.brentq(slope, grid[left], grid[left + 1], xtol=1e-15) for left in has_peak]
    )
    # A peak at a point of the grid is found on both sides of it.
    return peaks[np.append(True, np.diff(peaks) > 1e-6)]
