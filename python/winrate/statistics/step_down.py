"""Naming levels one after the other, each with those that were named before set aside.

A level that differs makes the others differ from the average, too. So the strongest level is named
and added to the model, the others are tested again beside it, and so on until none is significant.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from winrate.statistics.claims import adjusted
from winrate.statistics.regression import (
    Factor,
    Regression,
    ScoreTests,
    indicator,
    score_tests,
)


@dataclass(frozen=True)
class Candidates:
    """The levels that one model may name.

    factors: whose levels are tested. null: fits the model in which no level but some, given as
        indicators, has an effect. may_name: per level, the factors one after the other.
    preference: per level; of two with the same test, such as the two levels of a feature, the one
        with the lower value is named.
    direction: +1 or -1, where of two with the same test the one with that sign is named.
    """

    factors: list[Factor]
    null: Callable[[Sequence[Factor]], Regression]
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
        self.z, self.p_value, self.size_pp = np.full((3, n_levels), np.nan)
        self.first = self._test()

    def _test(self) -> ScoreTests:
        """Test the levels that are not named beside those that are."""
        candidates = self.candidates
        self.model = candidates.null([self._indicator(level) for level in self.named])
        is_open = candidates.may_name.copy()
        is_open[self.named] = False
        tests = score_tests(self.model, candidates.factors, is_open)
        slope = self.model.weight.sum() / self.model.counts.n_deals.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            size = 100 * slope * tests.score / tests.variance
        self.z = np.where(is_open, tests.z, self.z)
        self.p_value = np.where(is_open, tests.p_value, self.p_value)
        self.size_pp = np.where(is_open, size, self.size_pp)
        return tests

    def _indicator(self, level: int) -> Factor:
        for factor in self.candidates.factors:
            if level < factor.size:
                return indicator(f"{factor.name}={factor.levels[level]}", factor.codes == level)
            level -= factor.size
        raise IndexError(level)

    def name_strongest(self, is_significant: np.ndarray) -> bool:
        """Name the strongest of some levels and test the others again; False without any."""
        levels = np.setdiff1d(np.flatnonzero(is_significant), self.named)
        if not len(levels):
            return False
        z, preference = self.z[levels], self.candidates.preference[levels]
        order = np.lexsort((preference, -self.candidates.direction * z, -np.abs(z)))
        self.named.append(int(levels[order[0]]))
        self._test()
        return True


def name_levels(
    families: Sequence[Candidates], max_q_value: float, min_effect_pp: float, n_looks: int = 1
) -> list[Named]:
    """Step down in all families at once, their levels forming one false discovery rate.

    n_looks: q-values are that many times as large, for a reader who looks at as many such tables.
    A level is named where its q-value is below `max_q_value` and its size at least
    `min_effect_pp`. In each round every family names at most one.
    """
    steppings = [_Stepping(candidates) for candidates in families]
    ends = np.cumsum([len(stepping.z) for stepping in steppings])[:-1]
    while True:
        all_q = adjusted(np.concatenate([stepping.p_value for stepping in steppings]), n_looks)
        q_values = np.split(all_q, ends)
        named = [
            stepping.name_strongest((q < max_q_value) & (np.abs(stepping.size_pp) >= min_effect_pp))
            for stepping, q in zip(steppings, q_values, strict=True)
        ]
        if not any(named):
            break
    return [_result(stepping, q) for stepping, q in zip(steppings, q_values, strict=True)]


def _result(stepping: _Stepping, q_value: np.ndarray) -> Named:
    order = np.full(len(q_value), -1)
    order[stepping.named] = np.arange(len(stepping.named))
    return Named(
        is_named=order >= 0,
        z=stepping.z,
        p_value=stepping.p_value,
        q_value=q_value,
        size_pp=stepping.size_pp,
        order=order,
        first=stepping.first,
        model=stepping.model,
    )
