"""The penalised logistic regression by which the holdout is predicted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

INVERSE_PENALTY = 1.0  # scikit-learn's C: coefficients are expected within about one log-odds


@dataclass(frozen=True)
class PenalisedModel:
    """A penalised logistic regression on one-hot levels."""

    encoder: OneHotEncoder
    classifier: LogisticRegression

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """Win probability of each row; a level that was not fitted counts for nothing."""
        features = list(self.encoder.feature_names_in_)
        return self.classifier.predict_proba(self.encoder.transform(rows[features]))[:, 1]


def fit_penalised_model(profiles: pd.DataFrame, features: list[str]) -> PenalisedModel:
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
    return PenalisedModel(encoder, classifier)
