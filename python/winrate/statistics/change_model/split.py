"""The change of the win rate as a sum of parts, with intervals and p-values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.tools.numdiff import approx_fprime_cs

from winrate.statistics.change_model.common_change import common_changes
from winrate.statistics.change_model.fit import WindowsFit, p_value_of_unequal_changes
from winrate.statistics.proportions import Z_95

BASELINE = "baseline"  # in place of a feature: what all deals share
PARTS = ["explained_pp", "unexplained_pp"]
ESTIMATES = [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")]


@dataclass(frozen=True)
class Split:
    """The parts of the change of the win rate, as shares: 0.01 is one percentage point.

    parts: (explained, unexplained) x (features, baseline).
    by_deal: windows x (explained, unexplained) x (features, baseline) x profiles: the derivative of
        the parts by the share of a profile in a window.
    by_level: the unexplained part of each level.
    """

    parts: np.ndarray
    by_deal: np.ndarray
    by_level: np.ndarray


def feature_estimates(fit: WindowsFit) -> pd.DataFrame:
    """One row per modelled feature and one for the baseline.

    Columns: `feature`, ESTIMATES (percentage points), `p_value`, and, of the level with the largest
    unexplained part in the direction of the feature's, `largest_level` and `largest_level_pp`.
    """
    common, common_gradient = common_changes(fit)
    split = split_change(fit, fit.parameters, common)
    error = _standard_errors(fit, split, common, common_gradient)

    columns = {"feature": [*fit.features, BASELINE]}
    for part, value, part_error in zip(PARTS, split.parts, error, strict=True):
        columns[part] = 100 * value
        columns[f"{part}_low"] = 100 * (value - Z_95 * part_error)
        columns[f"{part}_high"] = 100 * (value + Z_95 * part_error)
    baseline_z = split.parts[1, -1] / error[1, -1] if error[1, -1] > 0 else np.nan
    columns["p_value"] = [
        *(p_value_of_unequal_changes(fit, feature) for feature in fit.features),
        2 * stats.norm.sf(abs(baseline_z)),
    ]
    largest = [_largest_level(fit, feature, split.by_level) for feature in fit.features]
    columns["largest_level"] = [*(str(fit.levels[level][1]) for level in largest), None]
    columns["largest_level_pp"] = [*(100 * split.by_level[level] for level in largest), np.nan]
    return pd.DataFrame(columns)


def split_change(fit: WindowsFit, parameters: np.ndarray, common: np.ndarray) -> Split:
    """Split the change of the win rate.

    parameters: as those of the fit. common: the common change of each feature's levels. Both may be
        complex, for their derivatives: no step may take a modulus or compare numbers.
    """
    common_of_level = common @ fit.of_feature
    intercepts, effect = parameters[:2], parameters[fit.effect_columns]
    change = np.where(fit.compared, parameters[fit.change_columns], common_of_level)
    before = effect - np.where(fit.compared, change / 2, np.where(fit.is_new, change, 0.0))
    coefficients = np.array([before, before + change])
    log_odds = intercepts[:, None] + coefficients[:, fit.codes].sum(axis=1)
    mean_share, share_change = fit.share.mean(axis=0), fit.share[1] - fit.share[0]

    slope = mean_slope(log_odds[0], log_odds[1])
    own_change = change - common_of_level
    baseline = intercepts[1] - intercepts[0] + common.sum()
    by_level = (mean_share * slope) @ fit.one_hot * own_change
    unexplained = np.append(fit.of_feature @ by_level, (mean_share @ slope) * baseline)
    unexplained_by_deal = slope * np.vstack([own_change[fit.codes], np.full(len(slope), baseline)])

    explained_by_deal = np.zeros_like(unexplained_by_deal)
    for intercept, coefficient, deal in zip(intercepts, coefficients, log_odds, strict=True):
        average = fit.of_feature @ (coefficient * (mean_share @ fit.one_hot))
        own = coefficient[fit.codes] - average[:, None]
        explained_by_deal[:-1] += mean_slope(deal, intercept + average.sum()) * own / 2
    explained = explained_by_deal @ share_change

    by_deal = [[sign * explained_by_deal, unexplained_by_deal / 2] for sign in (-1.0, 1.0)]
    return Split(np.array([explained, unexplained]), np.array(by_deal), by_level)


def mean_slope(log_odds: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """Mean slope of the logistic curve between two log-odds.

    That is the difference of the probabilities over the difference of the log-odds, and p (1 - p)
    where the two are equal. It is accurate where they are nearly equal, too.
    """
    half = (np.asarray(log_odds) - other) / 2
    sinhc = np.where(half == 0, 1.0, np.sinh(half) / np.where(half == 0, 1.0, half))
    return sinhc / (4 * np.cosh(np.asarray(log_odds) / 2) * np.cosh(np.asarray(other) / 2))


def _standard_errors(
    fit: WindowsFit, split: Split, common: np.ndarray, common_gradient: np.ndarray
) -> np.ndarray:
    """Standard errors of `split.parts`, as shares, by the delta method.

    Two sources of error are added: that of the coefficients, and that of the shares of the
    profiles, the deals of each window being a sample.
    """

    def parts(parameters: np.ndarray) -> np.ndarray:
        moved = common + common_gradient @ (parameters - fit.parameters)
        return split_change(fit, parameters, moved).parts.ravel()

    # Complex steps are exact to rounding (Squire and Trapp 1998). Central differences are not: they
    # move the ends of an interval by up to 1e-9 points.
    gradient = approx_fprime_cs(fit.parameters, parts)
    variance = np.einsum("ij,jk,ik->i", gradient, fit.covariance, gradient)
    variance = variance.reshape(split.parts.shape)
    for share, n_deals, by_deal in zip(fit.share, fit.n_deals, split.by_deal, strict=True):
        mean = by_deal @ share
        variance += ((by_deal - mean[:, :, None]) ** 2 @ share) / n_deals
    return np.sqrt(np.maximum(variance, 0.0))


def _largest_level(fit: WindowsFit, feature: str, by_level: np.ndarray) -> int:
    """The position of the level that adds most to the unexplained part of its feature."""
    positions = np.flatnonzero(fit.levels.get_level_values(0) == feature)
    direction = np.sign(by_level[positions].sum())
    return int(positions[np.argmax(direction * by_level[positions])])
