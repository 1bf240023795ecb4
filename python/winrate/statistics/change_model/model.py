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
    and a change of its own for each named segment.
    profiles: both windows together. n_deals: windows x profiles, divided by the design effect.
    levels: (feature, level) of each test, as in `named`. n_smallest: deals of each in the window
    that has fewer. segments: the factors of the named
    segments, in the order of naming.
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

    @property
    def segment_levels(self) -> list[tuple[str, str]]:
        """(feature, level) of the named segments, in the order of naming."""
        places = np.flatnonzero(self.named.is_named)
        return [self.levels[place] for place in places[np.argsort(self.named.order[places])]]


def change_models(
    windows: Sequence[pd.DataFrame], features: Sequence[str], rules: ClaimRules
) -> list[ChangeModel]:
    """The model of each comparison, segments named by stepping down.

    windows: one table per comparison: a row per distinct combination of `features`, with
        `n_before`, `n_won_before`, `n_after`, `n_won_after`.
    A segment is tested against all other deals, other features and the change that all deals share
    held equal. Its q-value counts all comparisons and kinds of causes.
    """
    return [_change_model(rows, features, rules, len(windows)) for rows in windows]


def _change_model(
    rows: pd.DataFrame, features: Sequence[str], rules: ClaimRules, n_comparisons: int
) -> ChangeModel:
    both = rows.assign(
        n_deals=rows["n_before"] + rows["n_after"],
        n_won=rows["n_won_before"] + rows["n_won_after"],
    )
    both = both[both["n_deals"] > 0]
    profiles = profile_model(both, features)
    effect = profiles.counts.design_effect
    n_deals = both[["n_before", "n_after"]].to_numpy(float).T / effect
    n_won = both[["n_won_before", "n_won_after"]].to_numpy(float).T / effect
    counts = Counts(n_deals.ravel(), n_won.ravel(), design_effect=effect)
    is_after = np.repeat([False, True], len(both))
    factors = [_in_both(factor) for factor in profiles.features]
    always = [indicator(PERIOD, is_after), *factors]

    def null(named: Sequence[Factor], before: Regression | None) -> Regression:
        columns = columns_of(counts, [*always, *named], profiles.averaged)
        return fit(counts, columns, start=before)

    n_smallest = np.concatenate(
        [
            np.zeros(0),
            *(
                np.append(np.minimum(factor.sums(n_deals[0]), factor.sums(n_deals[1])), 0.0)
                for factor in profiles.features
            ),
        ]
    )
    n_smallest = np.round(n_smallest * effect)
    levels = [
        (factor.name, level) for factor in profiles.features for level in [*factor.levels, ""]
    ]
    is_own = np.array([key not in profiles.averaged for key in levels], dtype=bool)
    change = n_won[1].sum() / n_deals[1].sum() - n_won[0].sum() / n_deals[0].sum()
    candidates = Candidates(
        factors=[_after_only(factor, is_after) for factor in factors],
        null=null,
        may_name=is_own & (n_smallest >= rules.min_deals_per_level),
        preference=n_smallest,
        direction=float(np.sign(change)),
    )
    (named,) = name_levels(
        [candidates], rules.max_change_q_value, rules.min_effect_pp, KINDS_OF_CAUSES * n_comparisons
    )
    segments = named.model.columns.factors[len(always) :]
    return ChangeModel(profiles, n_deals, levels, n_smallest, named, segments)


def _in_both(factor: Factor) -> Factor:
    """The factor of the profiles before and then of the profiles after."""
    return Factor(factor.name, np.tile(factor.codes, 2), factor.levels)


def _after_only(factor: Factor, is_after: np.ndarray) -> Factor:
    """The levels in the later window; the earlier one has the level ''."""
    codes = np.where(is_after, factor.codes, factor.size)
    return Factor(factor.name, codes, [*factor.levels, ""])
