"""What moves the win rate: the adjusted effect of every feature level, with its uncertainty."""

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from winrate import wording
from winrate.statistics.claims import (
    TOO_FEW,
    ClaimRules,
    evidence,
    fewest_outcomes,
    low_evidence_note,
    q_values,
    typed,
)
from winrate.statistics.profile_regression import (
    Fit,
    LeftOut,
    LeftOutCode,
    check_profiles,
    fit_profiles,
    refit,
)
from winrate.statistics.proportions import Z_95
from winrate.statistics.threads import one_thread

# A standard error above this (in log-odds) is a sign of separation, not of an estimate.
MAX_STD_ERROR = 10.0
ESTIMATES = [
    *("adjusted_win_rate", "effect_pp", "effect_pp_low", "effect_pp_high"),
    *("coefficient", "std_error", "odds_ratio", "p_value", "feature_p_value"),
]
TYPES = {
    **dict.fromkeys(["feature", "level"], "str"),
    **dict.fromkeys([*ESTIMATES, "q_value"], "float64"),
    **dict.fromkeys(["evidence", "known_at", "left_out_code", "left_out_because"], "str"),
    "rank": "int64",
    "statement": "str",
}


@one_thread
def win_rate_drivers(
    profiles: pd.DataFrame,
    features: list[str],
    known_at_close: list[str],
    rules: ClaimRules,
) -> pd.DataFrame:
    """Adjusted effect of each feature level on the win rate.

    profiles: one row per distinct combination of `features`, with `n_deals` and `n_won` (counts).
    known_at_close: features whose value is known only when a deal closes. Their statements
        describe and do not advise.
    Returns one row per feature and level. `adjusted_win_rate` is the win rate that the deals
    would have if all of them had this level and kept all else (marginal standardisation), and
    `effect_pp` its distance from the overall win rate in percentage points, with a 95% interval
    by the delta method. `coefficient` is in log-odds against the average deal of the feature
    (weighted effect coding), with its Wald `p_value` and the Benjamini-Hochberg `q_value` over
    all levels; `feature_p_value` is the likelihood-ratio test of the whole feature. `evidence` is
    'helps' or 'hurts' only where the model as a whole discriminates between won and lost deals.
    `left_out_code` (a `LeftOutCode`) and `left_out_because` say why a level has no estimate.
    Raises ValueError where a feature or a count is missing, or `n_won` exceeds `n_deals`.

    Sources: Muller and MacLehose (2014) for marginal standardisation; te Grotenhuis et al.
    (2017) for weighted effect coding; Benjamini and Hochberg (1995).
    """
    check_profiles(profiles, features)
    table = _level_counts(profiles, features)
    n_fewest = fewest_outcomes(profiles)
    has_too_few = n_fewest < rules.min_outcomes
    estimates, left_out, has_signal = _no_estimates(), {}, False
    if not has_too_few:
        fit = fit_profiles(profiles, features)
        estimates, left_out = _level_estimates(fit), fit.left_out
        has_signal = fit.is_significant(rules.max_p_value)
    table = table.merge(estimates, on=["feature", "level"], how="left")

    table["q_value"] = q_values(table["p_value"])
    table["evidence"] = evidence(
        table["effect_pp"],
        table["q_value"].where(has_signal & _interval_excludes_zero(table)),
        too_few=has_too_few | (table["n_deals"] < rules.min_deals_per_level),
        names=("helps", "hurts"),
        max_q_value=rules.max_q_value,
    )
    table["known_at"] = np.where(table["feature"].isin(known_at_close), "close", "creation")
    reasons = [None if has_too_few else _left_out(row, left_out) for row in table.itertuples()]
    table["left_out_code"] = [reason and str(reason.code) for reason in reasons]
    table["left_out_because"] = [reason and _left_out_because(reason) for reason in reasons]
    note = low_evidence_note(n_fewest, rules)
    table["statement"] = [
        _level_statement(row, reason, note)
        for row, reason in zip(table.itertuples(), reasons, strict=True)
    ]
    table = table.sort_values(["p_value", "feature", "level"], na_position="last")
    table["rank"] = np.arange(1, len(table) + 1)
    return typed(table, TYPES)


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


def _no_estimates() -> pd.DataFrame:
    return pd.DataFrame({"feature": [], "level": []}, dtype=str).assign(
        **{name: pd.Series(dtype=float) for name in ESTIMATES}
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

        # Against the average deal of the feature, so that no level is the reference.
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
    without = refit(fit, others)
    return float(
        stats.chi2.sf(max(without.deviance - fit.deviance, 0.0), fit.df_model - without.df_model)
    )


def _interval_excludes_zero(table: pd.DataFrame) -> pd.Series:
    return (table["effect_pp_low"] > 0) | (table["effect_pp_high"] < 0)


def _left_out(row, left_out: dict) -> LeftOut | None:
    """Why a level has no estimate; None where it has one."""
    for left in (row.feature, (row.feature, row.level)):
        if left in left_out:
            return left_out[left]
    if not np.isnan(row.effect_pp):
        return None
    if row.n_won in (0, row.n_deals):
        return LeftOut(LeftOutCode.ALL_WON if row.n_won else LeftOutCode.ALL_LOST)
    return LeftOut(LeftOutCode.SEPARATED)


def _left_out_because(reason: LeftOut) -> str:
    """The reason in words, as the public column has it."""
    return {
        LeftOutCode.LEAKS_OUTCOME: "leaks the outcome",
        LeftOutCode.ONE_LEVEL: "has one level",
        LeftOutCode.REPEATS: f"repeats {reason.repeated or 'other features'}",
        LeftOutCode.ALL_WON: "all won",
        LeftOutCode.ALL_LOST: "all lost",
        LeftOutCode.SEPARATED: "separated",
    }[reason.code]


def _level_statement(row, reason: LeftOut | None, note: str) -> str:
    name = f"{wording.feature_title(row.feature)} {row.level}"
    deals = wording.deals(row.n_deals)
    if reason:
        return f"{name}: left out of the model, {_left_out_clause(row, reason)} ({deals})."
    if row.evidence == TOO_FEW:
        return f"{name}: too few deals to compare ({deals})."
    span = f"{wording.interval(row.effect_pp_low, row.effect_pp_high)}, {deals}{note}"
    if row.evidence == "inconclusive":
        return f"{name}: no significant difference from the average deal ({span})."
    size = f"{wording.points(row.effect_pp)} {'more' if row.effect_pp > 0 else 'less'}"
    if row.known_at == "close":
        return (
            f"{name}: of the deals that ended here {size} were won than of the average deal, other "
            f"things equal ({span}). Known only at close: descriptive, not actionable."
        )
    side = "above" if row.effect_pp > 0 else "below"
    return (
        f"{name}: win rate {wording.points(row.effect_pp)} {side} that of the average deal, other "
        f"things equal ({span})."
    )


def _left_out_clause(row, reason: LeftOut) -> str:
    """The rest of the sentence 'left out of the model, ...'."""
    other = wording.feature_title(reason.repeated or "other features").lower()
    return {
        LeftOutCode.LEAKS_OUTCOME: "because the feature leaks the outcome: "
        f"{wording.percent(row.win_rate)} were won",
        LeftOutCode.ONE_LEVEL: "because all deals have this level",
        LeftOutCode.REPEATS: f"because it is determined by {other}",
        LeftOutCode.ALL_WON: "because all its deals were won: its effect has no finite size",
        LeftOutCode.ALL_LOST: "because all its deals were lost: its effect has no finite size",
        LeftOutCode.SEPARATED: "because together with other features it separates won from lost "
        "deals completely",
    }[reason.code]
