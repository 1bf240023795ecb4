"""From profiles to a regression: which features are modelled, and which cannot be.

*Profiles* are one row per distinct combination of levels among the closed deals, with the counts
`n_deals` and `n_won`. They may have the columns `sales_rep_id`, whose deals are not independent
(a random intercept each), `closed_quarter`, which every model holds equal, and `design_effect`, the
same in each row, by which counts are divided (`winrate.statistics.clustering`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from winrate.statistics.claims import MISSING
from winrate.statistics.regression import (
    Columns,
    Counts,
    Factor,
    Regression,
    columns_of,
    fit,
    indicator,
)

# Columns of profiles that are not features.
GROUPS, TIME, DESIGN_EFFECT = "sales_rep_id", "closed_quarter", "design_effect"

# A feature leaks the outcome, as a stage 'Closed Won' does, where its all-won or all-lost levels
# hold this share of the won or of the lost deals. A small level may be all won by chance.
LEAKING_SHARE = 0.5
DETERMINED = 1e-8  # share of a level's deals that other features must leave to it


class LeftOutCode(StrEnum):
    """Why a feature or a level has no estimate."""

    LEAKS_OUTCOME = "leaks_outcome"
    SUSPECTED_LEAK = "suspected_leak"
    ONE_LEVEL = "one_level"
    MISSING_AT_CLOSE = "missing_at_close"
    REPEATS = "repeats"


class LeftOut(NamedTuple):
    """Why a feature or a level has no estimate; `repeated`: the feature that it repeats, if one."""

    code: LeftOutCode
    repeated: str | None = None


@dataclass(frozen=True)
class ProfileModel:
    """What a regression on profiles is made of.

    features: those that are modelled. held: what every fit holds equal and nobody asks about: the
        quarter, where the profiles have more than one, and whether a feature is missing at close.
    averaged: levels that earlier features determine, such as 'Unknown' in the same deals: they
        have no coefficient and count as the average of their feature.
    left_out: the reason per feature, or (feature, level), that has no estimate.
    """

    counts: Counts
    features: list[Factor]
    held: list[Factor]
    averaged: list[tuple[str, str]]
    left_out: dict[str | tuple[str, str], LeftOut]

    def fit(
        self,
        features: Sequence[Factor] | None = None,
        group_sd: float | None = None,
        start: Regression | None = None,
    ) -> Regression:
        """Fit what is held and these features, by default all; see `regression.fit`."""
        factors = [*self.held, *(self.features if features is None else features)]
        return fit(self.counts, columns_of(self.counts, factors, self.averaged), group_sd, start)

    def without(self, feature: Factor) -> list[Factor]:
        """The other features."""
        return [factor for factor in self.features if factor is not feature]


def profile_model(
    profiles: pd.DataFrame, features: Sequence[str], at_close: Sequence[str] = ()
) -> ProfileModel:
    """The features among these that can be modelled beside each other, with the counts.

    at_close: those that are known only at close. Whether such a value is missing may follow from
        the outcome, so their missing values are held apart and have no estimate.
    Left out are features that leak the outcome, features that earlier ones determine and features
    with one level. Raises ValueError where a feature or a count is missing, or `n_won` exceeds
    `n_deals`.

    Source: Jones (1996), the missing-indicator method.
    """
    check_profiles(profiles, features)
    rows = profiles[profiles["n_deals"] > 0]
    has_groups = GROUPS in rows and GROUPS not in features
    groups = Factor.of(GROUPS, rows[GROUPS]) if has_groups else None
    effect = float(rows[DESIGN_EFFECT].iloc[0]) if DESIGN_EFFECT in rows and len(rows) else 1.0
    n_deals, n_won = (rows[name].to_numpy(float) / effect for name in ("n_deals", "n_won"))
    counts = Counts(n_deals, n_won, groups, effect)
    time = [Factor.of(TIME, rows[TIME])] if TIME in rows else []
    held = [factor for factor in time if factor.size > 1]
    for name in at_close:
        held += _missing_indicator(counts, held, name, rows[name])
    left_out: dict = {}
    averaged: list[tuple[str, str]] = []
    modelled: list[Factor] = []
    for name in features:
        factor = Factor.of(name, rows[name])
        is_apart = name in at_close and MISSING in factor.levels
        if leaks_outcome(*(_known(factor, counts) if is_apart else (factor, counts))):
            left_out[name] = LeftOut(LeftOutCode.LEAKS_OUTCOME)
            continue
        if is_apart:
            left_out[name, MISSING] = LeftOut(LeftOutCode.MISSING_AT_CLOSE)
            if factor.size == 2:
                left_out[name] = LeftOut(LeftOutCode.ONE_LEVEL)
                continue
        reason, repeated = _redundancy(counts, [*held, *modelled], averaged, factor)
        if reason:
            left_out[name] = reason
            continue
        modelled.append(factor)
        averaged += [(name, level) for level in repeated]
    left_out = dict.fromkeys(averaged, LeftOut(LeftOutCode.REPEATS)) | left_out
    return ProfileModel(counts, modelled, held, averaged, left_out)


def _missing_indicator(
    counts: Counts, held: list[Factor], name: str, levels: pd.Series
) -> list[Factor]:
    """Whether a feature is missing, as one factor; none where what is held determines it."""
    is_missing = (levels == MISSING).to_numpy()
    if is_missing.all() or not is_missing.any():
        return []
    factor = indicator(f"{name} is missing", is_missing)
    reason, _ = _redundancy(counts, held, [], factor)
    return [] if reason else [factor]


def _known(factor: Factor, counts: Counts) -> tuple[Factor, Counts]:
    """The rows in which the feature is not missing."""
    rows = factor.codes != factor.levels.index(MISSING)
    return (
        replace(factor, codes=factor.codes[rows]),
        replace(counts, n_deals=counts.n_deals[rows], n_won=counts.n_won[rows], groups=None),
    )


def check_profiles(profiles: pd.DataFrame, features: list[str]) -> None:
    """Raises ValueError where a feature or a count is missing, or is impossible."""
    missing = [name for name in [*features, "n_deals", "n_won"] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if (profiles["n_won"] > profiles["n_deals"]).any():
        raise ValueError("profiles have more won deals than deals")


def leaking_features(profiles: pd.DataFrame, features: Sequence[str]) -> list[str]:
    """The features that contain the outcome (target leakage), as a stage 'Closed Won' does."""
    counts = Counts(*(profiles[name].to_numpy(float) for name in ("n_deals", "n_won")))
    return [name for name in features if leaks_outcome(Factor.of(name, profiles[name]), counts)]


def leaks_outcome(factor: Factor, counts: Counts) -> bool:
    """Whether all-won or all-lost levels hold most of the won or most of the lost deals."""
    n_won = factor.sums(counts.n_won)
    n_lost = factor.sums(counts.n_deals) - n_won
    is_determined = (n_won == 0) | (n_lost == 0)
    return any(
        outcome.sum() > 0 and outcome[is_determined].sum() >= LEAKING_SHARE * outcome.sum()
        for outcome in (n_won, n_lost)
    )


def _redundancy(
    counts: Counts, modelled: list[Factor], averaged: list[tuple[str, str]], factor: Factor
) -> tuple[LeftOut | None, list[str]]:
    """Why a feature has no estimate beside those modelled, or which of its levels have none."""
    if factor.size < 2:
        return LeftOut(LeftOutCode.ONE_LEVEL), []
    columns = columns_of(counts, modelled, averaged)
    own = _own_part(columns, factor, counts.n_deals)
    n_levels = factor.sums(counts.n_deals)
    if _rank(own, n_levels) == factor.size - 1:
        return None, []
    for other in modelled:
        if ((other.crossed(factor, counts.n_deals) > 0).sum(axis=1) <= 1).all():
            return LeftOut(LeftOutCode.REPEATS, other.name), []
    is_repeated = own.diagonal() < DETERMINED * n_levels
    kept = ~is_repeated
    if kept.sum() < 2 or _rank(own[np.ix_(kept, kept)], n_levels[kept]) < kept.sum() - 1:
        return LeftOut(LeftOutCode.REPEATS), []
    return None, [factor.levels[level] for level in np.flatnonzero(is_repeated)]


def _own_part(columns: Columns, factor: Factor, n_deals: np.ndarray) -> np.ndarray:
    """Levels x levels: the products of the indicators, less what the columns predict of them."""
    known = columns.effects.T @ columns.information(n_deals) @ columns.effects
    shared = columns.effects.T @ columns.crossed(factor, n_deals)
    explained = shared.T @ np.linalg.pinv(known, rcond=1e-12, hermitian=True) @ shared
    return np.diag(factor.sums(n_deals)) - explained


def _rank(products: np.ndarray, n_deals: np.ndarray) -> int:
    """The rank of a matrix of products, each indicator scaled by its deals."""
    scale = np.sqrt(n_deals)
    values = np.linalg.eigvalsh(products / np.outer(scale, scale))
    return int((values > DETERMINED).sum())
