"""Logistic regression on counts, with a random intercept per sales rep: one model for every claim.

*Rows* are profiles: one per distinct combination of levels, with `n_deals` and `n_won`. For a
logistic regression on levels these counts are sufficient. A row may also have a group, such as the
sales rep; the deals of one group are not independent, so each group has a random intercept
(Breslow and Clayton 1993).

Every matrix is a table of counts per two columns, so a fit needs no design matrix: its memory is
that of the codes, and its time that of some passes over the rows.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import linalg, optimize, sparse, special

MIN_ROWS_PER_CELL = 2  # with fewer, cells or merged rows save no time
MAX_STEPS = 60
MAX_STEP = 5.0  # in log-odds
MAX_SD_STEPS = 30  # after which the standard deviation of the groups is held
TOLERANCE = 1e-9  # of a step, in log-odds
MAX_LOG_ODDS = 30.0
MAX_HALVINGS = 30  # of a step after which the fit is worse
# A step of more than 0.1 log-odds that gains less log-likelihood than this leads along levels that
# only together were always won or always lost: their estimate is infinite.
MIN_GAIN = 1e-6
# With more factors, and matrices of no more numbers, dense matrices take less time than one table
# per two factors.
MANY_FACTORS, MAX_DENSE = 16, 4_000_000
ROUNDING = 1e-12  # relative, of sums
MIN_SD, MAX_SD = 0.01, 5.0  # of the random intercepts, in log-odds; below the first it is zero


@dataclass(frozen=True)
class Factor:
    """A categorical column as codes: `levels[codes]` are its values.

    reference: the level without a coefficient; None: the largest with won and lost deals.
    """

    name: str
    codes: np.ndarray
    levels: list[str]
    reference: int | None = None

    @classmethod
    def of(cls, name: str, values: pd.Series) -> "Factor":
        """The factor of a column, its levels in alphabetical order."""
        codes, levels = pd.factorize(values, sort=True)
        return cls(name, codes.astype(np.intp), [str(level) for level in levels])

    @property
    def size(self) -> int:
        return len(self.levels)

    @property
    def rows_by_level(self) -> list[np.ndarray]:
        """The numbers of the rows of each level, in their order."""
        order = np.argsort(self.codes, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.codes, minlength=self.size))[:-1])

    def sums(self, weight: np.ndarray) -> np.ndarray:
        """The sum of `weight` per level."""
        return np.bincount(self.codes, weight, self.size)

    def crossed(self, other: "Factor", weight: np.ndarray) -> np.ndarray:
        """The sum of `weight` per level of this factor and level of the other one."""
        cells = np.bincount(self.codes * other.size + other.codes, weight, self.size * other.size)
        return cells.reshape(self.size, other.size)


def indicator(name: str, is_in: np.ndarray) -> Factor:
    """A factor of two levels; the second holds where `is_in`."""
    return Factor(name, is_in.astype(np.intp), ["", name], reference=0)


def _combinations(factors: Sequence[Factor]) -> tuple[Factor, list[Factor]] | None:
    """The combination of levels of each row, and the factors of the combinations.

    None without factors, or where there are so many combinations that they save no time.
    """
    sizes = [factor.size for factor in factors]
    n_cells = math.prod(sizes)
    if not factors or n_cells * MIN_ROWS_PER_CELL > len(factors[0].codes):
        return None
    index = np.ravel_multi_index([factor.codes for factor in factors], sizes)
    codes = np.unravel_index(np.arange(n_cells), sizes)
    of_cells = [replace(factor, codes=own) for factor, own in zip(factors, codes, strict=True)]
    return Factor("cell", index, [""] * n_cells), of_cells


@dataclass(frozen=True)
class Counts:
    """The rows of a regression: closed and won deals, and their groups where there are any.

    design_effect: by which the counts were divided, so that they count independent deals.
    """

    n_deals: np.ndarray
    n_won: np.ndarray
    groups: Factor | None = None
    design_effect: float = 1.0

    @property
    def has_groups(self) -> bool:
        return self.groups is not None and self.groups.size > 1


@dataclass(frozen=True)
class Columns:
    """The columns of some factors: an intercept, then one per level, and what is estimated.

    effects: columns x estimated coefficients. The row of a reference level is zero; that of a level
        that other factors determine holds the shares of the others, so that it is their average.
    is_weak: per estimated coefficient, whether the level was always won or always lost.
    """

    factors: list[Factor]
    effects: np.ndarray
    is_weak: np.ndarray

    @cached_property
    def starts(self) -> list[int]:
        """The first column of each factor."""
        return np.cumsum([1, *(factor.size for factor in self.factors)]).tolist()[:-1]

    @property
    def n_columns(self) -> int:
        return 1 + sum(factor.size for factor in self.factors)

    @cached_property
    def _places(self) -> dict[str, slice]:
        pairs = zip(self.starts, self.factors, strict=True)
        return {factor.name: slice(start, start + factor.size) for start, factor in pairs}

    def of(self, name: str) -> slice:
        """The columns of a factor."""
        return self._places[name]

    def estimated(self, name: str) -> np.ndarray:
        """The numbers of the estimated coefficients of a factor."""
        return np.flatnonzero(self.effects[self.of(name)].any(axis=0))

    @cached_property
    def cells(self) -> "tuple[Factor, Columns] | None":
        """The cell of each row, and the columns of the cells; None where there are many.

        A cell is a combination of levels. Where rows differ by their group mostly, there are few,
        and what does not depend on the group is found once per cell.
        """
        found = _combinations(self.factors)
        return found and (found[0], replace(self, factors=found[1]))

    def _by_cell(self, weight: np.ndarray) -> "tuple[Columns, np.ndarray]":
        """The columns of the cells with the sums of `weight`, or those of the rows."""
        if self.cells is None:
            return self, weight
        cell, columns = self.cells
        return columns, cell.sums(weight)

    def sums(self, weight: np.ndarray) -> np.ndarray:
        """The sum of `weight` per column."""
        columns, weight = self._by_cell(weight)
        return np.concatenate(
            [[weight.sum()], *(factor.sums(weight) for factor in columns.factors)]
        )

    def crossed(self, other: Factor, weight: np.ndarray) -> np.ndarray:
        """Columns x levels of another factor: the sum of `weight` where both hold."""
        if self.cells is not None:
            cell, columns = self.cells
            if cell.size * other.size <= len(cell.codes):
                return columns.indicators.T @ cell.crossed(other, weight)
        return np.vstack(
            [other.sums(weight), *(factor.crossed(other, weight) for factor in self.factors)]
        )

    @cached_property
    def indicators(self) -> sparse.csr_array:
        """Rows x columns: 1 where the column holds."""
        n_rows = len(self.factors[0].codes)
        pairs = zip(self.starts, self.factors, strict=True)
        places = [start + factor.codes for start, factor in pairs]
        columns = np.column_stack([np.zeros(n_rows, dtype=np.intp), *places])
        pointers = np.arange(0, columns.size + 1, columns.shape[1])
        shape = (n_rows, self.n_columns)
        return sparse.csr_array((np.ones(columns.size), columns.ravel(), pointers), shape=shape)

    def information(self, weight: np.ndarray) -> np.ndarray:
        """Columns x columns: the sum of `weight` where both hold."""
        columns, weight = self._by_cell(weight)
        if len(self.factors) > MANY_FACTORS and len(weight) * self.n_columns <= MAX_DENSE:
            found = columns._product(weight)
        else:
            found = columns._cross_tables(weight)
        return np.triu(found) + np.triu(found, 1).T

    def _cross_tables(self, weight: np.ndarray) -> np.ndarray:
        """The upper triangle of the information, by one table per two factors."""
        found = np.zeros((self.n_columns,) * 2)
        found[0, 0] = weight.sum()
        places = [self.of(factor.name) for factor in self.factors]
        for position, (factor, place) in enumerate(zip(self.factors, places, strict=True)):
            found[0, place] = factor.sums(weight)
            found[place, place] = np.diag(found[0, place])
            for other, other_place in zip(self.factors[:position], places[:position], strict=True):
                found[other_place, place] = other.crossed(factor, weight)
        return found

    def _product(self, weight: np.ndarray) -> np.ndarray:
        """The same, as the product of a dense matrix with itself."""
        rows = np.arange(len(weight))
        dense = np.zeros((len(weight), self.n_columns))
        dense[:, 0] = root = np.sqrt(weight)
        for start, factor in zip(self.starts, self.factors, strict=True):
            dense[rows, start + factor.codes] = root
        return linalg.blas.dsyrk(1.0, dense.T)

    def linear_predictor(self, coefficient: np.ndarray) -> np.ndarray:
        """Per row, the sum of the coefficients of its columns."""
        if self.cells is not None:
            cell, columns = self.cells
            return columns.linear_predictor(coefficient)[cell.codes]
        log_odds = coefficient[0]
        for start, factor in zip(self.starts, self.factors, strict=True):
            log_odds = log_odds + coefficient[start : start + factor.size][factor.codes]
        return log_odds


def columns_of(
    counts: Counts, factors: Sequence[Factor], averaged: Sequence[tuple[str, str]] = ()
) -> Columns:
    """The columns of these factors.

    averaged: levels (factor, level) that get no coefficient of their own, but the average of their
        factor's others.
    """
    effects, weak = [np.ones((1, 1))], [False]
    for factor in factors:
        n_deals, n_won = factor.sums(counts.n_deals), factor.sums(counts.n_won)
        is_separated = (n_won == 0) | (n_won == n_deals)
        is_averaged = np.array([(factor.name, level) in averaged for level in factor.levels])
        reference = factor.reference
        if reference is None:
            reference = np.lexsort((-n_deals, is_separated, is_averaged))[0]
        free = ~is_averaged & (np.arange(factor.size) != reference)
        block = np.eye(factor.size)[:, free]
        share = np.where(is_averaged, 0.0, n_deals)
        block[is_averaged] = (share / share.sum())[free]
        effects.append(block)
        weak += list(is_separated[free])
    return Columns(list(factors), _block_diagonal(effects), np.array(weak))


def independent(columns: Columns, n_deals: np.ndarray) -> Columns:
    """The columns without coefficients that the others determine."""
    products = columns.effects.T @ columns.information(n_deals) @ columns.effects
    scale = np.sqrt(np.maximum(products.diagonal(), 1e-300))
    _, triangle, order = linalg.qr(products / np.outer(scale, scale), pivoting=True)
    kept = np.sort(order[np.abs(np.diag(triangle)) > 1e-9])
    return replace(columns, effects=columns.effects[:, kept], is_weak=columns.is_weak[kept])


def _block_diagonal(blocks: list[np.ndarray]) -> np.ndarray:
    out = np.zeros(tuple(sum(block.shape[axis] for block in blocks) for axis in (0, 1)))
    row = column = 0
    for block in blocks:
        out[row : row + block.shape[0], column : column + block.shape[1]] = block
        row, column = row + block.shape[0], column + block.shape[1]
    return out


@dataclass(frozen=True)
class Regression:
    """A fitted model.

    estimate: the estimated coefficients; `coefficient` has one per column.
    random: the intercept of each group, in log-odds; group_sd: their standard deviation.
    probability: of winning, per row.
    covariance: of `estimate`, the random intercepts being estimated with them.
    by_group: estimated coefficients x groups and group_information: what `covariance` left out.
    """

    counts: Counts
    columns: Columns
    estimate: np.ndarray
    random: np.ndarray
    group_sd: float
    probability: np.ndarray
    covariance: np.ndarray
    by_group: np.ndarray
    group_information: np.ndarray
    log_likelihood: float

    @property
    def coefficient(self) -> np.ndarray:
        return self.columns.effects @ self.estimate

    @property
    def has_groups(self) -> bool:
        """Whether groups differ: with a standard deviation of zero they have no intercepts."""
        return self.group_sd > 0

    @property
    def weight(self) -> np.ndarray:
        """Per row, the variance of the number of won deals."""
        return self.counts.n_deals * self.probability * (1 - self.probability)

    @property
    def penalised_log_likelihood(self) -> float:
        penalty = (self.random**2).sum() / self.group_sd**2 / 2 if self.has_groups else 0.0
        return self.log_likelihood - penalty

    def without_priors(self) -> tuple[np.ndarray, np.ndarray]:
        """The step to the estimates of the deals alone, to first order, and their covariance."""
        if not self.columns.is_weak.any():
            return np.zeros(len(self.estimate)), self.covariance
        score, information = _prior(self.columns, self.estimate)
        of_deals = np.linalg.pinv(self.covariance, hermitian=True) - np.diag(information)
        covariance = np.linalg.pinv(of_deals, rcond=1e-12, hermitian=True)
        return -covariance @ score, covariance

    def without_factors(self, names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients per column and random intercepts if some factors had no effect.

        They are those of the restricted model to first order, one step of Newton's method away.
        """
        own_of = [self.columns.estimated(name) for name in names]
        dropped = np.concatenate([np.zeros(0, dtype=np.intp), *own_of])
        shared, own = self.covariance[:, dropped], self.covariance[np.ix_(dropped, dropped)]
        change = shared @ np.linalg.lstsq(own, self.estimate[dropped], rcond=None)[0]
        coefficient = self.columns.effects @ (self.estimate - change)
        if not self.has_groups:
            return coefficient, self.random
        return coefficient, self.random + (self.by_group / self.group_information).T @ change

    def variance(self, gradient: np.ndarray, group_gradient: np.ndarray) -> np.ndarray:
        """Variance of functions of the parameters, by the delta method.

        gradient: functions x estimated coefficients; group_gradient: functions x groups.
        """
        if not self.has_groups:
            return np.einsum("ij,jk,ik->i", gradient, self.covariance, gradient)
        scaled = group_gradient / self.group_information
        own = gradient - scaled @ self.by_group.T
        return np.einsum("ij,jk,ik->i", own, self.covariance, own) + (scaled * group_gradient).sum(
            axis=1
        )


def fit(
    counts: Counts,
    columns: Columns,
    group_sd: float | None = None,
    start: Regression | None = None,
) -> Regression:
    """Fit by penalised quasi-likelihood (Breslow and Clayton 1993).

    group_sd: the standard deviation of the random intercepts; None: by restricted likelihood.
    start: a similar model of the same counts, whose estimates the fit starts from.
    A level that was always won or always lost has no finite maximum-likelihood estimate. Its
    coefficient has a log-F(1, 1) prior, worth half a won and half a lost deal (Greenland and
    Mansournia 2015).
    """
    groups = counts.groups if counts.has_groups and group_sd != 0 else None
    of_rows = _Problem(counts, columns, groups)
    problem = of_rows.merged()
    point = problem.start(start)
    sd = group_sd if group_sd is not None else (0.2 if groups else 0.0)
    all_sd: list[float] = []
    for _ in range(MAX_STEPS):
        working = problem.working(point)
        old_sd = sd
        if groups and group_sd is None:
            if len(all_sd) < MAX_SD_STEPS:
                all_sd.append(working.restricted_sd())
            # Where reps nearly separate won from lost deals it may go round in a cycle.
            sd = all_sd[-1] if len(all_sd) < MAX_SD_STEPS else max(all_sd[MAX_SD_STEPS // 2 :])
        if sd == 0 and point.random.any():
            point = problem.at(point.estimate, np.zeros(len(point.random)))
        estimate, random, covariance = working.solve(sd)
        excess = max(np.abs(estimate - point.estimate).max() / MAX_STEP, 1.0)
        estimate = point.estimate + (estimate - point.estimate) / excess
        random = point.random + (random - point.random) / excess
        value = problem.objective(point, sd)
        for _ in range(MAX_HALVINGS):
            new = problem.at(estimate, random)
            gain = problem.objective(new, sd) - value
            if gain >= -1e-12 * abs(value):
                break
            estimate, random = (estimate + point.estimate) / 2, (random + point.random) / 2
        step = np.abs(new.estimate - point.estimate).max()
        random_step = max(np.abs(new.random - point.random).max(initial=0.0), abs(sd - old_sd))
        point = new
        if max(step, random_step) < TOLERANCE or (step > 0.1 > random_step and gain < MIN_GAIN):
            break
    has_groups = groups is not None and sd > 0
    fitted = of_rows.at(point.estimate, point.random)
    return Regression(
        counts=counts,
        columns=columns,
        estimate=point.estimate,
        random=point.random if has_groups else np.zeros(0),
        group_sd=sd if has_groups else 0.0,
        probability=fitted.probability,
        covariance=covariance,
        by_group=working.by_group if has_groups else np.zeros((len(estimate), 0)),
        group_information=working.group_weight + sd**-2 if has_groups else np.zeros(0),
        log_likelihood=fitted.log_likelihood,
    )


class _Point(NamedTuple):
    """Coefficients and random intercepts, with the probability of each row."""

    estimate: np.ndarray
    random: np.ndarray
    probability: np.ndarray
    log_likelihood: float


@dataclass(frozen=True)
class _Problem:
    """What a fit maximises."""

    counts: Counts
    columns: Columns
    groups: Factor | None

    def merged(self) -> "_Problem":
        """The same problem with one row per combination of levels and group.

        A model that lacks some features of the profiles has far fewer such rows.
        """
        factors = [*self.columns.factors, *([self.groups] if self.groups else [])]
        found = _combinations(factors)
        if found is None:
            return self
        cell, factors = found
        n_deals, n_won = cell.sums(self.counts.n_deals), cell.sums(self.counts.n_won)
        groups = factors.pop() if self.groups else None
        counts = replace(self.counts, n_deals=n_deals, n_won=n_won, groups=groups)
        return _Problem(counts, replace(self.columns, factors=factors), groups)

    def at(self, estimate: np.ndarray, random: np.ndarray) -> _Point:
        """The point of these coefficients and random intercepts."""
        log_odds = self.columns.linear_predictor(self.columns.effects @ estimate)
        if self.groups:
            log_odds = log_odds + random[self.groups.codes]
        # So far from 0 and 1 that the log-odds can be had back.
        log_odds = np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS)
        log_odds = np.broadcast_to(log_odds, self.counts.n_deals.shape)
        log_likelihood = self.counts.n_won @ log_odds + self.counts.n_deals @ special.log_expit(
            -log_odds
        )
        return _Point(estimate, random, special.expit(log_odds), float(log_likelihood))

    def start(self, similar: Regression | None) -> _Point:
        """Where a fit starts: at the overall win rate, or at the estimates of a similar model."""
        n_groups = self.groups.size if self.groups else 0
        estimate, random = np.zeros(self.columns.effects.shape[1]), np.zeros(n_groups)
        rate = (self.counts.n_won.sum() + 0.5) / (self.counts.n_deals.sum() + 1)
        estimate[0] = special.logit(rate)
        if similar is None:
            return self.at(estimate, random)
        own = {factor.name for factor in self.columns.factors}
        known = {factor.name for factor in similar.columns.factors}
        of_similar, of_groups = similar.without_factors(sorted(known - own))
        coefficient = np.zeros(len(self.columns.effects))
        coefficient[0] = of_similar[0]
        for factor in self.columns.factors:
            if factor.name in known:
                of_factor = of_similar[similar.columns.of(factor.name)]
                coefficient[self.columns.of(factor.name)] = of_factor
        estimate = np.linalg.lstsq(self.columns.effects, coefficient, rcond=None)[0]
        return self.at(estimate, of_groups if len(of_groups) == n_groups else random)

    def objective(self, point: _Point, sd: float) -> float:
        """The log-likelihood with its penalties."""
        weak = point.estimate[self.columns.is_weak]
        value = point.log_likelihood + (weak / 2 - np.logaddexp(0, weak)).sum()
        return value - (point.random**2).sum() / sd**2 / 2 if sd > 0 else value

    def working(self, point: _Point) -> "_Working":
        """The linear mixed model that approximates the problem at a point."""
        columns, groups = self.columns, self.groups
        residual = self.counts.n_won - self.counts.n_deals * point.probability
        weight = self.counts.n_deals * point.probability * (1 - point.probability)
        information = columns.effects.T @ columns.information(weight) @ columns.effects
        prior_score, prior_information = _prior(columns, point.estimate)
        gradient = columns.effects.T @ columns.sums(residual) + prior_score
        information[np.diag_indices(len(prior_score))] += prior_information
        if groups is None:
            nothing = np.zeros(0)
            linear = gradient + information @ point.estimate
            return _Working(information, np.zeros((len(linear), 0)), nothing, linear, nothing)
        crossed = columns.crossed(groups, weight)
        by_group, group_weight = columns.effects.T @ crossed, crossed[0]
        return _Working(
            information=information,
            by_group=by_group,
            group_weight=group_weight,
            linear=gradient + information @ point.estimate + by_group @ point.random,
            group_linear=groups.sums(residual)
            + by_group.T @ point.estimate
            + group_weight * point.random,
        )


def _prior(columns: Columns, estimate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score and information of the log-F(1, 1) priors, per estimated coefficient."""
    share = special.expit(estimate)
    score = np.where(columns.is_weak, 0.5 - share, 0.0)
    return score, np.where(columns.is_weak, share * (1 - share), 0.0)


@dataclass(frozen=True)
class _Working:
    """The linear mixed model that one step of a fit solves, by its sufficient statistics.

    It maximises linear @ parameters - parameters @ information @ parameters / 2.
    """

    information: np.ndarray
    by_group: np.ndarray
    group_weight: np.ndarray
    linear: np.ndarray
    group_linear: np.ndarray

    def solve(self, sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients, random intercepts, and the covariance of the coefficients."""
        if sd == 0 or not len(self.group_weight):
            covariance = np.linalg.pinv(self.information, hermitian=True)
            return covariance @ self.linear, np.zeros(len(self.group_weight)), covariance
        scaled = self.by_group / (self.group_weight + sd**-2)
        covariance = np.linalg.pinv(self.information - scaled @ self.by_group.T, hermitian=True)
        estimate = covariance @ (self.linear - scaled @ self.group_linear)
        random = (self.group_linear - self.by_group.T @ estimate) / (self.group_weight + sd**-2)
        return estimate, random, covariance

    def restricted_sd(self) -> float:
        """The standard deviation with the largest restricted likelihood; 0 below MIN_SD.

        The root of its derivative: the variance is the mean, over the groups, of the squared
        random intercept and its variance (Harville 1977, section 5).
        """

        def excess(log_sd: float) -> float:
            """The derivative, with the sign of the standard deviation less the best one."""
            precision = np.exp(-2 * log_sd)
            total = self.group_weight + precision
            scaled = self.by_group / total
            schur = self.information - scaled @ self.by_group.T
            schur[np.diag_indices_from(schur)] *= 1 + ROUNDING  # columns may nearly repeat others
            triangle = linalg.cholesky(schur, lower=True, check_finite=False)
            own = self.linear - scaled @ self.group_linear
            estimate = linalg.cho_solve((triangle, True), own, check_finite=False)
            random = (self.group_linear - self.by_group.T @ estimate) / total
            shared = linalg.solve_triangular(triangle, scaled, lower=True, check_finite=False)
            variances = (1 / total).sum() + (shared**2).sum()
            return float(len(total) - precision * (random @ random + variances))

        low, high = np.log(MIN_SD), np.log(MAX_SD)
        if excess(low) >= 0:
            return 0.0
        if excess(high) <= 0:
            return MAX_SD
        return float(np.exp(optimize.brentq(excess, low, high, xtol=1e-12)))


def mean_slope(log_odds: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """Mean slope of the logistic curve between two log-odds.

    That is the difference of the probabilities over the difference of the log-odds, and p (1 - p)
    where the two are equal. It is accurate where they are nearly equal, too.
    """
    half = (np.asarray(log_odds) - other) / 2
    sinhc = np.where(half == 0, 1.0, np.sinh(half) / np.where(half == 0, 1.0, half))
    return sinhc / (4 * np.cosh(np.asarray(log_odds) / 2) * np.cosh(np.asarray(other) / 2))
