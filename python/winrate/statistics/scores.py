"""Each deal's win probability, with its interval and its reasons, from profiles with counts."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from winrate.statistics.claims import ClaimRules, fewest_outcomes
from winrate.statistics.profile_regression import leaking_features
from winrate.statistics.proportions import Z_95
from winrate.statistics.regression import mean_slope
from winrate.statistics.threads import one_thread

INVERSE_PENALTY = 1.0  # scikit-learn's C: coefficients are expected within about one log-odds


@dataclass(frozen=True)
class ScoreModel:
    """A penalised logistic regression on one-hot levels.

    covariance: of (intercept, coefficients), the inverse of the penalised information matrix
        (Laplace approximation; Bishop 2006, section 4.4).
    average: share of each level among the deals that were fitted.
    """

    encoder: OneHotEncoder
    classifier: LogisticRegression
    covariance: np.ndarray
    average: np.ndarray

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Win probability of each row; a level that was not fitted counts for nothing."""
        features = list(self.encoder.feature_names_in_)
        return self.classifier.predict_proba(self.encoder.transform(rows[features]))[:, 1]


@one_thread
def score_profiles(
    profiles: pd.DataFrame, features: list[str], known: list[str], rules: ClaimRules
) -> pd.DataFrame:
    """Win probability of every profile, and what each feature adds to it.

    profiles: one row per `landmark_days`, `score_fold` and combination of `features`
        (`profile_id`), with `n_deals` and `n_won`, counts of closed deals. A row with a fold is
        scored by a model that has not seen that fold; a row without one (open deals) by a model
        of all closed deals. Each landmark, an age in days, has models of its own, fitted on the
        deals that were still open at that age (landmarking: van Houwelingen 2007).
    known: the features among them that are known at creation; only these are used.
    Returns one row per row of profiles: its keys, `win_probability` (a share) with a 95%
        interval, `contribution_<feature>` (points of win probability that the level adds; they sum
        to the probability less that of the average deal of the landmark) and `model_run_id`, a hash
        of what was fitted. A landmark with fewer than `min_outcomes` won or lost deals is scored by
        the model of the one before it; where there is none, the scores are null. A feature that
        leaks the outcome or is not known is not used, and its contribution is null.
    """
    profiles = profiles.sort_values(["landmark_days", "score_fold", "profile_id"])
    at_creation = profiles[profiles["landmark_days"] == profiles["landmark_days"].min()]
    leaking = leaking_features(at_creation, features)
    used = [feature for feature in features if feature in known and feature not in leaking]
    run_id = hashlib.md5(profiles.to_csv(index=False).encode()).hexdigest()
    parts = [_unscored(profiles.head(0), features)]
    training = profiles.head(0)
    for _, at_landmark in profiles.groupby("landmark_days"):
        closed = at_landmark[at_landmark["score_fold"].notna()]
        if fewest_outcomes(closed) >= rules.min_outcomes:
            training = closed
        for fold, rows in at_landmark.groupby("score_fold", dropna=False):
            seen = training if pd.isna(fold) else training[training["score_fold"] != fold]
            if used and fewest_outcomes(seen) > 0:
                parts.append(_score(fit_score_model(seen, used), rows, used))
            else:
                parts.append(_unscored(rows, features))
    return pd.concat(parts, ignore_index=True).assign(model_run_id=run_id)


def fit_score_model(profiles: pd.DataFrame, features: list[str]) -> ScoreModel:
    """Fit on profiles, each weighted by its counts of won and of lost deals.

    profiles: one row per combination of levels, with `n_deals` and `n_won`.
    """
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    one_hot = encoder.fit_transform(profiles[features])
    n_deals, n_won = (profiles[name].to_numpy(float) for name in ("n_deals", "n_won"))
    classifier = LogisticRegression(C=INVERSE_PENALTY, solver="newton-cholesky", tol=1e-8)
    classifier.fit(
        np.vstack([one_hot, one_hot]),
        np.repeat([1, 0], len(one_hot)),
        sample_weight=np.concatenate([n_won, n_deals - n_won]),
    )
    design = np.column_stack([np.ones(len(one_hot)), one_hot])
    probability = classifier.predict_proba(one_hot)[:, 1]
    information = design.T @ (design * (n_deals * probability * (1 - probability))[:, None])
    penalty = np.diag([0.0] + [1 / INVERSE_PENALTY] * one_hot.shape[1])
    return ScoreModel(
        encoder=encoder,
        classifier=classifier,
        covariance=np.linalg.inv(information + penalty),
        average=n_deals @ one_hot / n_deals.sum(),
    )


def _keys(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["landmark_days", "score_fold", "profile_id"]]


def _score(model: ScoreModel, rows: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    one_hot = model.encoder.transform(rows[features])
    coefficient = model.classifier.coef_[0]
    log_odds = model.classifier.intercept_[0] + one_hot @ coefficient
    design = np.column_stack([np.ones(len(rows)), one_hot])
    error = np.sqrt((design @ model.covariance * design).sum(axis=1))
    scored = _keys(rows).assign(
        win_probability=expit(log_odds),
        win_probability_low=expit(log_odds - Z_95 * error),
        win_probability_high=expit(log_odds + Z_95 * error),
    )
    # Contributions are shares of the difference to the average deal, and sum to it (Aumann and
    # Shapley 1974).
    above_average = (one_hot - model.average) * coefficient
    slope = mean_slope(log_odds, log_odds - above_average.sum(axis=1))
    start = 0
    for feature, levels in zip(features, model.encoder.categories_, strict=True):
        gain = above_average[:, start : start + len(levels)].sum(axis=1)
        scored[f"contribution_{feature}"] = 100 * slope * gain
        start += len(levels)
    return scored


def _unscored(rows: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    names = ["win_probability", "win_probability_low", "win_probability_high"]
    names += [f"contribution_{feature}" for feature in features]
    return _keys(rows).assign(**dict.fromkeys(names, np.nan))
