import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, norm
from statsmodels.stats.proportion import proportion_confint

from support.macros import Macros
from support.simulate import RULES
from winrate.statistics import proportions


def one_difference(*counts: int) -> pd.Series:
    return proportions.rate_difference(*(pd.Series([count]) for count in counts)).iloc[0]


def test_known_comparisons_of_the_reference_data():
    # Created 2023 Q4 against 2024 Q1, closed 2024 Q1 against 2024 Q2.
    created = one_difference(419, 961, 486, 1013)
    assert created["difference"] == pytest.approx(-0.0438, abs=5e-5)
    assert created["p_value"] == pytest.approx(0.051, abs=5e-4)
    closed = one_difference(279, 637, 462, 990)
    assert closed["p_value"] == pytest.approx(0.257, abs=5e-4)
    assert 100 * proportions.detectable_drop(462 / 990, 990, 637, 0.05) == pytest.approx(
        7.0, abs=0.05
    )


@pytest.mark.parametrize("n_won", range(28, 64, 2))
def test_interval_and_test_agree(n_won):
    row = one_difference(n_won, 100, 45, 100)
    assert (row["low"] > 0 or row["high"] < 0) == (row["p_value"] < 0.05)
    expected = chi2_contingency([[n_won, 100 - n_won], [45, 55]], correction=False)
    assert row["p_value"] == pytest.approx(expected.pvalue)


def test_without_deals_on_one_side_the_comparison_is_null():
    assert one_difference(0, 0, 5, 10).isna().all()
    all_lost = one_difference(0, 10, 0, 20)
    assert all_lost["difference"] == 0
    assert np.isnan(all_lost["p_value"])


@pytest.mark.parametrize("level", [0.05, 0.01])
def test_a_drop_of_the_detectable_size_is_found_in_four_of_five_samples(level):
    rng = np.random.default_rng(1)
    rate, n_before, n_after, n_runs = 0.45, 800, 700, 2000
    drop = proportions.detectable_drop(rate, n_before, n_after, level)
    before = pd.Series(rng.binomial(n_before, rate, n_runs))
    after = pd.Series(rng.binomial(n_after, rate - drop, n_runs))
    pooled = (before + after) / (n_before + n_after)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_before + 1 / n_after))
    found = (before / n_before - after / n_after) / error > norm.isf(level / 2)
    assert found.mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("counts", [(0, 10, 0.05), (10, 0, 0.05), (10, 10, 0.0)])
def test_without_deals_or_error_no_drop_is_detectable(counts):
    assert np.isnan(proportions.detectable_drop(0.45, *counts))
    assert np.isnan(proportions.detectable_drop(np.nan, 10, 10, 0.05))


def test_a_few_deals_may_not_detect_even_a_drop_to_zero():
    assert proportions.detectable_drop(0.1, 10, 10, 0.05) == pytest.approx(0.1)


def test_a_group_is_compared_with_all_the_others():
    groups = pd.DataFrame(
        {"stage": ["a", "b", "c"], "n_deals": [100, 200, 20], "n_won": [70, 90, 20]}
    )
    table = proportions.compare_with_rest(groups, "n_won", "rate", RULES)
    assert table.loc[0, "rate_elsewhere"] == pytest.approx(110 / 220)
    assert table.loc[0, "difference_pp"] == pytest.approx(20)
    assert list(table["evidence"]) == ["higher", "lower", "too few deals"]


def test_a_single_group_is_not_compared():
    groups = pd.DataFrame({"n_deals": [100], "n_won": [50]})
    table = proportions.compare_with_rest(groups, "n_won", "rate", RULES)
    assert table["rate"][0] == 0.5
    assert table["evidence"][0] == "too few deals"
    assert table[["rate_elsewhere", "p_value", "q_value"]].isna().all(axis=None)


def test_the_wilson_limits_of_sql_are_those_of_statsmodels():
    rng = np.random.default_rng(1)
    counts = [(n_won, n) for n in range(1, 201) for n_won in range(n + 1)]
    counts += [(int(rng.integers(n + 1)), int(n)) for n in rng.integers(200, 10**6, 5000)]
    n_won, n_deals = np.array(counts).T
    duckdb.execute(
        "create or replace temp table counts as select unnest(cast(? as bigint[])) as n_won,"
        " unnest(cast(? as bigint[])) as n_deals",
        [n_won.tolist(), n_deals.tolist()],
    )
    macros = Macros("numbers")
    limits = proportion_confint(n_won, n_deals, method="wilson")
    for name, expected in zip(("wilson_low", "wilson_high"), limits, strict=True):
        found = macros.values(name, "n_won", "n_deals", table="counts")
        np.testing.assert_allclose(found, np.clip(expected, 0, 1), rtol=0, atol=1e-12)
