"""How many independent deals the deals of accounts are worth."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics.clustering import ACCOUNT, design_effect
from winrate.statistics.drivers import win_rate_drivers


def accounts_of(deals: pd.DataFrame, account: np.ndarray) -> pd.DataFrame:
    """The rows of internal.account_profiles."""
    deals = deals.assign(**{ACCOUNT: account})
    several = deals[deals.groupby(ACCOUNT)[ACCOUNT].transform("size") > 1]
    counted = several.groupby([ACCOUNT, *FEATURES], as_index=False).agg(
        n_deals=("is_won", "size"), n_won=("is_won", "sum")
    )
    return counted.assign(n_closed_deals=len(deals))


def effect_of(deals: pd.DataFrame, account: np.ndarray) -> float:
    return design_effect(accounts_of(deals, account), FEATURES)["design_effect"][0]


def test_independent_deals_are_worth_themselves():
    deals = simulated_deals(6000, 1, {("source", "Partner"): -1.0})
    assert effect_of(deals, np.arange(6000) // 3) == pytest.approx(1, abs=0.06)


def test_accounts_whose_deals_have_one_outcome_are_worth_one_deal_each():
    deals = simulated_deals(3000, 2)
    account = np.arange(3000) // 3
    deals[["is_won", *FEATURES]] = deals[["is_won", *FEATURES]].to_numpy()[3 * account]
    deals["is_won"] = deals["is_won"].astype(int)
    assert effect_of(deals, account) == pytest.approx(3, rel=0.03)


def test_deals_of_other_accounts_are_independent():
    deals = simulated_deals(3000, 3)
    account = np.arange(3000)
    account[:1000] = account[:1000] // 2
    deals.loc[:999, "is_won"] = deals["is_won"].to_numpy()[2 * (np.arange(1000) // 2)]
    # A third of the deals count half.
    assert effect_of(deals, account) == pytest.approx(4 / 3, rel=0.05)


@pytest.mark.parametrize("n_won", [0, 4])
def test_without_accounts_or_with_one_outcome_the_effect_is_1(n_won):
    rows = pd.DataFrame({ACCOUNT: ["a", "b"], "n_deals": [2, 2], "n_won": [n_won / 2] * 2})
    rows = rows.assign(**dict.fromkeys(FEATURES, "x"), n_closed_deals=4)
    assert design_effect(rows, FEATURES)["design_effect"].tolist() == [1.0]
    assert design_effect(rows.head(0), FEATURES)["design_effect"].tolist() == [1.0]


def test_counts_divided_by_the_effect_widen_every_interval():
    deals = simulated_deals(2000, 4, {("source", "Partner"): -0.5})
    alone, clustered = (
        win_rate_drivers(
            *[profiles_of(deals).assign(design_effect=effect)] * 2, FEATURES, [], "signal", RULES
        ).set_index(["feature", "level"])
        for effect in (1.0, 2.25)
    )
    clustered = clustered.loc[alone.index]
    np.testing.assert_allclose(clustered["effect_pp"], alone["effect_pp"], atol=1e-6)
    np.testing.assert_allclose(clustered["std_error"], 1.5 * alone["std_error"], rtol=1e-6)
    assert clustered["statement"].str.contains("deals").all()


@pytest.mark.slow
def test_where_accounts_differ_independent_tests_are_wrong_and_divided_counts_right():
    rng = np.random.default_rng(5)
    n_runs, n_accounts, rejected = 40, 700, np.zeros(2)
    for seed in range(n_runs):
        deals = simulated_deals(n_accounts, seed).loc[np.repeat(np.arange(n_accounts), 4)]
        account = np.repeat(np.arange(n_accounts), 4)
        log_odds = -0.2 + rng.normal(0, 2, n_accounts)[account]
        deals = deals.assign(is_won=(rng.random(len(deals)) < expit(log_odds)).astype(int))
        deals = deals.reset_index(drop=True)
        for number, effect in enumerate((1.0, effect_of(deals, account))):
            profiles = profiles_of(deals).assign(design_effect=effect)
            table = win_rate_drivers(profiles, profiles, FEATURES, [], "signal", RULES)
            rejected[number] += (table.groupby("feature")["feature_p_value"].first() < 0.05).sum()
    # Three features in each run. The two limits are the 99% points of 5% and of 14%.
    assert rejected[0] > stats.binom.ppf(0.01, 3 * n_runs, 0.14)
    assert rejected[1] <= stats.binom.ppf(0.99, 3 * n_runs, 0.05)
