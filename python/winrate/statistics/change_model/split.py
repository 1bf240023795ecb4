"""The change of the win rate as a sum of causes, with intervals."""

from dataclasses import dataclass

import numpy as np

from winrate.statistics.change_model.model import PERIOD, ChangeModel
from winrate.statistics.regression import mean_slope

STEP = 1e-30  # of the complex derivatives


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

    The coefficients and the shares of the profiles are both estimates, the deals of each window
    being a sample; see `_variances`.
    """
    values, by_deal = _parts(model, model.regression.estimate)
    errors = 100 * np.sqrt(np.maximum(_variances(model, by_deal), 0.0))
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


def _variances(model: ChangeModel, by_deal: np.ndarray) -> np.ndarray:
    """The variance of each part, by the delta method. by_deal: see `_parts`.

    The mix is a product of two estimates, a change of shares and coefficients. Where both are near
    zero, the variance due to the one and that due to the other both hold the product of their
    errors, which is taken off once (Goodman 1960). The variance is at least the larger one: given
    the other estimate, it is exact.
    """
    by_coefficients, by_shares, of_both = np.zeros((3, by_deal.shape[1]))
    samples = list(zip(model.share, model.n_deals.sum(axis=1), strict=True))
    for direction in _directions(model.regression.covariance):
        # Complex steps are exact to rounding (Squire and Trapp 1998); central differences are not.
        values, slopes = _parts(model, model.regression.estimate + 1j * STEP * direction)
        by_coefficients += (values.imag / STEP) ** 2
        for slope, (share, n_deals) in zip(slopes.imag / STEP, samples, strict=True):
            of_both += _spread(slope, share) / n_deals
    for value, (share, n_deals) in zip(by_deal, samples, strict=True):
        by_shares += _spread(value, share) / n_deals
    larger = np.maximum(by_coefficients, by_shares)
    return np.maximum(by_coefficients + by_shares - of_both, larger)


def _directions(covariance: np.ndarray) -> np.ndarray:
    """Rows whose products with themselves sum to the covariance.

    A variance is then a sum of squares over directions, which need not be kept together.
    """
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))).T[values > 0]


def _spread(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The variance of each row of values over profiles with these shares."""
    deviation = values - (values @ share)[:, None]
    return deviation**2 @ share


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
