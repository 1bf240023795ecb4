"""The model of a change: what all deals share, and the segments that changed more than that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from winrate.statistics.claims import ClaimRules
from winrate.statistics.profile_regression import ProfileModel, profile_model
from winrate.statistics.regression import Counts, Factor, Regression, columns_of, fit, indicator
from winrate.statistics.step_down import Candidates, Named, name_levels

PERIOD = "period"
KINDS_OF_CAUSES = 3  # mix, all deals and segments share the error of the causes


@dataclass(frozen=True)
class ChangeModel:
    """A logistic regression on the deals of two windows.

    The log-odds are an effect per level, the same in both windows, a change that all deals share,
    and a change of its own for each segment that is set aside.
    profiles: both windows together. n_deals: windows x profiles, divided by the design effect.
    levels: (feature, level) of each test, as in `named`. n_smallest: deals of each in the window
        that has fewer.
    segments: the factors of the segments that are set aside, in that order: those named in this or
        in another comparison.
    """

    profiles: ProfileModel
    n_deals: np.ndarray
    levels: list[tuple[str, str]]
    n_smallest: np.ndarray
    named: Named
    segments: list[Factor]

    @property
    def regression(self) -> Regression:
        """The fit, on the profiles before and then the profiles after."""
        return self.named.model

    @property
    def share(self) -> np.ndarray:
        """Windows x profiles: the share of a window's deals."""
        return self.n_deals / self.n_deals.sum(axis=1, keepdims=True)

    def feature_p_value(self, feature: str) -> float:
        """The score test that the levels of a feature changed alike."""
        places = [place for place, (name, _) in enumerate(self.levels) if name == feature]
        return self.named.first.of(slice(places[0], places[-1] + 1)).joint().p_value

    def is_named(self, feature: str) -> bool:
        """Whether a segment of a feature is named in this comparison."""
        keys = zip(self.levels, self.named.is_named, strict=True)
        return any(is_named and name == feature for (name, _), is_named in keys)

    @property
    def segment_levels(self) -> list[tuple[str, str]]:
        """(feature, level) of `segments`."""
        return [self.levels[place] for place in self.named.set_aside]


def change_models(
    windows: Sequence[pd.DataFrame], features: Sequence[str], rules: ClaimRules
) -> list[ChangeModel]:
    """The model of each comparison, segments named by stepping down.

    windows: one table per comparison: a row per distinct combination of `features`, with
        `n_before`, `n_won_before`, `n_after`, `n_won_after`.
    A segment is tested against all other deals, other features and the change that all deals share
    held equal. Its q-value counts all comparisons and kinds of causes. A segment that is named in
    one comparison has a change of its own in all: what it did is not put down to all deals, or to
    another segment, where the comparison has too few deals to tell.
    """
    both = [_Windows.of(rows, features) for rows in windows]
    # The levels of all comparisons are counted together.
    found = name_levels(
        [each.candidates(rules) for each in both],
        rules.max_change_q_value,
        rules.min_effect_pp,
        KINDS_OF_CAUSES,
    )
    return [each.model(named) for each, named in zip(both, found, strict=True)]


@dataclass(frozen=True)
class _Windows:
    """The deals of two windows: the profiles before and then the profiles after.

    profiles: both windows together. n_deals, n_won: windows x profiles, divided by the design
    effect.
    """

    profiles: ProfileModel
    n_deals: np.ndarray
    n_won: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, features: Sequence[str]) -> "_Windows":
        """The windows of a comparison, from its rows; see `change_models`."""
        both = rows.assign(
            n_deals=rows["n_before"] + rows["n_after"],
            n_won=rows["n_won_before"] + rows["n_won_after"],
        )
        both = both[both["n_deals"] > 0]
        profiles = profile_model(both, features)
        n_deals, n_won = (
            both[[f"{name}_before", f"{name}_after"]].to_numpy(float).T
            / profiles.counts.design_effect
            for name in ("n", "n_won")
        )
        return cls(profiles, n_deals, n_won)

    @property
    def is_after(self) -> np.ndarray:
        return np.repeat([False, True], self.n_deals.shape[1])

    @property
    def always(self) -> list[Factor]:
        """The period and the features, which every model has."""
        return [indicator(PERIOD, self.is_after), *map(_in_both, self.profiles.features)]

    @property
    def levels(self) -> list[tuple[str, str]]:
        """(feature, level) of each test; '' is the level of all deals of the earlier window."""
        return [
            (factor.name, level)
            for factor in self.profiles.features
            for level in [*factor.levels, ""]
        ]

    @property
    def n_smallest(self) -> np.ndarray:
        """Per level, the deals of the window that has fewer."""
        of_features = [
            np.append(np.minimum(factor.sums(self.n_deals[0]), factor.sums(self.n_deals[1])), 0.0)
            for factor in self.profiles.features
        ]
        n_deals = np.concatenate([np.zeros(0), *of_features])
        return np.round(n_deals * self.profiles.counts.design_effect)

    def candidates(self, rules: ClaimRules) -> Candidates:
        """The levels in the later window, tested beside the model of both windows."""
        always, averaged, n_smallest = self.always, self.profiles.averaged, self.n_smallest
        effect = self.profiles.counts.design_effect
        counts = Counts(self.n_deals.ravel(), self.n_won.ravel(), design_effect=effect)

        def null(set_aside: Sequence[Factor], before: Regression | None) -> Regression:
            return fit(counts, columns_of(counts, [*always, *set_aside], averaged), start=before)

        is_own = np.array([key not in averaged for key in self.levels], dtype=bool)
        win_rate = self.n_won.sum(axis=1) / self.n_deals.sum(axis=1)
        return Candidates(
            factors=[_after_only(factor, self.is_after) for factor in always[1:]],
            null=null,
            may_name=is_own & (n_smallest >= rules.min_deals_per_level),
            preference=n_smallest,
            direction=float(np.sign(win_rate[1] - win_rate[0])),
        )

    def model(self, named: Named) -> ChangeModel:
        """The model with the segments that were set aside."""
        segments = named.model.columns.factors[len(self.always) :]
        return ChangeModel(
            self.profiles, self.n_deals, self.levels, self.n_smallest, named, segments
        )


def _in_both(factor: Factor) -> Factor:
    """The factor of the profiles before and then of the profiles after."""
    return Factor(factor.name, np.tile(factor.codes, 2), factor.levels)


def _after_only(factor: Factor, is_after: np.ndarray) -> Factor:
    """The levels in the later window; the earlier one has the level ''."""
    codes = np.where(is_after, factor.codes, factor.size)
    return Factor(factor.name, codes, [*factor.levels, ""])
