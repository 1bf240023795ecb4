import numpy as np
import pandas as pd
import pytest

from winrate.statistics import shrinkage

GROUPS = {"n_deals": [100, 100, 100, 100], "n_won": [30, 40, 50, 60]}


def spread(n_won, n_deals) -> shrinkage.Spread:
    return shrinkage.spread_of(pd.Series(n_won), pd.Series(n_deals))


def simulated_reps(n_reps: int, between_sd: float, seed: int, n_deals=(150, 250)) -> pd.DataFrame:
    """Reps whose true win rates lie around 45% with this standard deviation."""
    rng = np.random.default_rng(seed)
    n = rng.integers(*n_deals, n_reps)
    rates = np.clip(rng.normal(0.45, between_sd, n_reps), 0, 1)
    names = [f"rep_{i}" for i in range(n_reps)]
    return pd.DataFrame(
        {"sales_rep_id": names, "n_deals": n, "n_won": rng.binomial(n, rates), "true": rates}
    )


# ---- beta-binomial by the method of moments


def test_a_known_example_by_hand():
    # Rates 0.3 to 0.6, mean 0.45: squares 100 * 2 * (0.15^2 + 0.05^2) = 5, by chance
    # 0.2475 * 3 = 0.7425, room 0.2475 * 300 - 0.7425 = 73.5075; prior 73.5075 / 4.2575 - 1.
    found = spread(GROUPS["n_won"], GROUPS["n_deals"])
    assert found.mean == pytest.approx(0.45)
    assert found.prior_deals == pytest.approx(73.5075 / 4.2575 - 1)
    assert found.between_sd == pytest.approx(np.std([0.3, 0.4, 0.5, 0.6], ddof=1))
    assert found.chance_sd == pytest.approx(np.sqrt(0.2475 / 100))
    shrunk = shrinkage.shrunk_rate(pd.Series([30]), pd.Series([100]), found)
    assert shrunk[0] == pytest.approx((30 + 0.45 * 16.26541) / 116.26541, abs=1e-6)


def test_a_spread_of_no_more_than_chance_puts_all_at_the_mean():
    counts = pd.Series([48, 52, 50, 49]), pd.Series([100, 100, 100, 100])
    found = shrinkage.spread_of(*counts)
    assert found.is_chance
    assert found.between_sd < found.chance_sd
    assert (shrinkage.shrunk_rate(*counts, found) == found.mean).all()


def test_a_large_spread_shrinks_little_and_small_groups_more():
    n_won, n_deals = pd.Series([100, 900, 10, 500]), pd.Series([1000, 1000, 100, 1000])
    found = shrinkage.spread_of(n_won, n_deals)
    moved = (shrinkage.shrunk_rate(n_won, n_deals, found) - n_won / n_deals).abs()
    assert moved[0] < 0.002
    assert moved[2] > 5 * moved[0]  # the same win rate in a tenth of the deals


def test_two_opposite_groups_keep_their_own_rates():
    found = spread([0, 50], [50, 50])
    assert found.prior_deals == 0
    shrunk = shrinkage.shrunk_rate(pd.Series([0, 50, 0]), pd.Series([50, 50, 0]), found)
    assert list(shrunk) == [0, 1, 0.5]  # a group without deals is expected at the mean


@pytest.mark.parametrize(
    ("n_won", "n_deals", "mean"),
    [
        ([], [], np.nan),
        ([0], [0], np.nan),
        ([3], [4], 0.75),
        ([5, 7], [5, 7], 1),
        ([0, 0], [5, 7], 0),
    ],
    ids=["no groups", "no deals", "one group", "all won", "all lost"],
)
def test_nothing_to_compare_puts_all_at_the_mean(n_won, n_deals, mean):
    n_won, n_deals = pd.Series(n_won, dtype=int), pd.Series(n_deals, dtype=int)
    found = shrinkage.spread_of(n_won, n_deals)
    assert found.is_chance
    assert shrinkage.shrunk_rate(n_won, n_deals, found).tolist() == pytest.approx(
        [mean] * len(n_won), nan_ok=True
    )


def test_shrunk_rates_are_nearer_to_the_truth_than_the_groups_own():
    errors = []
    for seed in range(40):
        reps = simulated_reps(25, between_sd=0.03, seed=seed, n_deals=(20, 300))
        found = shrinkage.spread_of(reps["n_won"], reps["n_deals"])
        shrunk = shrinkage.shrunk_rate(reps["n_won"], reps["n_deals"], found)
        own = reps["n_won"] / reps["n_deals"]
        errors.append([((shrunk - reps["true"]) ** 2).mean(), ((own - reps["true"]) ** 2).mean()])
    of_shrunk, of_own = np.mean(errors, axis=0)
    assert of_shrunk < 0.6 * of_own


def test_the_planted_spread_is_found():
    reps = simulated_reps(2000, between_sd=0.05, seed=1)
    found = shrinkage.spread_of(reps["n_won"], reps["n_deals"])
    variance = found.mean * (1 - found.mean) / (found.prior_deals + 1)
    assert np.sqrt(variance) == pytest.approx(0.05, abs=0.004)
    assert found.between_sd > found.chance_sd


# ---- the funnel


@pytest.mark.parametrize("coverage", [0.95, 0.998])
def test_the_funnel_holds_the_share_of_reps_that_it_says(coverage):
    rng = np.random.default_rng(2)
    n_deals = pd.Series(rng.integers(30, 400, 20000))
    rate = pd.Series(rng.binomial(n_deals, 0.45)) / n_deals
    limits = shrinkage.funnel_limits(0.45, n_deals, coverage)
    inside = rate.between(limits["low"], limits["high"])
    assert inside.mean() == pytest.approx(
        coverage, abs=3 * np.sqrt(coverage * (1 - coverage) / 20000) + 0.002
    )


def test_the_funnel_narrows_and_stays_within_zero_and_one():
    n_deals = pd.Series([0, 1, 6, 50, 500, 5000])
    inner, outer = (shrinkage.funnel_limits(0.45, n_deals, share) for share in (0.95, 0.998))
    assert inner.loc[0].isna().all() and outer.loc[0].isna().all()
    assert (outer["low"][1:] <= inner["low"][1:]).all() and (inner["high"] <= outer["high"])[
        1:
    ].all()
    assert inner["low"][1:].is_monotonic_increasing and inner["high"][1:].is_monotonic_decreasing
    assert outer["low"].min() >= 0 and outer["high"].max() <= 1
    # With many deals, the normal approximation.
    assert inner["high"][5] == pytest.approx(0.45 + 1.96 * np.sqrt(0.2475 / 5000), abs=2e-4)


@pytest.mark.parametrize("rate", [0.0, 1.0, np.nan])
def test_the_funnel_of_one_outcome_has_no_width(rate):
    limits = shrinkage.funnel_limits(rate, pd.Series([10, 0]), 0.95)
    assert limits.loc[0].tolist() == pytest.approx([rate, rate], nan_ok=True)
    assert limits.loc[1].isna().all()


# ---- segments by quarter


def test_levels_are_shrunk_to_the_mean_of_their_own_quarter_and_feature():
    rows = pd.DataFrame({"level": list("abcd"), **GROUPS})
    first = rows.assign(basis="closed", quarter="2026 Q1", feature="region")
    alike = first.assign(quarter="2026 Q2", n_won=[9, 10, 11, 10])
    not_closed = first.assign(basis="created", n_won=0, n_deals=0)
    table = shrinkage.win_rate_by_segment(pd.concat([alike, not_closed, first]))
    of_first = table[(table["quarter"] == "2026 Q1") & (table["basis"] == "closed")]
    expected = (rows["n_won"] + 0.45 * 16.26541) / 116.26541
    np.testing.assert_allclose(of_first["shrunk_win_rate"], expected, atol=1e-6)
    assert table.loc[table["quarter"] == "2026 Q2", "shrunk_win_rate"].eq(0.1).all()
    assert table.loc[table["basis"] == "created", "shrunk_win_rate"].isna().all()


def test_no_rows_stay_no_rows():
    counts = pd.DataFrame(columns=shrinkage.SEGMENT_COLUMNS)
    assert shrinkage.win_rate_by_segment(counts).empty
