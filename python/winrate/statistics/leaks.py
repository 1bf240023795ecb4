"""Target leakage: features that know the outcome too well to be known before it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from winrate.statistics.claims import ClaimRules, fewest_outcomes, typed
from winrate.statistics.profile_regression import leaking_features
from winrate.statistics.size import check_size
from winrate.statistics.threads import one_thread
from winrate.statistics.verdict import holdout_quality

# One feature that alone ranks deals this well is suspected to know the outcome.
ONE_FEATURE_AUC = 0.9
TYPES = {"feature": "str", "known_at": "str", "auc": "float64"}


@one_thread
def feature_timing(timing: pd.DataFrame, profiles: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    """When each feature is known: 'creation', 'close', or 'leak' where it is suspected to leak.

    timing: one row per feature, with `known_at` as the settings and the missing values say it;
        null for a feature that is not compared.
    profiles: one row per distinct combination of the features known at creation, with `n_deals`,
        `n_won`, `n_holdout_deals` and `n_holdout_won` (counts of closed deals).
    Raises SettingsError where these have too many levels to be fitted.
    Returns one row per row, with `auc` of a suspected leak: how well it alone ranks the holdout.
    """
    names = timing.loc[timing["known_at"] == "creation", "feature"]
    check_size(profiles, list(names))
    suspects = suspected_leaks(profiles, list(names), rules)
    table = timing.assign(auc=timing["feature"].map(suspects).astype(float))
    table["known_at"] = table["known_at"].mask(table["feature"].isin(list(suspects)), "leak")
    return typed(table, TYPES)


def suspected_leaks(
    profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> dict[str, float]:
    """The features that predict the holdout too well, the strongest first, with the AUC of each.

    A feature is suspected that alone has an AUC above `ONE_FEATURE_AUC`. While all others together
    have one above `max_auc`, the strongest of them is suspected, too. Features
    whose levels leak it outright are not among them, since no model uses them (`leaking_features`).
    """
    if fewest_outcomes(profiles) < max(rules.min_outcomes, 1):
        return {}
    stated = leaking_features(profiles, features)
    auc = {
        name: float(np.nan_to_num(holdout_quality(profiles, [name]).auc))
        for name in features
        if name not in stated
    }
    ranked = sorted(auc, key=lambda name: (-auc[name], name))
    n_suspects = sum(value > ONE_FEATURE_AUC for value in auc.values())
    while holdout_quality(profiles, ranked[n_suspects:]).auc > rules.max_auc:
        n_suspects += 1
    return {name: auc[name] for name in ranked[:n_suspects]}
