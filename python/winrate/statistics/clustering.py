"""Deals of one account are not independent: how many independent deals they are worth."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from winrate.statistics.profile_regression import profile_model
from winrate.statistics.regression import Factor
from winrate.statistics.threads import one_thread

ACCOUNT = "account_id"


def score_design_effect(scores: pd.Series, variance: float) -> float:
    """The factor, 1 or more, by which clusters multiply a variance.

    scores: one sum per cluster, such as a rep. variance: of the total for independent deals.
    1 where there is one cluster or no variance.

    Source: Liang and Zeger (1986), Longitudinal data analysis using generalized linear models.
    """
    n_clusters = len(scores)
    if n_clusters < 2 or not variance > 0:
        return 1.0
    return max(1.0, float(n_clusters / (n_clusters - 1) * (scores**2).sum() / variance))


@one_thread
def design_effect(accounts: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """The factor by which accounts multiply the variance of a win rate. One row.

    accounts: one row per account with several closed deals (`account_id`) and distinct combination
        of `features`, with `n_deals` and `n_won`; and, the same in each row, `n_closed_deals`, the
        closed deals of the whole export.
    Returns `design_effect`: the mean square of the accounts' won deals less expected ones over its
    expectation for independent deals, averaged with the deals of other accounts, which are
    independent. 1 without such accounts, and never below. Counts divided by it can be analysed as
    independent deals.

    Source: Rao and Scott (1992), A simple method for the analysis of clustered binary data.
    """
    effect = 1.0
    rows = accounts[accounts["n_deals"] > 0]
    if len(rows) and 0 < rows["n_won"].sum() < rows["n_deals"].sum():
        model = profile_model(rows, features)
        fitted = model.fit()
        group = Factor.of(ACCOUNT, rows[ACCOUNT])
        residual = group.sums(model.counts.n_won - model.counts.n_deals * fitted.probability)
        ratio = float(residual @ residual) / float(fitted.weight.sum())
        share = rows["n_deals"].sum() / rows["n_closed_deals"].iloc[0]
        effect = float(np.maximum(1 + share * (ratio - 1), 1.0))
    return pd.DataFrame({"design_effect": [effect]})
