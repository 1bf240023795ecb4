"""The effect of each level of a feature in points of win rate, with its interval."""

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from winrate.statistics.regression import Counts, Factor, Regression
from winrate.statistics.score_tests import degrees

EFFECTS = [
    *("adjusted_win_rate", "effect_pp", "effect_pp_low", "effect_pp_high"),
    *("coefficient", "std_error", "odds_ratio"),
]


def level_effects(full: Regression, factor: Factor) -> pd.DataFrame:
    """Adjusted win rate and effect of each level of a modelled feature; EFFECTS.

    Intervals have the quantiles of the level's t distribution. That of the adjusted win rate is by
    the delta method on its log-odds, of a level that was always won or always lost by its
    likelihood; `_difference_interval` makes that of the effect from it.
    """
    columns, counts = full.columns, full.counts
    share = counts.n_deals / counts.n_deals.sum()
    place = columns.of(factor.name)
    coefficient = full.coefficient[place]
    log_odds = special.logit(full.probability) - coefficient[factor.codes]
    overall = float(share @ full.probability)
    gradient, group_gradient = _mean_gradient(full, share, full.probability)
    weighted = factor.sums(share) @ columns.effects[place]
    quantile = stats.t.ppf(0.975, degrees(full, factor))
    n_deals, n_won = factor.sums(counts.n_deals), factor.sums(counts.n_won)
    is_certain = ((n_won == 0) | (n_won == n_deals)) & (coefficient != 0)

    rows = []
    for level in range(factor.size):
        probability = special.expit(log_odds + coefficient[level])
        adjusted = float(share @ probability)
        own, own_group = _mean_gradient(full, share, probability, place, level)
        gradients = np.array([own, gradient, own - gradient])
        group_gradients = np.array([own_group, group_gradient, own_group - group_gradient])
        errors = np.sqrt(np.maximum(full.variance(gradients, group_gradients), 0.0))
        interval = _rate_interval(adjusted, errors[0], quantile[level])
        if is_certain[level]:
            limits = _certain_limits(
                counts, factor.codes == level, log_odds, coefficient[level], quantile[level]
            )
            interval = tuple(float(share @ special.expit(log_odds + limit)) for limit in limits)
        overall_interval = _rate_interval(overall, errors[1], quantile[level])
        low, high = _difference_interval((adjusted, overall), (interval, overall_interval), errors)
        contrast = columns.effects[place][level] - weighted
        no_groups = np.zeros((1, len(full.random)))
        std_error = float(np.sqrt(max(full.variance(contrast[None], no_groups)[0], 0.0)))
        log_odds_ratio = float(contrast @ full.estimate)
        rows.append(
            {
                "feature": factor.name,
                "level": factor.levels[level],
                "adjusted_win_rate": adjusted,
                "effect_pp": 100 * (adjusted - overall),
                "effect_pp_low": 100 * low,
                "effect_pp_high": 100 * high,
                "coefficient": log_odds_ratio,
                "std_error": std_error,
                "odds_ratio": float(np.exp(log_odds_ratio)),
            }
        )
    return pd.DataFrame(rows)


def _rate_interval(rate: float, error: float, quantile: float) -> tuple[float, float]:
    """The interval of a rate by the delta method on its log-odds; between 0 and 1."""
    half_width = quantile * error / max(rate * (1 - rate), 1e-12)
    low, high = special.expit(special.logit(rate) + half_width * np.array([-1, 1]))
    return float(low), float(high)


def _difference_interval(
    rates: tuple[float, float],
    intervals: tuple[tuple[float, float], tuple[float, float]],
    errors: np.ndarray,
) -> tuple[float, float]:
    """The interval of the difference of two rates, from the interval of each.

    errors: standard errors of the two and of their difference, which give their correlation.

    Source: Zou and Donner (2008), variance estimates recovery for correlated estimates.
    """
    (rate, other), ((low, high), (other_low, other_high)) = rates, intervals
    correlation = 0.0
    if errors[0] * errors[1] > 0:
        correlation = (errors[0] ** 2 + errors[1] ** 2 - errors[2] ** 2) / 2 / errors[0] / errors[1]

    def distance(own: float, others: float) -> float:
        return np.sqrt(max(own**2 + others**2 - 2 * correlation * own * others, 0.0))

    difference = rate - other
    return (
        max(difference - distance(rate - low, other_high - other), -other),
        min(difference + distance(high - rate, other - other_low), 1 - other),
    )


def _certain_limits(
    counts: Counts, rows: np.ndarray, log_odds: np.ndarray, estimate: float, quantile: float
) -> list[float]:
    """Limits of the coefficient of a level that was always won or always lost.

    rows: those of the level. log_odds: per row, without the level. By the penalised likelihood,
    which is too skew for standard errors, all else held equal (Heinze and Schemper 2002).
    """
    n_deals, n_won, others = counts.n_deals[rows], counts.n_won[rows], log_odds[rows]

    def above_lowest(value: float) -> float:
        return likelihood(value) - likelihood(estimate) + quantile**2 / 2

    def likelihood(value: float) -> float:
        of_deals = n_won @ (others + value) - n_deals @ np.logaddexp(0, others + value)
        return float(of_deals + value / 2 - np.logaddexp(0, value))

    limits = []
    for side in (-1, 1):
        distance = 1.0
        while above_lowest(estimate + side * distance) > 0:
            distance *= 2
        limits.append(optimize.brentq(above_lowest, estimate, estimate + side * distance))
    return limits


def _mean_gradient(
    model: Regression,
    share: np.ndarray,
    probability: np.ndarray,
    place: slice | None = None,
    level: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of a mean win rate by the coefficients and by the random intercepts.

    place, level: the columns of a feature of which all deals are given this level.
    """
    slope = share * probability * (1 - probability)
    by_column = model.columns.sums(slope)
    if place is not None:
        by_column[place] = 0.0
        by_column[place.start + level] = slope.sum()
    by_group = np.zeros(0)
    if model.has_groups:
        by_group = model.counts.groups.sums(slope)
    return by_column @ model.columns.effects, by_group
