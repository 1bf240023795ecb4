"""What moves the win rate: adjusted effect of every feature level, and whether there is signal.

All functions take *profiles*: one row per distinct combination of feature levels among the
closed deals, with the counts `n_deals`, `n_won`, and `n_newest_deals`, `n_newest_won` for the
newest fifth of the deals. Counts per profile are sufficient for a logistic regression, so the
fit equals the one on single deals.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from winrate import rates, wording
from winrate.threads import one_thread

Z_95 = stats.norm.ppf(0.975)
# A coefficient known no better than this (in log-odds) is a sign of separation, not an estimate.
MAX_STD_ERROR = 10.0
# Share of the largest possible Cox-Snell R2 that Riley et al. (2020) suggest to plan for
# where nothing is known of the signal.
PLANNED_R2_SHARE = 0.15
# The columns of the verdict that stay null where there are too few deals.
MEASURES = ["lr_statistic", "lr_df", "lr_p_value", "auc", "auc_low", "auc_high"]
MEASURES += ["brier", "brier_baseline", "minimum_deals"]


@dataclass(frozen=True)
class Fit:
    """A binomial GLM on profiles, with one coefficient per level of each modelled feature.

    levels: one row per modelled (feature, level); the first level of a feature is its reference.
    one_hot: profiles x levels, 0 or 1.
    coefficient, covariance: over (intercept, levels), reference levels fixed at zero.
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

    @property
    def linear_predictor(self) -> np.ndarray:
        return self.coefficient[0] + self.one_hot @ self.coefficient[1:]

    @property
    def lr_statistic(self) -> float:
        return max(self.null_deviance - self.deviance, 0.0)


@one_thread
def fit_profiles(profiles: pd.DataFrame, features: list[str]) -> Fit:
    """Binomial GLM with logit link on the won and lost counts of each profile.

    Levels without a won or without a lost deal are left out with their deals: their coefficient
    is infinite, and in that limit they tell nothing about any other level. So are features that
    repeat what earlier ones say (no estimate exists for them), and features with one level.
    """
    rows = _without_determined_levels(profiles, features)
    return _fit(rows, _identifiable_features(rows, features))


def _fit(rows: pd.DataFrame, features: list[str]) -> Fit:
    one_hot, levels = _one_hot(rows, features)
    is_reference = ~levels.get_level_values(0).duplicated() if len(levels) else np.array([], bool)
    free = np.concatenate([[True], ~is_reference])

    design = np.column_stack([np.ones(len(rows)), one_hot])[:, free]
    counts = rows[["n_won"]].assign(n_lost=rows["n_deals"] - rows["n_won"]).to_numpy(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # seen in MAX_STD_ERROR
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
    )


@one_thread
def win_rate_drivers(
    profiles: pd.DataFrame,
    features: list[str],
    min_deals_per_level: int = 30,
    min_outcomes: int = 40,
    max_q_value: float = 0.05,
) -> pd.DataFrame:
    """Adjusted effect of each feature level on the win rate.

    profiles: one row per distinct combination of `features` (see the module), as counts.
    Returns one row per feature and level. `adjusted_win_rate` is the win rate that the deals
    would have if all of them had this level and kept all else (marginal standardisation), and
    `effect_pp` its distance from the overall win rate in percentage points, with a 95 % interval
    by the delta method. `coefficient` is in log-odds against the average deal of the feature
    (weighted effect coding), with its Wald `p_value` and the Benjamini-Hochberg `q_value` over
    all levels; `feature_p_value` is the likelihood-ratio test of the whole feature. A level is
    said to help or hurt only where the model as a whole tells won from lost deals.
    Raises ValueError where a feature or a count is missing, or `n_won` exceeds `n_deals`.

    Sources: Muller and MacLehose (2014) for marginal standardisation; te Grotenhuis et al.
    (2017) for weighted effect coding; Benjamini and Hochberg (1995).
    """
    _check(profiles, features)
    table = _level_counts(profiles, features)
    has_signal = False
    estimates = _no_estimates()
    if not _too_few(profiles, min_outcomes):
        fit = fit_profiles(profiles, features)
        estimates = _level_estimates(fit)
        has_signal = _lr_p_value(fit) < max_q_value
    table = table.merge(estimates, on=["feature", "level"], how="left")

    table["q_value"] = rates.q_values(table["p_value"])
    too_few = _too_few(profiles, min_outcomes)
    table["evidence"] = rates.evidence(
        table["effect_pp"],
        table["q_value"].where(has_signal & _interval_excludes_zero(table)),
        too_few=too_few | (table["n_deals"] < min_deals_per_level),
        names=("helps", "hurts"),
        max_q_value=max_q_value,
    )
    table["statement"] = [_level_statement(row) for row in table.itertuples()]
    table = table.sort_values(["p_value", "feature", "level"], na_position="last")
    table["rank"] = np.arange(1, len(table) + 1)
    return table.reset_index(drop=True)


@one_thread
def model_verdict(
    profiles: pd.DataFrame,
    features: list[str],
    min_outcomes: int = 40,
    max_p_value: float = 0.05,
) -> pd.DataFrame:
    """Can these features tell won deals from lost ones at all? One row.

    profiles: as in the module, including the counts of the newest fifth of the deals.
    `lr_p_value` is the likelihood-ratio test of all features at once. `auc` (with a DeLong
    interval) and `brier` judge a fit on the older deals by the newest fifth;
    `brier_baseline` is what always saying the older win rate would give. `minimum_deals` is
    the sample size that Riley et al. (2020) ask for with this many parameters: at the strength
    of signal that was found, or where none was, at the strength they suggest to plan for.
    Raises ValueError as `win_rate_drivers` does.
    """
    _check(profiles, features)
    n_won = int(profiles["n_won"].sum())
    n_lost = int(profiles["n_deals"].sum()) - n_won
    row: dict[str, object] = {
        "n_won": n_won,
        "n_lost": n_lost,
        **dict.fromkeys(MEASURES, np.nan),
        "verdict": "too few deals",
    }
    if not _too_few(profiles, min_outcomes):
        fit = fit_profiles(profiles, features)
        p = _lr_p_value(fit)
        row |= {"lr_statistic": fit.lr_statistic, "lr_df": fit.df_model, "lr_p_value": p}
        row |= _foretold(profiles, features)
        row["verdict"] = "signal" if p < max_p_value else "no signal"
        row["minimum_deals"] = _minimum_deals(fit, row["verdict"] == "signal")
    row["statement"] = _verdict_statement(row, min_outcomes)
    return pd.DataFrame([row]).astype(dict.fromkeys(MEASURES, float))


# ---- preparing the fit


def _check(profiles: pd.DataFrame, features: list[str]) -> None:
    missing = [name for name in [*features, "n_deals", "n_won"] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if (profiles["n_won"] > profiles["n_deals"]).any():
        raise ValueError("profiles have more won deals than deals")


def _too_few(profiles: pd.DataFrame, min_outcomes: int) -> bool:
    n_won = profiles["n_won"].sum()
    return bool(min(n_won, profiles["n_deals"].sum() - n_won) < min_outcomes)


def _level_counts(profiles: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    """One row per feature and level: n_deals, n_won, win_rate."""
    parts = [
        profiles.groupby(feature, as_index=False)[["n_deals", "n_won"]]
        .sum()
        .rename(columns={feature: "level"})
        .assign(feature=feature)
        for feature in features
    ]
    table = pd.concat(parts, ignore_index=True)
    table["win_rate"] = table["n_won"] / table["n_deals"]
    return table[["feature", "level", "n_deals", "n_won", "win_rate"]]


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


def _identifiable_features(rows: pd.DataFrame, features: list[str]) -> list[str]:
    """The features of which each level has an estimate of its own, earlier ones first."""
    kept: list[str] = []
    rank = 1
    for feature in features:
        n_levels = rows[feature].nunique()
        one_hot, _ = _one_hot(rows, [*kept, feature])
        # One-hot blocks span the intercept, so the rank of the cross-product says it all.
        with_feature = np.linalg.matrix_rank(one_hot.T @ one_hot, hermitian=True)
        if n_levels > 1 and with_feature == rank + n_levels - 1:
            kept.append(feature)
            rank = with_feature
    return kept


def _one_hot(rows: pd.DataFrame, features: list[str]) -> tuple[np.ndarray, pd.MultiIndex]:
    """Profiles x levels as 0 and 1, and the (feature, level) of each column."""
    blocks, levels = [np.empty((len(rows), 0))], []
    for feature in features:
        codes, names = pd.factorize(rows[feature], sort=True)
        blocks.append(np.eye(len(names))[codes])
        levels += [(feature, name) for name in names]
    return np.hstack(blocks), pd.MultiIndex.from_tuples(levels, names=["feature", "level"])


def _null_deviance(counts: np.ndarray) -> float:
    """Deviance of the model that gives every deal the overall win rate."""
    n_deals = counts.sum(axis=1)
    rate = counts[:, 0].sum() / n_deals.sum()
    expected = np.column_stack([n_deals * rate, n_deals * (1 - rate)])
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log(counts / expected), 0.0)
    return float(2 * terms.sum())


def _lr_p_value(fit: Fit) -> float:
    return float(stats.chi2.sf(fit.lr_statistic, fit.df_model)) if fit.df_model else 1.0


# ---- effects of levels


def _no_estimates() -> pd.DataFrame:
    columns = ["adjusted_win_rate", "effect_pp", "effect_pp_low", "effect_pp_high"]
    columns += ["coefficient", "std_error", "odds_ratio", "p_value", "feature_p_value"]
    return pd.DataFrame({"feature": [], "level": []}, dtype=str).assign(
        **{name: pd.Series(dtype=float) for name in columns}
    )


def _level_estimates(fit: Fit) -> pd.DataFrame:
    """One row per modelled feature and level: effect in points, coefficient, tests."""
    if not fit.features:
        return _no_estimates()
    feature_p_values = {feature: _feature_p_value(fit, feature) for feature in fit.features}
    weight = fit.profiles["n_deals"].to_numpy(float)
    weight /= weight.sum()
    eta = fit.linear_predictor
    overall = float(weight @ expit(eta))
    overall_gradient = _mean_gradient(fit, eta, fit.one_hot, weight)

    estimates = []
    for position, (feature, level) in enumerate(fit.levels):
        of_feature = fit.levels.get_level_values(0) == feature
        all_have_it = fit.one_hot.copy()
        all_have_it[:, of_feature] = 0.0
        all_have_it[:, position] = 1.0
        eta_level = fit.coefficient[0] + all_have_it @ fit.coefficient[1:]
        adjusted = float(weight @ expit(eta_level))
        gradient = _mean_gradient(fit, eta_level, all_have_it, weight) - overall_gradient
        effect_error = float(np.sqrt(max(gradient @ fit.covariance @ gradient, 0.0)))

        # Against the average deal of the feature, so that no level is a hidden reference.
        contrast = np.zeros(len(fit.coefficient))
        contrast[1:][of_feature] = -(weight @ fit.one_hot[:, of_feature])
        contrast[1 + position] += 1.0
        coefficient = float(contrast @ fit.coefficient)
        std_error = float(np.sqrt(max(contrast @ fit.covariance @ contrast, 0.0)))
        if not 0 < std_error < MAX_STD_ERROR:
            continue
        effect = adjusted - overall
        estimates.append(
            {
                "feature": feature,
                "level": level,
                "adjusted_win_rate": adjusted,
                "effect_pp": 100 * effect,
                "effect_pp_low": 100 * (effect - Z_95 * effect_error),
                "effect_pp_high": 100 * (effect + Z_95 * effect_error),
                "coefficient": coefficient,
                "std_error": std_error,
                "odds_ratio": float(np.exp(coefficient)),
                "p_value": float(2 * stats.norm.sf(abs(coefficient / std_error))),
                "feature_p_value": feature_p_values[feature],
            }
        )
    return pd.DataFrame(estimates) if estimates else _no_estimates()


def _mean_gradient(
    fit: Fit, eta: np.ndarray, one_hot: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Gradient of the mean win rate at `eta` with respect to (intercept, levels)."""
    slope = weight * expit(eta) * (1 - expit(eta))
    return np.concatenate([[slope.sum()], slope @ one_hot])


def _feature_p_value(fit: Fit, feature: str) -> float:
    """Likelihood-ratio test of the model with the feature against the one without it."""
    others = [name for name in fit.features if name != feature]
    without = _fit(fit.profiles, others)
    return float(
        stats.chi2.sf(max(without.deviance - fit.deviance, 0.0), fit.df_model - without.df_model)
    )


def _interval_excludes_zero(table: pd.DataFrame) -> pd.Series:
    return (table["effect_pp_low"] > 0) | (table["effect_pp_high"] < 0)


def _level_statement(row) -> str:
    name = f"{wording.feature_title(row.feature)} {row.level}"
    deals = f"{wording.count(row.n_deals)} deals"
    if row.evidence == "too few deals":
        return f"{name}: {deals} are too few to say."
    if np.isnan(row.effect_pp):
        if row.n_won in (0, row.n_deals):
            return (
                f"{name}: all {deals} were {'won' if row.n_won else 'lost'}, so this level only "
                "names the outcome and is left out of the model."
            )
        return f"{name}: has no estimate of its own ({deals}): other features say the same."
    span = f"{wording.interval(row.effect_pp_low, row.effect_pp_high)}, {deals}"
    if row.evidence == "inconclusive":
        return f"{name}: no difference from the average deal can be told ({span})."
    more_or_less = "more" if row.evidence == "helps" else "less"
    return (
        f"{name}: wins {wording.points(row.effect_pp)} {more_or_less} than the average deal, other "
        f"things equal ({span})."
    )


# ---- the verdict


def _foretold(profiles: pd.DataFrame, features: list[str]) -> dict[str, float]:
    """How well a fit on the older deals foretells the newest fifth: AUC, Brier score."""
    newest = profiles.assign(n_deals=profiles["n_newest_deals"], n_won=profiles["n_newest_won"])
    newest = newest[newest["n_deals"] > 0]
    older = profiles.assign(
        n_deals=profiles["n_deals"] - profiles["n_newest_deals"],
        n_won=profiles["n_won"] - profiles["n_newest_won"],
    )
    n_won, n_lost = newest["n_won"].sum(), (newest["n_deals"] - newest["n_won"]).sum()
    if not (n_won and n_lost) or _too_few(older, 1):
        return {}
    fit = fit_profiles(older[older["n_deals"] > 0], features)
    eta = np.full(len(newest), fit.coefficient[0])
    for (feature, level), coefficient in zip(fit.levels, fit.coefficient[1:], strict=True):
        eta += coefficient * (newest[feature] == level).to_numpy()
    probability = expit(eta)
    won = newest["n_won"].to_numpy(float)
    lost = (newest["n_deals"] - newest["n_won"]).to_numpy(float)
    auc, auc_low, auc_high = auc_with_interval(probability, won, lost)
    base_rate = older["n_won"].sum() / older["n_deals"].sum()
    return {
        "auc": auc,
        "auc_low": auc_low,
        "auc_high": auc_high,
        "brier": brier_score(probability, won, lost),
        "brier_baseline": brier_score(np.full(len(newest), base_rate), won, lost),
    }


def brier_score(probability: np.ndarray, won: np.ndarray, lost: np.ndarray) -> float:
    """Mean squared error of `probability` over groups of `won` and `lost` deals (Brier 1950)."""
    errors = won * (1 - probability) ** 2 + lost * probability**2
    return float(errors.sum() / (won.sum() + lost.sum()))


def auc_with_interval(
    probability: np.ndarray, won: np.ndarray, lost: np.ndarray
) -> tuple[float, float, float]:
    """Area under the ROC curve of grouped deals, and its 95 % interval (DeLong et al. 1988).

    probability, won, lost: one entry per group of deals with the same probability; counts.
    Raises ValueError where there is no won or no lost deal.
    """
    if not (won.sum() and lost.sum()):
        raise ValueError("an AUC needs won and lost deals")
    auc = float(
        roc_auc_score(
            np.repeat([1, 0], len(probability)),
            np.tile(probability, 2),
            sample_weight=np.concatenate([won, lost]),
        )
    )
    order = np.argsort(probability, kind="stable")
    sorted_probability = probability[order]

    def share_below(counts: np.ndarray) -> np.ndarray:
        """Per group, the share of `counts` with a lower probability, ties counted half."""
        cumulated = np.concatenate([[0.0], np.cumsum(counts[order])])
        below = cumulated[np.searchsorted(sorted_probability, probability, side="left")]
        up_to = cumulated[np.searchsorted(sorted_probability, probability, side="right")]
        return (below + up_to) / 2 / counts.sum()

    def variance_of_mean(placement: np.ndarray, counts: np.ndarray) -> float:
        n = counts.sum()
        return float((counts * (placement - auc) ** 2).sum() / max(n - 1, 1) / n)

    error = np.sqrt(
        variance_of_mean(share_below(lost), won) + variance_of_mean(1 - share_below(won), lost)
    )
    return auc, max(auc - Z_95 * error, 0.0), min(auc + Z_95 * error, 1.0)


def _minimum_deals(fit: Fit, has_signal: bool) -> float:
    """Deals needed to fit this many parameters at the strength of signal that was found."""
    n_deals = float(fit.profiles["n_deals"].sum())
    rate = float(fit.profiles["n_won"].sum()) / n_deals
    if not has_signal:
        return riley_minimum_deals(fit.df_model, rate)
    shrinkage = 1 - fit.df_model / fit.lr_statistic
    r2 = shrinkage * (1 - np.exp(-fit.lr_statistic / n_deals))
    return riley_minimum_deals(fit.df_model, rate, max(r2, 1e-4))


def riley_minimum_deals(n_parameters: int, win_rate: float, r2: float | None = None) -> float:
    """The sample size for a logistic regression by the three criteria of Riley et al. (2020).

    r2: expected Cox-Snell R2, corrected for optimism; where nothing is known, 15 % of its
        largest possible value, as they suggest.
    Returns a whole number of deals: the largest of what a shrinkage of 0.9, an optimism of at
    most 0.05 in R2 and a margin of 0.05 on the win rate ask for.
    """
    max_r2 = 1 - np.exp(2 * (win_rate * np.log(win_rate) + (1 - win_rate) * np.log(1 - win_rate)))
    r2 = PLANNED_R2_SHARE * max_r2 if r2 is None else r2
    n_parameters = max(n_parameters, 1)
    optimism = r2 / (r2 + 0.05 * max_r2)
    by_criterion = [
        n_parameters / ((factor - 1) * np.log(1 - r2 / factor)) for factor in (0.9, optimism)
    ]
    by_criterion.append((Z_95 / 0.05) ** 2 * win_rate * (1 - win_rate))
    return float(np.ceil(max(by_criterion)))


def _verdict_statement(row: dict, min_outcomes: int) -> str:
    n_won, n_lost = wording.count(row["n_won"]), wording.count(row["n_lost"])
    if row["verdict"] == "too few deals":
        return (
            f"{n_won} won and {n_lost} lost deals are too few to say what drives the win rate: "
            f"{min_outcomes} of each are needed."
        )
    deals = wording.count(row["n_won"] + row["n_lost"])
    test = wording.p_value(row["lr_p_value"])
    foretold = ""
    if not np.isnan(row["auc"]):
        low, high = wording.percent(row["auc_low"]), wording.percent(row["auc_high"])
        foretold = (
            " A model of the older deals ranks a won deal of the newest fifth above a lost one "
            f"{wording.percent(row['auc'])} of the time (95 % interval {low} to {high}; "
            "a coin: 50 %)."
        )
    if row["verdict"] == "signal":
        return f"The {deals} closed deals can tell won from lost ({test}).{foretold}"
    return (
        f"Nothing in the {deals} closed deals tells won from lost, so no driver can be named "
        f"({test}).{foretold}"
    )
