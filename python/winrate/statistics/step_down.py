"""Naming levels one after the other, each with those that were named before set aside.

A level that differs makes the others differ from the average, too. So the strongest level is named
and added to the model, the others are tested again beside it, and so on until none is significant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from winrate.statistics.regression import Factor, Regression, indicator
from winrate.statistics.score_tests import ScoreTests, score_tests


@dataclass(frozen=True)
class Candidates:
    """The levels that one model may name.

    factors: whose levels are tested. null: fits the model in which no level but some, given as
        indicators, has an effect; it may start from the model before.
    may_name: per level, the factors one after the other.
    preference: per level; of two with the same test, such as the two levels of a feature, the one
        with the lower value is named.
    direction: +1 or -1, where of two with the same test the one with that sign is named.
    """

    factors: list[Factor]
    null: Callable[[Sequence[Factor], Regression | None], Regression]
    may_name: np.ndarray
    preference: np.ndarray
    direction: float = 0.0


@dataclass(frozen=True)
class Named:
    """What was found of the levels of some candidates, in their order.

    is_named: whether the level differs from those that are not named.
    z, p_value: of the test beside the levels named before it. size_pp: the difference in
        percentage points of win rate, to first order. order: of naming, from 0; -1 if not named.
    first: the tests before any level was named.
    model: with the named levels.
    """

    is_named: np.ndarray
    z: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray
    size_pp: np.ndarray
    order: np.ndarray
    first: ScoreTests
    model: Regression


class _Stepping:
    """The state of one `Candidates` while levels are named."""

    def __init__(self, candidates: Candidates):
        self.candidates = candidates
        self.named: list[int] = []
        n_levels = sum(factor.size for factor in candidates.factors)
        self.z, self.p_value, self.q_value, self.size_pp = np.full((4, n_levels), np.nan)
        self.model: Regression | None = None
        self.has_news = True  # a level was named since the last test
        self.first = self.test()

    @property
    def n_open(self) -> int:
        """The number of levels that are tested and not named."""
        return int(np.isfinite(np.delete(self.p_value, self.named)).sum())

    def test(self) -> ScoreTests | None:
        """Test the levels that are not named beside those that are; None where nothing changed."""
        if not self.has_news:
            return None
        candidates = self.candidates
        named = [self._indicator(level) for level in self.named]
        self.model = candidates.null(named, self.model)
        is_open = candidates.may_name.copy()
        is_open[self.named] = False
        tests = score_tests(self.model, candidates.factors, is_open)
        slope = self.model.weight.sum() / self.model.counts.n_deals.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            size = 100 * slope * tests.score / tests.variance
        is_named = np.isin(np.arange(len(self.z)), self.named)
        self.z = np.where(is_named, self.z, tests.z)
        self.p_value = np.where(is_named, self.p_value, tests.p_value)
        self.size_pp = np.where(is_named, self.size_pp, size)
        self.has_news = False
        return tests

    def _indicator(self, level: int) -> Factor:
        for factor in self.candidates.factors:
            if level < factor.size:
                return indicator(f"{factor.name}={factor.levels[level]}", factor.codes == level)
            level -= factor.size
        raise IndexError(level)

    def name_strongest(self, n_tested: int, max_q_value: float, min_effect_pp: float) -> bool:
        """Name the strongest level that may be named; False without any."""
        may_be = (self.p_value * n_tested < max_q_value) & (np.abs(self.size_pp) >= min_effect_pp)
        levels = np.setdiff1d(np.flatnonzero(may_be), self.named)
        if not len(levels):
            return False
        z, preference = self.z[levels], self.candidates.preference[levels]
        order = np.lexsort((preference, -self.candidates.direction * z, -np.abs(z)))
        level = int(levels[order[0]])
        self.q_value[level] = min(self.p_value[level] * n_tested, 1.0)
        self.named.append(level)
        self.has_news = True
        return True

    def result(self, n_tested: int) -> Named:
        """What was found, with q-values of the levels that are not named."""
        order = np.full(len(self.z), -1)
        order[self.named] = np.arange(len(self.named))
        return Named(
            is_named=order >= 0,
            z=self.z,
            p_value=self.p_value,
            q_value=np.where(order >= 0, self.q_value, np.minimum(self.p_value * n_tested, 1.0)),
            size_pp=self.size_pp,
            order=order,
            first=self.first,
            model=self.model,
        )


def name_levels(
    families: Sequence[Candidates], max_q_value: float, min_effect_pp: float, n_looks: int = 1
) -> list[Named]:
    """Step down in all families at once (Holm 1979).

    n_looks: q-values are that many times as large, for a reader who looks at as many such tables.
    The q-value of a level is its p-value times the number of levels that were still tested. So a
    level that does not differ is named in no more than `max_q_value` of exports, however many
    others differ. A level is named where its q-value is below that and its size at least
    `min_effect_pp`. In each round every family names at most one.
    """
    steppings = [_Stepping(candidates) for candidates in families]
    while True:
        n_tested = sum(stepping.n_open for stepping in steppings) * n_looks
        named = [
            stepping.name_strongest(n_tested, max_q_value, min_effect_pp) for stepping in steppings
        ]
        if not any(named):
            break
        for stepping in steppings:
            stepping.test()
    return [stepping.result(n_tested) for stepping in steppings]
