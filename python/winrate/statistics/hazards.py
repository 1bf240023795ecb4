"""When a deal closes and whether it is won then: a discrete-time model of competing risks.

A deal of a given age closes on a day with some probability, the *hazard*; and a deal that closes at
that age is won with some probability. Both are logistic regressions on counts, with one intercept
per band of age and effects of what is known. From both follows, for a deal of any age, the
probability that it is won in the end or within a number of days. Open deals count as what they are:
deals that have not closed yet (Tutz and Schmid 2016, chapters 3 and 8).

Days are counted from a *landmark*. Where nothing is known but what was known at creation, that is
the only one, and the clock shows the age. What is known of a deal on a day, such as its stage, is
a *state*: then the ends of months are landmarks too, the deals open then count with the state that
they had, among others their age, and its effect on what follows changes with the days since (van
Houwelingen and Putter 2012, chapter 7). No state of a later day is used.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import linalg, sparse
from scipy.special import expit, log_expit, logit

from winrate.statistics.proportions import Z_95

AT_CREATION = "at creation"  # the level of a deal of which no state is known yet
AGE = "age_then"  # the state that is no reason: a deal is compared with others of that age
COUNTS = ["n_reached", "n_days", "n_won", "n_lost"]
FADES = np.array([0.0, 14.0, 45.0, 120.0])  # days since a state was known: an effect from each on
MAX_STEPS, MAX_HALVINGS, TOLERANCE = 100, 30, 1e-7
SHORTER = 0.3  # a step of more than this share of the one before it is not much shorter
MANY_COLUMNS = 300  # from which on products of sparse matrices take less time than of dense ones
CHUNK = 20_000  # cells, or targets, of which matrices are made at a time
WEAKEST = 1e-4  # precision of an intercept: it is estimated from the deals alone
LEVEL = 4.0  # precision of the level of the cohorts, which the intercepts have already
TREND_IS_ZERO = 3.0  # quarters ago: in the middle of the deals that are open or closed lately


@dataclass(frozen=True)
class Bands:
    """Bands of days since the landmark: each begins at one of `starts`, and the last has no end."""

    starts: np.ndarray

    @classmethod
    def of(cls, starts: Sequence[int]) -> "Bands":
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
        """The logarithm of the days in the middle of each band, about one month being zero."""
        middle = self.starts + np.append(np.diff(self.starts), self.starts[-1] / 2) / 2
        return np.log(middle / 30 + 0.2)

    def numbers(self, days: np.ndarray) -> np.ndarray:
        """The number of the band of each day."""
        return np.searchsorted(self.starts, days, "right") - 1

    @cached_property
    def fades(self) -> np.ndarray:
        """Which of `FADES` each band is in."""
        return np.searchsorted(FADES, self.starts, "right") - 1


@dataclass(frozen=True)
class Spread:
    """How far effects are expected to differ: standard deviations of normal priors, in log-odds.

    level: of the levels of a feature. by_age: of the change of their effects with the logarithm of
    the age; 0: effects do not change. curve: of the bend of the intercepts over that scale.
    cohort: of one quarter of creation from the next, beside a trend. trend: of the linear trend,
    per quarter. state: of the levels of a state when it is known; fade: of the change of an effect
    from one of `FADES` to the next.
    """

    level: float = 0.5
    by_age: float = 0.0
    curve: float = 0.5
    cohort: float = 0.05
    trend: float = 0.15
    state: float = 1.0
    fade: float = 0.25


class Term(NamedTuple):
    """Columns of a regression: `design` (profiles x columns), times a number per band.

    names: of the features or states that it has the levels of; `Layout.places` has their columns.
    """

    names: tuple[str, ...]
    design: sparse.csr_array
    of_band: np.ndarray


@dataclass(frozen=True)
class Layout:
    """The columns of both regressions.

    They are bands of age; levels and cohorts; levels by age where the spread has it; and the levels
    of states, for each of `FADES`.
    levels, states: per feature or state, the levels that have an effect; profiles have their codes,
        -1 for others. n_cohorts: quarters of creation, the newest first; the last has all older
        deals.
    """

    bands: Bands
    levels: dict[str, list[str]]
    n_cohorts: int
    states: dict[str, list[str]] = field(default_factory=dict)

    def without_features(self) -> "Layout":
        """The layout of the model of the average deal."""
        return replace(self, levels={}, states={})

    def encoded(self, profiles: pd.DataFrame) -> pd.DataFrame:
        """The profiles with codes in the place of levels."""
        codes = {
            name: pd.Categorical(profiles[name], categories=levels).codes.astype(int)
            for name, levels in self.all_levels.items()
        }
        return profiles.assign(**codes)

    @cached_property
    def places(self) -> dict[str, slice]:
        """The columns of each feature among those of all features, and of each state likewise."""
        found = {}
        for sizes in (self.levels, self.states):
            ends = np.cumsum([0, *(len(levels) for levels in sizes.values())])
            found |= {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(sizes)}
        return found

    @property
    def n_levels(self) -> int:
        return sum(len(levels) for levels in self.levels.values())

    @property
    def n_states(self) -> int:
        return sum(len(levels) for levels in self.states.values())

    @property
    def all_levels(self) -> dict[str, list[str]]:
        """The levels of each feature and state."""
        return self.levels | self.states

    @property
    def keys(self) -> list[str]:
        """The columns of profiles."""
        return [*self.levels, "cohort", *(["is_creation", *self.states] if self.states else [])]

    def clock(self, profiles: pd.DataFrame) -> np.ndarray:
        """The first day of each profile: since its creation, or since its state is known."""
        clock = profiles["clock_days"].to_numpy(float)
        if not self.states:
            return clock
        has_state = np.array([level != AT_CREATION for level in self.states[AGE]])
        code = profiles[AGE].to_numpy()
        return np.where((code >= 0) & has_state[code], 1.0, clock)

    def without_states(self) -> "Layout":
        """The layout of a model of what is known at creation."""
        return replace(self, states={})

    def columns(self, spread: Spread) -> pd.DataFrame:
        """What each coefficient belongs to: `term` and `level`, one row each, in their order."""
        of_levels = [(name, level) for name, levels in self.levels.items() for level in levels]
        rows = [("from_days", f"{start:.0f}") for start in self.bands.starts]
        rows += [*of_levels, *(("cohort", str(number)) for number in range(self.n_cohorts))]
        if spread.by_age:
            rows += [(f"{name} by age", level) for name, level in of_levels]
        if self.states:
            rows += [
                (f"{name} after {days:.0f} days", level)
                for days in FADES
                for name, levels in self.states.items()
                for level in levels
            ]
        return pd.DataFrame(rows, columns=["term", "level"])

    def terms(self, profiles: pd.DataFrame, spread: Spread) -> list[Term]:
        """The columns after those of the bands, for profiles with codes."""
        always = np.ones(self.bands.size)
        levels, states = _one_hot(profiles, self.levels), _one_hot(profiles, self.states)
        cohorts = _one_hot(profiles, {"cohort": range(self.n_cohorts)})
        found = [Term(tuple(self.levels), levels, always), Term((), cohorts, always)]
        if spread.by_age:
            found.append(Term(tuple(self.levels), levels, self.bands.scale))
        for number in range(len(FADES) if self.states else 0):
            is_in = (self.bands.fades == number).astype(float)
            found.append(Term(tuple(self.states), states, is_in))
        return found

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
        if self.states:
            blocks.append(np.kron(_fade_precision(spread), np.eye(self.n_states)))
        return linalg.block_diag(*blocks)


def _one_hot(profiles: pd.DataFrame, levels: dict[str, Sequence]) -> sparse.csr_array:
    """Profiles x levels of all columns, from codes: 1 where the profile has it."""
    ends = np.cumsum([0, *(len(each) for each in levels.values())])
    codes = profiles[list(levels)].to_numpy(int)
    row, place = np.nonzero(codes >= 0)
    column = (codes + ends[:-1])[row, place] if len(levels) else place
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(profiles), ends[-1]))


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


def _fade_precision(spread: Spread) -> np.ndarray:
    """Fades x fades: a random walk from the effect of a state when it is known."""
    steps = np.diff(np.eye(len(FADES)), axis=0)
    first = np.zeros((len(FADES), len(FADES)))
    first[0, 0] = 1 / spread.state**2
    return steps.T @ steps / spread.fade**2 + first


@dataclass(frozen=True)
class RiskSet:
    """The days on which deals could close, and what happened: one cell per profile and band.

    profiles: one row per combination of `Layout.keys`. profile, band: of each cell. n_days: deal
        days at risk.
    """

    profiles: pd.DataFrame
    profile: np.ndarray
    band: np.ndarray
    n_days: np.ndarray
    n_won: np.ndarray
    n_lost: np.ndarray

    @property
    def n_closed(self) -> np.ndarray:
        return self.n_won + self.n_lost

    def __getitem__(self, cells: np.ndarray) -> "RiskSet":
        """Some cells, with all profiles."""
        own = (self.profile, self.band, self.n_days, self.n_won, self.n_lost)
        return RiskSet(self.profiles, *(each[cells] for each in own))

    @cached_property
    def once(self) -> "RiskSet":
        """Each deal once, from its creation on: not as it was known at later landmarks."""
        if "is_creation" not in self.profiles:
            return self
        return self[self.profiles["is_creation"].to_numpy(bool)[self.profile]]

    @property
    def fewest_outcomes(self) -> float:
        """The number of won or of lost deals, whichever is smaller."""
        return min(self.once.n_won.sum(), self.once.n_lost.sum())

    @property
    def times_counted(self) -> float:
        """How often a day of a deal is counted, on average: once per landmark before it."""
        return self.n_days.sum() / max(self.once.n_days.sum(), 1.0)

    def by_cohort(self) -> "RiskSet":
        """The same deals without their levels."""
        cells = pd.DataFrame(
            {name: getattr(self.once, name) for name in ("n_days", "n_won", "n_lost")}
        )
        cells["cohort"] = self.profiles["cohort"].to_numpy()[self.once.profile]
        sums = cells.groupby(["cohort", self.once.band]).sum()
        cohort, band = (sums.index.get_level_values(level).to_numpy() for level in (0, 1))
        profile, cohorts = pd.factorize(cohort, sort=True)
        counts = (sums[name].to_numpy() for name in ("n_days", "n_won", "n_lost"))
        return RiskSet(pd.DataFrame({"cohort": cohorts}), profile, band, *counts)


def risk_set(counts: pd.DataFrame, layout: Layout) -> RiskSet:
    """Deal days at risk per profile and band, from counts of where observations end and begin.

    counts: one row per combination of `Layout.keys`, levels and states as codes, and of
        `from_days`, the first day of a band: `n_reached` deals whose observation ends in the band,
        less those whose observation begins there; `n_days` on which they were at risk in the band
        (less those before it begins); and how many of them were won and lost.
    """
    keys, bands = layout.keys, layout.bands
    profiles, profile = _distinct(counts[keys])
    shape = (len(profiles), bands.size)
    place = profile * bands.size + bands.numbers(counts["from_days"].to_numpy(float))
    n_reached, n_days, n_won, n_lost = (
        np.bincount(place, counts[name], np.prod(shape)).reshape(shape).astype(float)
        for name in COUNTS
    )
    later = n_reached[:, ::-1].cumsum(axis=1)[:, ::-1] - n_reached
    n_days[:, :-1] += (later * np.append(bands.days[:-1], 0.0))[:, :-1]
    cells = np.nonzero((n_days > 0) | (n_won + n_lost > 0))
    n_won, n_lost = n_won[cells], n_lost[cells]
    return RiskSet(profiles, *cells, np.maximum(n_days[cells], n_won + n_lost), n_won, n_lost)


def _distinct(codes: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """The distinct rows of whole numbers from -1 on, in order, and the place of each row there."""
    key = np.zeros(len(codes), np.int64)
    for name in codes:
        # The key is renumbered column by column, so that it never overflows.
        values = codes[name].to_numpy(np.int64) + 1
        key = np.unique(key * (values.max(initial=0) + 1) + values, return_inverse=True)[1]
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return codes.iloc[first].reset_index(drop=True), place


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
        """Of both vectors of coefficients (Laplace approximation; Bishop 2006, section 4.4).

        A day that counts at several landmarks is information only once.
        """
        problems = _problems(self.risk, self.layout, self.spread)
        pairs = zip(problems, self.coefficients, strict=True)
        return tuple(
            np.linalg.inv(problem.information(own)) * self.risk.times_counted
            for problem, own in pairs
        )

    @cached_property
    def average(self) -> dict[str, np.ndarray]:
        """Per feature and state, the share of each level: of closed deals, and of open ones."""
        closed, later = self.risk.once, self.risk
        if self.layout.states:
            later = self.risk[~self.risk.profiles["is_creation"].to_numpy(bool)[self.risk.profile]]
        found = {}
        for risk, levels, weight in (
            (closed, self.layout.levels, closed.n_closed),
            (later, self.layout.states, later.n_days),
        ):
            of_profile = np.bincount(risk.profile, weight, len(risk.profiles))
            for name in levels:
                sums = _one_hot(risk.profiles, {name: levels[name]}).T @ of_profile
                found[name] = sums / max(of_profile.sum(), 1.0)
        return found

    def deviations(self, rng: np.random.Generator, n_draws: int) -> Coefficients:
        """Coefficients x draws: draws from their normal distribution, less the coefficients."""
        return tuple(
            linalg.cholesky(covariance, lower=True)
            @ rng.standard_normal((len(covariance), n_draws))
            for covariance in self.covariances
        )

    def targets(self, profiles: pd.DataFrame) -> "Iterator[Targets]":
        """Some deals at a time.

        profiles: codes of levels and states, `cohort` and `clock_days`: the days since creation of
            the first day on which the deal may close.
        """
        for start in range(0, len(profiles), CHUNK):
            yield Targets(self, profiles.iloc[start : start + CHUNK])


def fit(
    risk: RiskSet, layout: Layout, spread: Spread, start: HazardModel | None = None
) -> HazardModel:
    """Both regressions, by penalised likelihood.

    start: a similar model with the same layout and spread, from which the fit starts.
    """
    if not layout.states:
        risk = risk.once
    starts = start.coefficients if start else (None, None)
    problems = _problems(risk, layout, spread)
    closing, winning = (
        problem.solved(of_start) for problem, of_start in zip(problems, starts, strict=True)
    )
    return HazardModel(risk, layout, spread, (closing, winning))


def _problems(risk: RiskSet, layout: Layout, spread: Spread) -> "tuple[_Problem, _Problem]":
    design, precision = _design(risk, layout, spread), layout.precision(spread)
    closed = risk.n_closed > 0
    n_bands = layout.bands.size
    return (
        _Problem(design, risk.n_days, risk.n_closed, precision, n_bands),
        _Problem(design[closed], risk.n_closed[closed], risk.n_won[closed], precision, n_bands),
    )


def _design(risk: RiskSet, layout: Layout, spread: Spread) -> sparse.csr_array:
    """Cells x coefficients."""
    rows = range(len(risk.band))
    shape = (len(risk.band), layout.bands.size)
    parts = [sparse.csr_array((np.ones(shape[0]), (rows, risk.band)), shape=shape)]
    for term in layout.terms(risk.profiles, spread):
        factor = sparse.diags_array(term.of_band[risk.band])
        parts.append(factor @ term.design[risk.profile])
    found = sparse.hstack(parts, format="csr")
    found.eliminate_zeros()
    return found


@dataclass(frozen=True)
class _Problem:
    """A penalised logistic regression of `n_events` of `n_in_all`, one of each per cell."""

    design: sparse.csr_array
    n_in_all: np.ndarray
    n_events: np.ndarray
    precision: np.ndarray
    n_intercepts: int

    def objective(self, coefficient: np.ndarray) -> float:
        fitted = self.design @ coefficient
        log_likelihood = self.n_events * fitted - self.n_in_all * np.logaddexp(0, fitted)
        return log_likelihood.sum() - coefficient @ self.precision @ coefficient / 2

    def solved(self, start: np.ndarray | None) -> np.ndarray:
        """The coefficients, by Newton's method.

        The information is computed again only where a step was not much shorter than the one
        before it.
        """
        if start is None:
            coefficient = np.zeros(len(self.precision))
            n_events, n_in_all = self.n_events.sum(), self.n_in_all.sum()
            odds = (n_events + 0.5) / (n_in_all - n_events + 0.5)
            coefficient[: self.n_intercepts] = np.log(odds)
        else:
            coefficient = start
        value, size = self.objective(coefficient), np.inf
        factor = linalg.cho_factor(self.information(coefficient))
        for _ in range(MAX_STEPS):
            step = linalg.cho_solve(factor, self.score(coefficient))
            for _ in range(MAX_HALVINGS):
                new = self.objective(coefficient + step)
                if new >= value - 1e-10 * abs(value):
                    break
                step = step / 2
            coefficient, value = coefficient + step, new
            last, size = size, np.abs(step).max()
            if size < TOLERANCE:
                break
            if size > SHORTER * last or (last == np.inf and start is None):
                factor = linalg.cho_factor(self.information(coefficient))
        return coefficient

    def score(self, coefficient: np.ndarray) -> np.ndarray:
        """The gradient of `objective`."""
        residual = self.n_events - self.n_in_all * expit(self.design @ coefficient)
        return self.design.T @ residual - self.precision @ coefficient

    def information(self, coefficient: np.ndarray) -> np.ndarray:
        """Minus the second derivative of `objective`."""
        probability = expit(self.design @ coefficient)
        root = np.sqrt(self.n_in_all * probability * (1 - probability))
        found = self.precision.copy()
        for start in range(0, len(root), CHUNK):
            rows = slice(start, start + CHUNK)
            weighted = sparse.diags_array(root[rows]) @ self.design[rows]
            if len(found) <= MANY_COLUMNS:
                dense = weighted.toarray(order="F")
                upper = linalg.blas.dsyrk(1.0, dense, trans=1)
                found += np.triu(upper) + np.triu(upper, 1).T
            else:
                found += (weighted.T @ weighted).toarray()
        return found


class Targets:
    """Deals of some age, and what the model says of them."""

    def __init__(self, model: HazardModel, profiles: pd.DataFrame):
        self.model = model
        self.layout = model.layout
        self.clock = self.layout.clock(profiles)
        self.terms = self.layout.terms(profiles, model.spread)
        self.closing, self.winning = (self._log_odds(own) for own in model.coefficients)

    def _by_term(self, coefficient: np.ndarray) -> Iterator[tuple[Term, np.ndarray]]:
        start = self.layout.bands.size
        for term in self.terms:
            end = start + term.design.shape[1]
            yield term, coefficient[start:end]
            start = end

    def _log_odds(self, coefficient: np.ndarray) -> np.ndarray:
        """Targets x bands."""
        found = np.tile(coefficient[: self.layout.bands.size], (len(self.clock), 1))
        for term, own in self._by_term(coefficient):
            found += np.outer(term.design @ own, term.of_band)
        return found

    def days(self, horizon: float = np.inf) -> np.ndarray:
        """Targets x bands: days that remain in each band, within the horizon."""
        bands = self.layout.bands
        clock = self.clock[:, None]
        first = np.maximum(clock, bands.starts)
        last = np.minimum(bands.starts + bands.days, clock + horizon)
        return np.maximum(last - first, 0.0)

    def probability(self, horizon: float = np.inf) -> np.ndarray:
        """Win probability of each target in the end, or within a number of days."""
        return _chances(self.closing, self.winning, self.days(horizon))[0]

    def gradients(self, horizon: float = np.inf) -> tuple[np.ndarray, Coefficients]:
        """`probability`, and its gradients by both vectors of coefficients, targets x these."""
        probability, *by_band = _chances(self.closing, self.winning, self.days(horizon))
        return probability, tuple(self._by_coefficient(each) for each in by_band)

    def drawn(self, deviations: Coefficients, horizon: float = np.inf) -> np.ndarray:
        """Targets x draws: `probability` where the coefficients deviate, by the delta method.

        Its log-odds are taken as linear in the coefficients, as they are in `interval`.
        """
        probability, gradients = self.gradients(horizon)
        shift = sum(gradient @ own for gradient, own in zip(gradients, deviations, strict=True))
        return expit(logit(probability)[:, None] + shift / _slope(probability)[:, None])

    def interval(self, horizon: float = np.inf) -> tuple[np.ndarray, ...]:
        """Probability and its 95% interval, by the delta method on the scale of log-odds."""
        probability, gradients = self.gradients(horizon)
        variance = np.zeros(len(probability))
        for gradient, covariance in zip(gradients, self.model.covariances, strict=True):
            variance += np.einsum("ij,ij->i", gradient @ covariance, gradient)
        centre, error = logit(probability), Z_95 * np.sqrt(variance) / _slope(probability)
        return probability, expit(centre - error), expit(centre + error)

    def _by_coefficient(self, of_bands: np.ndarray) -> np.ndarray:
        """Targets x coefficients, from the gradient with respect to the log-odds of each band."""
        parts = [of_bands]
        for term in self.terms:
            own = of_bands @ term.of_band
            parts.append(term.design.multiply(own[:, None]).toarray())
        return np.hstack(parts)

    def contributions(self) -> tuple[np.ndarray, pd.DataFrame]:
        """The probability of the average deal, and what each feature and state adds to it.

        The average deal is of the same cohort and age and has, of each feature and of each other
        state, each level in its share.
        Contributions are integrals of the gradient along the line from it to the target, and sum
        to the difference (Aumann and Shapley 1974).
        """
        days = self.days()
        shifts = [self._shifts(own) for own in self.model.coefficients]
        totals = [sum(of_feature.values()) for of_feature in shifts]
        logits = [self.closing - totals[0], self.winning - totals[1]]
        baseline = _chances(*logits, days)[0]
        found = {name: np.zeros(len(days)) for name in shifts[0]}
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
        """Per feature and state, targets x bands: its log-odds less those of the average deal."""
        names = [name for name in self.layout.places if name != AGE]
        found = {name: np.zeros(self.closing.shape) for name in names}
        for term, own in self._by_term(coefficient):
            for name in set(term.names) & set(names):
                place = self.layout.places[name]
                columns = term.design[:, place]
                # A level that was not fitted is as the average one; no state is no reason.
                is_level = [level != AT_CREATION for level in self.layout.all_levels[name]]
                columns = columns @ sparse.diags_array(np.array(is_level, float))
                is_known = columns.sum(axis=1)
                shift = columns @ own[place] - is_known * (self.model.average[name] @ own[place])
                found[name] += np.outer(shift, term.of_band)
        return found


def _slope(probability: np.ndarray) -> np.ndarray:
    """Of a probability by its log-odds."""
    return np.maximum(probability * (1 - probability), 1e-12)


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
