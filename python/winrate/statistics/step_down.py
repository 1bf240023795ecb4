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
    z, p_value: of the test beside the levels set aside before it. size_pp: the difference in
        percentage points of win rate, to first order. order: of being set aside, from 0; -1 if not.
        Set aside are the levels named in this or in another family.
    first: the tests before any level was set aside.
    model: with the levels set aside.
    """

    is_named: np.ndarray
    z: np.ndarray
    p_value: np.ndarray
    q_value: np.ndarray
    size_pp: np.ndarray
    order: np.ndarray
    first: ScoreTests
    model: Regression

    @property
    def set_aside(self) -> np.ndarray:
        """The levels set aside, in that order."""
        return np.argsort(self.order)[(self.order < 0).sum() :]


class _Stepping:
    """The state of one `Candidates` while levels are named."""

    def __init__(self, candidates: Candidates):
        self.candidates = candidates
        self.keys = [(f.name, level) for f in candidates.factors for level in f.levels]
        self.set_aside: list[int] = []
        self.is_named = np.zeros(len(self.keys), dtype=bool)
        self.z, self.p_value, self.q_value, self.size_pp = np.full((4, len(self.keys)), np.nan)
        self.model: Regression | None = None
        self.first = self.test()

    @property
    def n_open(self) -> int:
        """The number of levels that are tested and not named."""
        return int(np.isfinite(self.p_value[~self.is_named]).sum())

    def test(self) -> ScoreTests:
        """Test the levels that are not set aside beside those that are."""
        candidates = self.candidates
        indicators = [self._indicator(level) for level in self.set_aside]
        self.model = candidates.null(indicators, self.model)
        is_open = candidates.may_name.copy()
        is_open[self.set_aside] = False
        tests = score_tests(self.model, candidates.factors, is_open)
        slope = self.model.weight.sum() / self.model.counts.n_deals.sum()
        with np.errstate(divide="ignore", invalid="ignore"):
            size = 100 * slope * tests.score / tests.variance
        is_set_aside = np.isin(np.arange(len(self.keys)), self.set_aside)
        self.z = np.where(is_set_aside, self.z, tests.z)
        self.p_value = np.where(is_set_aside, self.p_value, tests.p_value)
        self.size_pp = np.where(is_set_aside, self.size_pp, size)
        return tests

    def _indicator(self, level: int) -> Factor:
        for factor in self.candidates.factors:
            if level < factor.size:
                return indicator(f"{factor.name}={factor.levels[level]}", factor.codes == level)
            level -= factor.size
        raise IndexError(level)

    def may_be_named(self, n_tested: int, max_q_value: float, min_effect_pp: float) -> np.ndarray:
        """Whether the test and the size of each level suffice."""
        return (self.p_value * n_tested < max_q_value) & (np.abs(self.size_pp) >= min_effect_pp)

    def strongest(self, may_be: np.ndarray) -> int | None:
        """The level with the strongest test among these and those that are not set aside."""
        levels = np.setdiff1d(np.flatnonzero(may_be), self.set_aside)
        if not len(levels):
            return None
        z, preference = self.z[levels], self.candidates.preference[levels]
        order = np.lexsort((preference, -self.candidates.direction * z, -np.abs(z)))
        return int(levels[order[0]])

    def put_aside(self, key: tuple[str, str], may_be: np.ndarray, n_tested: int) -> None:
        """Set a level aside if it is tested, name it if it may be, and test the others again."""
        level = self.keys.index(key) if key in self.keys else None
        if level is None or np.isnan(self.p_value[level]):
            return
        self.q_value[level] = min(self.p_value[level] * n_tested, 1.0)
        self.is_named[level] = may_be[level]
        self.set_aside.append(level)
        self.test()

    def result(self, n_tested: int) -> Named:
        """What was found, with q-values of the levels that are not set aside."""
        order = np.full(len(self.keys), -1)
        order[self.set_aside] = np.arange(len(self.set_aside))
        return Named(
            is_named=self.is_named,
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
    `min_effect_pp`. The strongest level of all families is named first. It is then set aside in
    every family that has it, so that what it explains in one is not put down to others in another.
    """
    steppings = [_Stepping(candidates) for candidates in families]
    while True:
        n_tested = sum(stepping.n_open for stepping in steppings) * n_looks
        may_be = [
            stepping.may_be_named(n_tested, max_q_value, min_effect_pp) for stepping in steppings
        ]
        found = [
            (stepping.p_value[level], -abs(stepping.z[level]), position, level)
            for position, stepping in enumerate(steppings)
            if (level := stepping.strongest(may_be[position])) is not None
        ]
        if not found:
            break
        *_, position, level = min(found)
        key = steppings[position].keys[level]
        for stepping, own in zip(steppings, may_be, strict=True):
            stepping.put_aside(key, own, n_tested)
    return [stepping.result(n_tested) for stepping in steppings]
