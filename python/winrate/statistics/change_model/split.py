"""The change of the win rate as a sum of causes, with intervals."""

from dataclasses import dataclass

import numpy as np
from statsmodels.tools.numdiff import approx_fprime_cs

from winrate.statistics.change_model.model import PERIOD, ChangeModel
from winrate.statistics.regression import mean_slope


@dataclass(frozen=True)
class Part:
    """A part of the change of the win rate, with its standard error, in percentage points."""

    value: float
    error: float


@dataclass(frozen=True)
class Split:
    """The parts of the change of the win rate. Mix, shared and segments sum to the change.

    mix: what changed numbers of deals add. mix_by_feature: its parts, which sum to it.
    shared: what all deals share. segments: per named segment, in the order of naming.
    segments_by_feature: the sums of the segments of each feature.
    """

    mix: Part
    mix_by_feature: list[Part]
    shared: Part
    segments: list[Part]
    segments_by_feature: list[Part]


def split_change(model: ChangeModel) -> Split:
    """Split the change, with standard errors by the delta method.

    Two sources of error are added: that of the coefficients, and that of the shares of the
    profiles, the deals of each window being a sample.
    """
    regression = model.regression

    def parts(estimate: np.ndarray) -> np.ndarray:
        return _parts(model, estimate)[0]

    values, by_deal = _parts(model, regression.estimate)
    # Complex steps are exact to rounding (Squire and Trapp 1998); central differences are not.
    gradient = approx_fprime_cs(regression.estimate, parts)
    variance = np.einsum("ij,jk,ik->i", gradient, regression.covariance, gradient)
    for share, n_deals, of_window in zip(
        model.share, model.n_deals.sum(axis=1), by_deal, strict=True
    ):
        mean = of_window @ share
        variance += ((of_window - mean[:, None]) ** 2 @ share) / n_deals
    errors = 100 * np.sqrt(np.maximum(variance, 0.0))
    pairs = zip(values, errors, strict=True)
    found = [Part(100 * float(value), float(error)) for value, error in pairs]
    n_features, n_segments = len(model.profiles.features), len(model.segments)
    return Split(
        mix=found[0],
        mix_by_feature=found[2 : 2 + n_features],
        shared=found[1],
        segments=found[2 + n_features : 2 + n_features + n_segments],
        segments_by_feature=found[2 + n_features + n_segments :],
    )


def _parts(model: ChangeModel, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts, as shares, and windows x parts x profiles: their derivatives by share.

    The parts are mix, shared, mix per feature, segments, segments per feature.

    estimate: may be complex, for derivatives: no step may take a modulus or compare numbers.
    """
    columns = model.regression.columns
    coefficient = columns.effects @ estimate
    n_profiles = model.n_deals.shape[1]
    effects = np.array(
        [coefficient[columns.of(factor.name)][factor.codes] for factor in model.profiles.features]
    ).reshape(-1, n_profiles)
    shared = coefficient[columns.of(PERIOD)][1]
    own = np.array(
        [
            coefficient[columns.of(segment.name)][1] * segment.codes[n_profiles:]
            for segment in model.segments
        ]
    ).reshape(-1, n_profiles)
    before = coefficient[0] + effects.sum(axis=0)
    log_odds = [before, before + shared + own.sum(axis=0)]
    mean_share, share_change = model.share.mean(axis=0), model.share[1] - model.share[0]

    slope = mean_slope(log_odds[0], log_odds[1])
    changed = slope * np.vstack([np.full(n_profiles, shared), own])
    names = [factor.name for factor in model.profiles.features]
    in_window = [effects, effects.copy()]
    for segment, (feature, _) in zip(own, model.segment_levels, strict=True):
        in_window[1][names.index(feature)] += segment

    explained = np.zeros_like(effects)
    for constant, window, deal in zip(
        (coefficient[0], coefficient[0] + shared), in_window, log_odds, strict=True
    ):
        average = window @ mean_share
        mean = mean_slope(deal, constant + average.sum())
        explained = explained + mean * (window - average[:, None]) / 2
    of_feature = np.zeros((len(names), len(own)))
    for position, (feature, _) in enumerate(model.segment_levels):
        of_feature[names.index(feature), position] = 1.0
    whole = explained.sum(axis=0, keepdims=True)
    segments = np.vstack([changed[1:], of_feature @ changed[1:]])
    by_share = [whole, changed[:1], explained, segments]
    of_window = [
        np.vstack([sign * whole, changed[:1] / 2, sign * explained, segments / 2])
        for sign in (-1.0, 1.0)
    ]
    weights = [share_change, mean_share, share_change, mean_share]
    values = [part @ weight for part, weight in zip(by_share, weights, strict=True)]
    return np.concatenate(values), np.array(of_window)
