"""Do the features discriminate between won and lost deals at all?"""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from winrate import wording
from winrate.statistics.claims import (
    TOO_FEW,
    ClaimRules,
    fewest_outcomes,
    low_evidence_note,
    typed,
)
from winrate.statistics.profile_regression import Fit, check_profiles, fit_profiles
from winrate.statistics.proportions import Z_95
from winrate.statistics.threads import one_thread

# Share of the largest possible Cox-Snell R2 that Riley et al. (2020) suggest to plan for
# where nothing is known of the signal.
PLANNED_R2_SHARE = 0.15
# The columns of the verdict that are null where there are too few deals.
MEASURES = {
    "lr_statistic": "float64",
    "lr_df": "Int64",
    **dict.fromkeys(["lr_p_value", "auc", "auc_low", "auc_high"], "float64"),
    **dict.fromkeys(["brier", "brier_baseline"], "float64"),
    "minimum_deals": "Int64",
}
TYPES = {"n_won": "int64", "n_lost": "int64", **MEASURES, "verdict": "str", "statement": "str"}


@one_thread
def model_verdict(profiles: pd.DataFrame, features: list[str], rules: ClaimRules) -> pd.DataFrame:
    """Whether these features discriminate between won and lost deals at all. One row.

    profiles: one row per distinct combination of `features` with the counts `n_deals`, `n_won`,
        and `n_holdout_deals`, `n_holdout_won` of the latest closed deals, the holdout.
    `verdict` is 'signal' where both the likelihood-ratio test of all features at once
    (`lr_p_value`) and the score test are below `max_p_value`, else 'no signal', or 'too few deals'
    with fewer than `min_outcomes` won or lost deals. `auc` (with a DeLong interval) and `brier`
    measure how well a fit on the other deals predicts the holdout; `brier_baseline` is the Brier
    score of predicting their win rate for every deal. `minimum_deals` is
    the sample size that Riley et al. (2020) ask for with this many parameters: at the strength
    of signal that was found, or where none was, at the strength they suggest to plan for.
    Raises ValueError as `fit_profiles` does.
    """
    check_profiles(profiles, features)
    n_won = int(profiles["n_won"].sum())
    n_lost = int(profiles["n_deals"].sum()) - n_won
    row: dict[str, object] = {
        "n_won": n_won,
        "n_lost": n_lost,
        **dict.fromkeys(MEASURES, np.nan),
        "verdict": TOO_FEW,
    }
    n_fewest = fewest_outcomes(profiles)
    if n_fewest >= rules.min_outcomes:
        fit = fit_profiles(profiles, features)
        p = fit.lr_p_value
        row |= {"lr_statistic": fit.lr_statistic, "lr_df": fit.df_model, "lr_p_value": p}
        row |= _holdout_metrics(profiles, features)
        row["verdict"] = "signal" if fit.is_significant(rules.max_p_value) else "no signal"
        row["minimum_deals"] = _minimum_deals(fit, row["verdict"] == "signal")
    note = low_evidence_note(n_fewest, rules)
    if row["verdict"] == "no signal" and row["lr_p_value"] < rules.max_p_value:
        note = f", but {fit.score_p_value:.3f} by the score test{note}"
    row["statement"] = _verdict_statement(row, rules.min_outcomes, note)
    return typed(pd.DataFrame([row]), TYPES)


def _holdout_metrics(profiles: pd.DataFrame, features: list[str]) -> dict[str, float]:
    """AUC and Brier score on the holdout of a fit on all other deals."""
    holdout = profiles.assign(n_deals=profiles["n_holdout_deals"], n_won=profiles["n_holdout_won"])
    holdout = holdout[holdout["n_deals"] > 0]
    training = profiles.assign(
        n_deals=profiles["n_deals"] - profiles["n_holdout_deals"],
        n_won=profiles["n_won"] - profiles["n_holdout_won"],
    )
    if min(fewest_outcomes(holdout), fewest_outcomes(training)) < 1:
        return {}
    fit = fit_profiles(training[training["n_deals"] > 0], features)
    probability = fit.probability(holdout)
    won = holdout["n_won"].to_numpy(float)
    lost = (holdout["n_deals"] - holdout["n_won"]).to_numpy(float)
    auc, auc_low, auc_high = auc_with_interval(probability, won, lost)
    base_rate = training["n_won"].sum() / training["n_deals"].sum()
    return {
        "auc": auc,
        "auc_low": auc_low,
        "auc_high": auc_high,
        "brier": brier_score(probability, won, lost),
        "brier_baseline": brier_score(np.full(len(holdout), base_rate), won, lost),
    }


def brier_score(probability: np.ndarray, won: np.ndarray, lost: np.ndarray) -> float:
    """Mean squared error of `probability` over groups of `won` and `lost` deals (Brier 1950)."""
    errors = won * (1 - probability) ** 2 + lost * probability**2
    return float(errors.sum() / (won.sum() + lost.sum()))


def auc_with_interval(
    probability: np.ndarray, won: np.ndarray, lost: np.ndarray
) -> tuple[float, float, float]:
    """Area under the ROC curve of grouped deals, and its 95% interval (DeLong et al. 1988).

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

    r2: expected Cox-Snell R2, corrected for optimism; where nothing is known, 15% of its
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


def _verdict_statement(row: dict, min_outcomes: int, note: str) -> str:
    n_won, n_lost = wording.count(row["n_won"]), wording.count(row["n_lost"])
    if row["verdict"] == TOO_FEW:
        return (
            f"{n_won} won and {n_lost} lost deals are too few to say what drives the win rate: "
            f"{min_outcomes} of each are needed."
        )
    deals = wording.count(row["n_won"] + row["n_lost"])
    test = wording.p_value(row["lr_p_value"]) + note
    holdout = ""
    if not np.isnan(row["auc"]):
        interval = wording.percent_interval(row["auc_low"], row["auc_high"])
        holdout = (
            " On the latest closed deals, which the model was not fitted on, it ranks a won deal "
            f"above a lost one {wording.percent(row['auc'])} of the time ({interval}; chance: 50%)."
        )
    if row["verdict"] == "signal":
        return (
            f"The features discriminate between won and lost deals ({deals} closed deals, {test})."
            f"{holdout}"
        )
    return (
        f"The features do not discriminate between won and lost deals ({deals} closed deals, "
        f"{test}), so no driver is named.{holdout}"
    )
