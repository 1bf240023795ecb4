"""When a deal closes and whether it is won then: a discrete-time model of competing risks.

A deal of a given age closes on a day with some probability, the *hazard*; and a deal that closes at
that age is won with some probability. Both are logistic regressions on counts, with one intercept
per band of age and effects of what is known at creation. From both follows, for a deal of any age,
the probability that it is won in the end or within a number of days. Open deals count as what they
are: deals that have not closed yet (Tutz and Schmid 2016, chapters 3 and 8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import linalg, sparse
from scipy.special import expit, log_expit

from winrate.statistics.proportions import Z_95

COUNTS = ["n_reached", "n_days", "n_won", "n_lost"]
MAX_STEPS, MAX_HALVINGS, TOLERANCE = 50, 30, 1e-7
CHUNK = 20_000  # targets whose probabilities are computed at a time
WEAKEST = 1e-4  # precision of an intercept: it is estimated from the deals alone
LEVEL = 4.0  # precision of the level of the cohorts, which the intercepts have already
TREND_IS_ZERO = 3.0  # quarters ago: in the middle of the deals that are open or closed lately


@dataclass(frozen=True)
class AgeBands:
    """Bands of age in days, of which each begins at one of `starts` and the last has no end."""

    starts: np.ndarray

    @classmethod
    def of(cls, starts: Sequence[int]) -> "AgeBands":
        return cls(np.array(sorted(starts), dtype=float))

    @property
    def size(self) -> int:
        return len(self.starts)

    @cached_property
    def days(self) -> np.ndarray:
        """Days of each band; a deal in the last one closes there sooner or later."""
        return np.append(np.diff(self.starts), np.inf)

    @cached_property
    def scale(self) -> np.ndarray:
        """The logarithm of the age in the middle of each band, about one month being zero."""
        middle = self.starts + np.append(np.diff(self.starts), self.starts[-1] / 2) / 2
        return np.log(middle / 30 + 0.2)

    def numbers(self, age_days: np.ndarray) -> np.ndarray:
        """The number of the band of each age."""
        return np.searchsorted(self.starts, age_days, "right") - 1


@dataclass(frozen=True)
class Spread:
    """How far effects are expected to differ: standard deviations of normal priors, in log-odds.

    level: of the levels of a feature. by_age: of the change of their effects with the logarithm of
    the age; 0: effects do not change. curve: of the bend of the intercepts over that scale.
    cohort: of one quarter of creation from the next, beside a trend. trend: of the linear trend,
    per quarter.
    """

    level: float = 0.5
    by_age: float = 0.0
    curve: float = 0.5
    cohort: float = 0.05
    trend: float = 0.15


@dataclass(frozen=True)
class Layout:
    """The columns of both regressions: bands of age, levels, cohorts, levels by age.

    levels: per feature, the levels that have an effect; profiles have their codes, -1 for others.
    n_cohorts: quarters of creation, the newest first; the last has all older deals.
    """

    bands: AgeBands
    levels: dict[str, list[str]]
    n_cohorts: int

    def without_features(self) -> "Layout":
        """The layout of the model of the average deal."""
        return replace(self, levels={})

    def encoded(self, profiles: pd.DataFrame) -> pd.DataFrame:
        """The profiles with codes in the place of levels."""
        codes = {
            name: pd.Categorical(profiles[name], categories=levels).codes.astype(int)
            for name, levels in self.levels.items()
        }
        return profiles.assign(**codes)

    @cached_property
    def places(self) -> dict[str, slice]:
        """The columns of each feature in `static`."""
        ends = np.cumsum([0, *(len(levels) for levels in self.levels.values())])
        return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(self.levels)}

    @property
    def n_levels(self) -> int:
        return sum(len(levels) for levels in self.levels.values())

    def terms(self, spread: Spread) -> pd.DataFrame:
        """What each coefficient belongs to: `term` and `level`, one row each, in their order."""
        of_levels = [(name, level) for name, levels in self.levels.items() for level in levels]
        rows = [("age_from_days", f"{start:.0f}") for start in self.bands.starts]
        rows += [*of_levels, *(("cohort", str(number)) for number in range(self.n_cohorts))]
        if spread.by_age:
            rows += [(f"{name} by age", level) for name, level in of_levels]
        return pd.DataFrame(rows, columns=["term", "level"])

    def static(self, profiles: pd.DataFrame) -> sparse.csr_array:
        """Profiles x (levels, then cohorts): 1 where the profile has it."""
        codes = profiles[[*self.levels, "cohort"]].to_numpy()
        starts = [place.start for place in self.places.values()]
        row, place = np.nonzero(codes >= 0)
        column = (codes + np.array([*starts, self.n_levels]))[row, place]
        shape = (len(profiles), self.n_levels + self.n_cohorts)
        return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)

    def precision(self, spread: Spread) -> np.ndarray:
        """The inverse covariance of the prior of all coefficients."""
        curve = _second_differences(self.bands.scale)
        blocks = [
            curve.T @ curve / spread.curve**2 + WEAKEST * np.eye(self.bands.size),
            np.eye(self.n_levels) / spread.level**2,
            np.linalg.inv(_cohort_covariance(self.n_cohorts, spread)),
        ]
        if spread.by_age:
            blocks.append(np.eye(self.n_levels) / spread.by_age**2)
        return linalg.block_diag(*blocks)


def _second_differences(scale: np.ndarray) -> np.ndarray:
    """Bend x place: the change of slope at each inner place, per square root of the distance."""
    found = np.zeros((max(len(scale) - 2, 0), len(scale)))
    before, after = np.diff(scale)[:-1], np.diff(scale)[1:]
    for i, (left, right) in enumerate(zip(before, after, strict=True)):
        found[i, i : i + 3] = np.array([1 / left, -1 / left - 1 / right, 1 / right])
        found[i] /= np.sqrt((left + right) / 2)
    return found


def _cohort_covariance(n_cohorts: int, spread: Spread) -> np.ndarray:
    """Cohorts x cohorts: a random walk around a linear trend, which goes on to the newest deals."""
    steps = np.diff(np.eye(n_cohorts), axis=0)
    walk = np.linalg.inv(steps.T @ steps / spread.cohort**2 + LEVEL * np.eye(n_cohorts))
    quarters = np.arange(n_cohorts) - TREND_IS_ZERO
    return walk + spread.trend**2 * np.outer(quarters, quarters)


@dataclass(frozen=True)
class RiskSet:
    """Profiles x bands: the days on which deals could close, and what happened.

    profiles: one row per combination of levels and `cohort`. n_days: deal days at risk.
    """

    profiles: pd.DataFrame
    n_days: np.ndarray
    n_won: np.ndarray
    n_lost: np.ndarray

    @property
    def n_closed(self) -> np.ndarray:
        return self.n_won + self.n_lost

    @property
    def fewest_outcomes(self) -> float:
        """The number of won or of lost deals, whichever is smaller."""
        return min(self.n_won.sum(), self.n_lost.sum())

    def by_cohort(self) -> "RiskSet":
        """The same deals without their levels."""
        codes, cohorts = pd.factorize(self.profiles["cohort"], sort=True)
        select = sparse.csr_array(
            (np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(cohorts), len(codes))
        )
        counts = (select @ each for each in (self.n_days, self.n_won, self.n_lost))
        return RiskSet(pd.DataFrame({"cohort": cohorts}), *counts)


def risk_set(counts: pd.DataFrame, features: Sequence[str], bands: AgeBands) -> RiskSet:
    """Deal days at risk per profile and band of age, from counts of where deals end and begin.

    counts: one row per combination of `features` (as codes), `cohort` and `age_from_days`, the
        first day of a band: `n_reached` deals whose observation ends in the band, less those whose
        observation begins there; `n_days` on which they were at risk in the band (less those before
        it begins); and how many of them were won and lost.
    """
    keys = [*features, "cohort"]
    profile = counts.groupby(keys, sort=True).ngroup().to_numpy()
    profiles = counts[keys].drop_duplicates().sort_values(keys, ignore_index=True)
    band = bands.numbers(counts["age_from_days"].to_numpy(float))
    shape = (len(profiles), bands.size)
    n_reached, n_days, n_won, n_lost = (
        np.bincount(profile * bands.size + band, counts[name], np.prod(shape)).reshape(shape)
        for name in COUNTS
    )
    later = n_reached[:, ::-1].cumsum(axis=1)[:, ::-1] - n_reached
    n_days[:, :-1] += (later * np.append(bands.days[:-1], 0.0))[:, :-1]
    return RiskSet(profiles, np.maximum(n_days, n_won + n_lost), n_won, n_lost)


Coefficients = tuple[np.ndarray, np.ndarray]  # of closing and of winning


@dataclass(frozen=True)
class HazardModel:
    """The hazard of closing, and the chance that a closing deal is won, as they were fitted."""

    risk: RiskSet
    layout: Layout
    spread: Spread
    coefficients: Coefficients

    @cached_property
    def covariances(self) -> tuple[np.ndarray, ...]:
        """Of both vectors of coefficients (Laplace approximation; Bishop 2006, section 4.4)."""
        problems = _problems(self.risk, self.layout, self.spread)
        pairs = zip(problems, self.coefficients, strict=True)
        return tuple(np.linalg.inv(problem.score(own)[1]) for problem, own in pairs)

    @cached_property
    def average(self) -> np.ndarray:
        """Share of each level among the closed deals, per column of `Layout.static`."""
        n_closed = self.risk.n_closed.sum(axis=1)
        shares = self.layout.static(self.risk.profiles).T @ n_closed / max(n_closed.sum(), 1.0)
        shares[self.layout.n_levels :] = 0.0  # cohorts are no features
        return shares

    def targets(self, static: sparse.csr_array, age_days: np.ndarray) -> "Iterator[Targets]":
        """Some deals at a time, of these rows of `Layout.static` and ages in whole days."""
        for start in range(0, len(age_days), CHUNK):
            chunk = slice(start, start + CHUNK)
            yield Targets(self, static[chunk], age_days[chunk])


def fit(
    risk: RiskSet, layout: Layout, spread: Spread, start: HazardModel | None = None
) -> HazardModel:
    """Both regressions, by penalised likelihood.

    start: a similar model with the same layout and spread, from which the fit starts.
    """
    starts = start.coefficients if start else (None, None)
    problems = _problems(risk, layout, spread)
    closing, winning = (
        problem.solved(of_start) for problem, of_start in zip(problems, starts, strict=True)
    )
    return HazardModel(risk, layout, spread, (closing, winning))


def _problems(risk: RiskSet, layout: Layout, spread: Spread) -> "tuple[_Problem, _Problem]":
    static, precision = layout.static(risk.profiles), layout.precision(spread)
    closed = risk.n_closed.sum(axis=1) > 0
    return (
        _Problem(static, layout, risk.n_days, risk.n_closed, precision),
        _Problem(static[closed], layout, risk.n_closed[closed], risk.n_won[closed], precision),
    )


@dataclass(frozen=True)
class _Problem:
    """A logistic regression of `n_events` of `n_in_all`, profiles x bands."""

    static: sparse.csr_array
    layout: Layout
    n_in_all: np.ndarray
    n_events: np.ndarray
    precision: np.ndarray

    def log_odds(self, coefficient: np.ndarray) -> np.ndarray:
        return log_odds(self.static, self.layout, coefficient)

    def objective(self, coefficient: np.ndarray) -> float:
        fitted = self.log_odds(coefficient)
        log_likelihood = self.n_events * fitted - self.n_in_all * np.logaddexp(0, fitted)
        return log_likelihood.sum() - coefficient @ self.precision @ coefficient / 2

    def solved(self, start: np.ndarray | None) -> np.ndarray:
        """The coefficients, by Newton's method."""
        if start is None:
            coefficient = np.zeros(len(self.precision))
            n_events, n_in_all = self.n_events.sum(), self.n_in_all.sum()
            odds = (n_events + 0.5) / (n_in_all - n_events + 0.5)
            coefficient[: self.layout.bands.size] = np.log(odds)
        else:
            coefficient = start
        value = self.objective(coefficient)
        for _ in range(MAX_STEPS):
            score, information = self.score(coefficient)
            step = linalg.solve(information, score, assume_a="pos")
            for _ in range(MAX_HALVINGS):
                new = self.objective(coefficient + step)
                if new >= value - 1e-10 * abs(value):
                    break
                step = step / 2
            coefficient, value = coefficient + step, new
            if np.abs(step).max() < TOLERANCE:
                break
        return coefficient

    def score(self, coefficient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gradient of `objective`, and minus its second derivative."""
        probability = expit(self.log_odds(coefficient))
        residual = self.n_events - self.n_in_all * probability
        weight = self.n_in_all * probability * (1 - probability)
        scale, n_levels = self.layout.bands.scale, self.layout.n_levels
        static = self.static
        gradient = [residual.sum(axis=0), static.T @ residual.sum(axis=1)]
        first = static.T @ weight
        blocks = [
            [np.diag(weight.sum(axis=0)), first.T],
            [first, _weighted_product(static, weight.sum(axis=1), static)],
        ]
        if len(coefficient) > self.layout.bands.size + static.shape[1]:
            levels = static[:, :n_levels]
            scaled = weight @ scale
            gradient.append(levels.T @ (residual @ scale))
            by_band = first[:n_levels] * scale
            crossed = _weighted_product(static, scaled, levels)
            squared = _weighted_product(levels, weight @ scale**2, levels)
            blocks[0].append(by_band.T)
            blocks[1].append(crossed)
            blocks.append([by_band, crossed.T, squared])
        score = np.concatenate(gradient) - self.precision @ coefficient
        return score, np.block(blocks) + self.precision


def _weighted_product(
    left: sparse.csr_array, weight: np.ndarray, right: sparse.csr_array
) -> np.ndarray:
    return (left.T @ (sparse.diags_array(weight) @ right)).toarray()


def log_odds(static: sparse.csr_array, layout: Layout, coefficient: np.ndarray) -> np.ndarray:
    """Profiles x bands."""
    n_bands, n_static = layout.bands.size, static.shape[1]
    found = coefficient[:n_bands] + (static @ coefficient[n_bands : n_bands + n_static])[:, None]
    by_age = coefficient[n_bands + n_static :]
    if len(by_age):
        found = found + np.outer(static[:, : layout.n_levels] @ by_age, layout.bands.scale)
    return found


class Targets:
    """Deals of some age, and what the model says of them."""

    def __init__(self, model: HazardModel, static: sparse.csr_array, age_days: np.ndarray):
        self.model = model
        self.layout = model.layout
        self.static = static
        self.age = age_days
        self.closing, self.winning = (
            log_odds(static, self.layout, own) for own in model.coefficients
        )

    def days(self, horizon: np.ndarray | float = np.inf) -> np.ndarray:
        """Targets x bands: days that remain in each band, within the horizon."""
        bands = self.layout.bands
        first = np.maximum(self.age[:, None], bands.starts)
        last = np.minimum(
            bands.starts + bands.days, self.age[:, None] + np.reshape(horizon, (-1, 1))
        )
        return np.maximum(last - first, 0.0)

    def probability(self, horizon: np.ndarray | float = np.inf) -> np.ndarray:
        """Win probability of each target in the end, or within a number of days."""
        return _chances(self.closing, self.winning, self.days(horizon))[0]

    def error(self, horizon: np.ndarray | float = np.inf) -> np.ndarray:
        """Standard error of the log-odds of `probability`, by the delta method."""
        days = self.days(horizon)
        probability, of_closing, of_winning = _chances(self.closing, self.winning, days)
        variance = np.zeros(len(days))
        gradients = (of_closing, of_winning)
        for gradient, covariance in zip(gradients, self.model.covariances, strict=True):
            full = self._full(gradient, len(covariance))
            variance += np.einsum("ij,ij->i", full @ covariance, full)
        spread = probability * (1 - probability)
        return np.sqrt(variance) / np.maximum(spread, 1e-12)

    def interval(self, horizon: np.ndarray | float = np.inf) -> tuple[np.ndarray, ...]:
        """Probability and its 95% interval, on the scale of log-odds."""
        probability = self.probability(horizon)
        with np.errstate(divide="ignore"):
            centre = np.log(probability) - np.log1p(-probability)
        error = Z_95 * self.error(horizon)
        return probability, expit(centre - error), expit(centre + error)

    def _full(self, gradient: np.ndarray, n_coefficients: int) -> np.ndarray:
        """Targets x coefficients, from the gradient with respect to the log-odds of each band."""
        parts = [gradient, self.static.multiply(gradient.sum(axis=1)[:, None]).toarray()]
        if n_coefficients > gradient.shape[1] + self.static.shape[1]:
            levels = self.static[:, : self.layout.n_levels]
            parts.append(levels.multiply((gradient @ self.layout.bands.scale)[:, None]).toarray())
        return np.hstack(parts)

    def contributions(self) -> tuple[np.ndarray, pd.DataFrame]:
        """The probability of the average deal, and what each feature adds to it.

        The average deal has the same age and cohort and, of each feature, each level in its share.
        Contributions are integrals of the gradient along the line from it to the target, and sum
        to the difference (Aumann and Shapley 1974).
        """
        days, layout = self.days(), self.layout
        shifts = [self._shifts(own) for own in self.model.coefficients]
        totals = [sum(of_feature.values()) for of_feature in shifts]
        logits = [self.closing - totals[0], self.winning - totals[1]]
        baseline = _chances(*logits, days)[0]
        found = {name: np.zeros(len(days)) for name in layout.levels}
        nodes, weights = np.polynomial.legendre.leggauss(4)
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            at_node = [log + node * total for log, total in zip(logits, totals, strict=True)]
            gradients = _chances(*at_node, days)[1:]
            for gradient, of_feature in zip(gradients, shifts, strict=True):
                for name, shift in of_feature.items():
                    found[name] += weight * (gradient * shift).sum(axis=1)
        table = pd.DataFrame(found, index=range(len(days)))
        # What the four nodes leave of the integral is shared in proportion.
        left = self.probability() - baseline - table.sum(axis=1).to_numpy()
        sizes = table.abs()
        share = sizes.div(sizes.sum(axis=1).replace(0, 1), axis=0)
        return baseline, table + share.mul(left, axis=0)

    def _shifts(self, coefficient: np.ndarray) -> dict[str, np.ndarray]:
        """Per feature, targets x bands: the log-odds of its level less those of the average."""
        layout = self.layout
        n_bands, n_static = layout.bands.size, self.static.shape[1]
        static = coefficient[n_bands : n_bands + n_static]
        by_age = coefficient[n_bands + n_static :]
        found = {}
        for name, place in layout.places.items():
            own, average = self.static[:, place], self.model.average[place]
            is_known = own.sum(axis=1)  # a level that was not fitted is as the average one
            shift = (own @ static[place] - is_known * (average @ static[place]))[:, None]
            if len(by_age):
                change = own @ by_age[place] - is_known * (average @ by_age[place])
                shift = shift + np.outer(change, layout.bands.scale)
            found[name] = np.broadcast_to(shift, self.closing.shape)
        return found


def _chances(
    closing: np.ndarray, winning: np.ndarray, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Win probability, and its gradient with respect to the log-odds of both regressions.

    All are targets x bands; days: at risk in each band. A deal that has infinitely many days in the
    last band closes there.
    """
    hazard, won = expit(closing), expit(winning)
    is_endless = np.isinf(days[:, -1])
    finite = np.where(np.isinf(days), 0.0, days)
    survival = np.exp(finite * log_expit(-closing))
    survival[is_endless, -1] = 0.0
    reached = np.cumprod(np.column_stack([np.ones(len(days)), survival[:, :-1]]), axis=1)
    close = reached * (1 - survival)
    probability = (close * won).sum(axis=1)
    # What a deal that outlives a band is worth: wins after it, per deal that gets there.
    won_after = np.cumsum((close * won)[:, ::-1], axis=1)[:, ::-1] - close * won
    left = reached * survival
    of_closing = finite * hazard * (left * won - won_after)
    return probability, of_closing, close * won * (1 - won)
