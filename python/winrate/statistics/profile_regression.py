"""Logistic regression on profiles, the model behind the drivers, the verdict and the pairs.

*Profiles* are one row per distinct combination of feature levels among the closed deals, with
the counts `n_deals` and `n_won`. Counts per profile are sufficient for a logistic regression: the
fit equals the one on single deals.
"""

import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from winrate.statistics.threads import one_thread

# A feature leaks the outcome, as a stage 'Closed Won' does, where its all-won or all-lost levels
# hold this share of the won or of the lost deals. A small level may be all won by chance.
LEAKING_SHARE = 0.5


class LeftOutCode(StrEnum):
    """Why a feature or a level has no estimate."""

    LEAKS_OUTCOME = "leaks_outcome"
    ONE_LEVEL = "one_level"
    REPEATS = "repeats"
    ALL_WON = "all_won"
    ALL_LOST = "all_lost"
    SEPARATED = "separated"


class LeftOut(NamedTuple):
    """Why a feature or a level has no estimate; `repeated`: the feature that it repeats, if one."""

    code: LeftOutCode
    repeated: str | None = None


@dataclass(frozen=True)
class Fit:
    """A binomial GLM on profiles, with one coefficient per level of each modelled feature.

    levels: one row per modelled (feature, level); the first level of a feature is its reference.
    one_hot: profiles x levels, 0 or 1; a level without a column of its own counts as the average
        of its feature.
    coefficient, covariance: over (intercept, levels), reference levels fixed at zero.
    left_out: the reason per feature, or (feature, level), that is not modelled.
    """

    profiles: pd.DataFrame
    features: list[str]
    levels: pd.MultiIndex
    one_hot: np.ndarray
    coefficient: np.ndarray
    covariance: np.ndarray
    deviance: float
    null_deviance: float
    df_model: int
    left_out: dict[str | tuple[str, str], LeftOut]

    @property
    def linear_predictor(self) -> np.ndarray:
        return self.coefficient[0] + self.one_hot @ self.coefficient[1:]

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Fitted win probability of other profiles; an unknown level counts as the average."""
        one_hot = np.empty((len(rows), 0))
        for feature in self.features:
            position = self.levels.get_level_values(0) == feature
            names = self.levels[position].get_level_values(1)
            shares = self.profiles["n_deals"].to_numpy(float) @ self.one_hot[:, position]
            one_hot = np.hstack([one_hot, _encode(rows[feature], names, shares)])
        return expit(self.coefficient[0] + one_hot @ self.coefficient[1:])

    @property
    def lr_statistic(self) -> float:
        return max(self.null_deviance - self.deviance, 0.0)

    @property
    def lr_p_value(self) -> float:
        """Likelihood-ratio test of all features at once; 1 where there is none."""
        return float(stats.chi2.sf(self.lr_statistic, self.df_model)) if self.df_model else 1.0

    @property
    def score_p_value(self) -> float:
        """Score test (Rao 1948) of all features at once; 1 where there is none."""
        n_deals = self.profiles["n_deals"].to_numpy(float)
        win_rate = self.profiles["n_won"].sum() / n_deals.sum()
        centred = self.one_hot - n_deals @ self.one_hot / n_deals.sum()
        score = centred.T @ (self.profiles["n_won"].to_numpy(float) - n_deals * win_rate)
        information = win_rate * (1 - win_rate) * (centred.T @ (centred * n_deals[:, None]))
        statistic = score @ np.linalg.pinv(information, hermitian=True) @ score
        return float(stats.chi2.sf(statistic, self.df_model)) if self.df_model else 1.0

    def is_significant(self, max_p_value: float) -> bool:
        """Whether the features discriminate between won and lost deals.

        Both tests must reject: on a few hundred deals the likelihood-ratio test rejects too often
        and the score test too seldom. On many deals they agree.
        """
        return max(self.lr_p_value, self.score_p_value) < max_p_value


@one_thread
def fit_profiles(profiles: pd.DataFrame, features: list[str]) -> Fit:
    """Binomial GLM with logit link on the won and lost counts of each profile.

    profiles: see the module. Raises ValueError where a feature or a count is missing, or `n_won`
        exceeds `n_deals`.
    Left out are features that leak the outcome, features that earlier ones determine (they have no
    estimate) and features with one level. A single level that earlier features determine, such as
    'Unknown' in the same deals, has no estimate and counts as the average of its feature. A level
    without a won or without a lost deal is left out with its deals: its coefficient is infinite,
    and in that limit its deals carry no information on any other level.
    """
    check_profiles(profiles, features)
    rows = profiles[profiles["n_deals"] > 0]
    leaking = leaking_features(rows, features)
    left_out: dict = dict.fromkeys(leaking, LeftOut(LeftOutCode.LEAKS_OUTCOME))
    rows = _without_determined_levels(rows, [name for name in features if name not in left_out])
    modelled: list[str] = []
    for feature in features:
        if feature in left_out:
            continue
        reason, repeated = _redundancy(rows, modelled, feature, left_out)
        if reason:
            left_out[feature] = reason
        else:
            modelled.append(feature)
            left_out |= dict.fromkeys(
                ((feature, level) for level in repeated), LeftOut(LeftOutCode.REPEATS)
            )
    return _fit(rows, modelled, left_out)


@one_thread
def refit(fit: Fit, features: list[str]) -> Fit:
    """The same deals with only some of the modelled features."""
    return _fit(fit.profiles, features, fit.left_out)


def _fit(rows: pd.DataFrame, features: list[str], left_out: dict) -> Fit:
    one_hot, levels = _one_hot(rows, features, left_out)
    is_reference = ~levels.get_level_values(0).duplicated() if len(levels) else np.array([], bool)
    free = np.concatenate([[True], ~is_reference])

    design = np.column_stack([np.ones(len(rows)), one_hot])[:, free]
    counts = rows[["n_won"]].assign(n_lost=rows["n_deals"] - rows["n_won"]).to_numpy(float)
    # Separation shows in the standard errors; a saturated fit has no residuals to divide by.
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        result = sm.GLM(counts, design, family=sm.families.Binomial()).fit(tol=1e-12, maxiter=200)

    coefficient = np.zeros(len(free))
    coefficient[free] = result.params
    covariance = np.zeros((len(free), len(free)))
    covariance[np.ix_(free, free)] = result.cov_params()
    return Fit(
        profiles=rows,
        features=features,
        levels=levels,
        one_hot=one_hot,
        coefficient=coefficient,
        covariance=covariance,
        deviance=float(result.deviance),
        null_deviance=_null_deviance(counts),
        df_model=int(free.sum()) - 1,
        left_out=left_out,
    )


def check_profiles(profiles: pd.DataFrame, features: list[str]) -> None:
    """Raises ValueError where a feature or a count is missing, or is impossible."""
    missing = [name for name in [*features, "n_deals", "n_won"] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if (profiles["n_won"] > profiles["n_deals"]).any():
        raise ValueError("profiles have more won deals than deals")


def leaking_features(profiles: pd.DataFrame, features: list[str]) -> list[str]:
    """The features that contain the outcome (target leakage), as a stage 'Closed Won' does."""
    return [feature for feature in features if _leaks_outcome(profiles, feature)]


def _leaks_outcome(rows: pd.DataFrame, feature: str) -> bool:
    """Whether all-won or all-lost levels hold most of the won or most of the lost deals."""
    counts = rows.groupby(feature)[["n_deals", "n_won"]].sum()
    n_lost = counts["n_deals"] - counts["n_won"]
    is_determined = (counts["n_won"] == 0) | (n_lost == 0)
    return any(
        outcome.sum() > 0 and outcome[is_determined].sum() >= LEAKING_SHARE * outcome.sum()
        for outcome in (counts["n_won"], n_lost)
    )


def _without_determined_levels(profiles: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    """The profiles without those of levels where every deal was won, or every deal lost."""
    rows = profiles[profiles["n_deals"] > 0]
    while True:
        keep = pd.Series(True, index=rows.index)
        for feature in features:
            n_deals, n_won = (rows[name].groupby(rows[feature]) for name in ("n_deals", "n_won"))
            keep &= (n_won.transform("sum") > 0) & (
                n_won.transform("sum") < n_deals.transform("sum")
            )
        if keep.all():
            return rows.reset_index(drop=True)
        rows = rows[keep]


def _redundancy(
    rows: pd.DataFrame, modelled: list[str], feature: str, left_out: dict
) -> tuple[LeftOut | None, list[str]]:
    """Why a feature has no estimate beside those modelled, or which of its levels have none."""
    names = rows[feature].unique()
    if len(names) < 2:
        return LeftOut(LeftOutCode.ONE_LEVEL), []
    known, _ = _one_hot(rows, modelled, left_out)
    own, _ = _one_hot(rows, [feature], {})
    if _rank(known, own) == _rank(known) + len(names) - 1:
        return None, []
    for other in modelled:
        if rows.groupby(other)[feature].nunique().max() == 1:
            return LeftOut(LeftOutCode.REPEATS, other), []
    repeated = _repeated_levels(known, rows[feature])
    own, _ = _one_hot(rows, [feature], dict.fromkeys((feature, level) for level in repeated))
    n_left = len(names) - len(repeated)
    if n_left < 2 or _rank(known, own) < _rank(known) + n_left - 1:
        return LeftOut(LeftOutCode.REPEATS), []
    return None, repeated


def _repeated_levels(known: np.ndarray, column: pd.Series) -> list[str]:
    """The levels of a column that are a linear combination of the columns of `known`."""
    codes, names = pd.factorize(column, sort=True)
    indicators = np.eye(len(names))[codes]
    known = np.column_stack([np.ones(len(known)), known])
    fitted = known @ np.linalg.lstsq(known, indicators, rcond=None)[0]
    return list(names[np.abs(indicators - fitted).max(axis=0) < 1e-8])


def _rank(*blocks: np.ndarray) -> int:
    """The rank of these columns and an intercept: the number of coefficients with an estimate."""
    columns = np.hstack([np.ones((len(blocks[0]), 1)), *blocks])
    return int(np.linalg.matrix_rank(columns.T @ columns, hermitian=True))


def _one_hot(
    rows: pd.DataFrame, features: list[str], left_out: dict
) -> tuple[np.ndarray, pd.MultiIndex]:
    """Profiles x levels as 0 and 1, and the (feature, level) of each column.

    A level in `left_out` has no column and counts as the average of its feature.
    """
    blocks, levels = [np.empty((len(rows), 0))], []
    for feature in features:
        n_deals = rows.groupby(feature)["n_deals"].sum()
        n_deals = n_deals[[(feature, name) not in left_out for name in n_deals.index]]
        blocks.append(_encode(rows[feature], n_deals.index, n_deals.to_numpy(float)))
        levels += [(feature, name) for name in n_deals.index]
    return np.hstack(blocks), pd.MultiIndex.from_tuples(levels, names=["feature", "level"])


def _encode(column: pd.Series, names: pd.Index, n_deals: np.ndarray) -> np.ndarray:
    """Rows x names as 0 and 1; where the level is none of them, the shares of deals."""
    codes = names.get_indexer(column)
    encoded = np.eye(len(names))[codes]
    encoded[codes < 0] = n_deals / n_deals.sum()
    return encoded


def _null_deviance(counts: np.ndarray) -> float:
    """Deviance of the model that gives every deal the overall win rate."""
    n_deals = counts.sum(axis=1)
    rate = counts[:, 0].sum() / n_deals.sum()
    expected = np.column_stack([n_deals * rate, n_deals * (1 - rate)])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log(counts / expected), 0.0)
    return float(2 * terms.sum())
