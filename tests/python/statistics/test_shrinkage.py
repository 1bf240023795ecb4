import numpy as np
import pandas as pd
import pytest
from scipy import stats

from support.simulate import RULES
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


# ---- reps


def one_team(**reps: tuple[int, int]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(reps, orient="index", columns=["n_deals", "n_won"])
    found = shrinkage.rep_performance(table.rename_axis("sales_rep_id").reset_index(), RULES)
    found = found.set_index("sales_rep_id")
    return found.assign(win_rate=table["n_won"] / table["n_deals"])


def test_a_rep_who_differs_is_named_and_a_perfect_one_with_six_deals_is_not():
    team = one_team(good=(200, 140), usual=(200, 90), usual_too=(200, 88), lucky=(6, 6))
    assert team["evidence"].to_dict() == {
        "good": "above",
        "usual": "below",
        "usual_too": "below",
        "lucky": "too few deals",
    }
    moved = (team["win_rate"] - team["shrunk_win_rate"]).abs()
    assert moved["lucky"] > 0.25 and moved.drop("lucky").max() < 0.01
    assert team.loc["lucky", "statement"] == (
        "lucky has closed 6 deals and won 6: too few to compare (30 are needed)."
    )
    assert "more than expected by chance among so many reps" in team.loc["good", "statement"]


def test_reps_who_differ_by_chance_are_expected_at_the_mean():
    team = one_team(a=(200, 92), b=(200, 90), c=(200, 88), d=(1, 1))
    assert (team["shrunk_win_rate"] == 271 / 601).all()
    assert set(team["evidence"]) == {"inconclusive", "too few deals"}
    assert (
        "the spread between reps is no more than expected by chance" in team.loc["a", "statement"]
    )


def test_no_rep_is_claimed_where_the_reps_together_differ_by_chance():
    reps = {f"rep_{i}": (200, 90) for i in range(40)}
    team = one_team(**reps, odd=(200, 117))
    assert team.loc["odd", "q_value"] < 0.05
    assert team.loc["odd", "between_rep_sd"] < team.loc["odd", "chance_sd"]
    assert team.loc["odd", "evidence"] == "inconclusive"


def test_the_spread_of_reps_is_tested_by_pearsons_chi_squared():
    team = one_team(a=(200, 100), b=(150, 60), c=(90, 50), only_open=(0, 0))
    expected = stats.chi2_contingency([[100, 60, 50], [100, 90, 40]], correction=False)
    assert team["spread_p_value"].tolist() == pytest.approx([expected.pvalue] * 4)
    assert one_team(alone=(200, 100))["spread_p_value"].isna().all()


@pytest.mark.parametrize(
    ("reps", "evidence"),
    [
        ({"alone": (500, 200)}, "too few deals"),
        ({"alone": (1, 1)}, "too few deals"),
        ({"open_only": (0, 0)}, "too few deals"),
        ({"a": (50, 50), "b": (50, 50)}, "too few deals"),
    ],
    ids=["one rep", "one deal", "no closed deal", "all won"],
)
def test_little_data_makes_rows_but_no_claims(reps, evidence):
    team = one_team(**reps)
    assert (team["evidence"] == evidence).all()
    assert team["statement"].str.endswith(".").all()


@pytest.mark.slow
def test_false_claims_are_rare_where_all_reps_are_alike():
    n_teams = 200
    claims = sum(
        shrinkage.rep_performance(simulated_reps(25, between_sd=0, seed=seed), RULES)["evidence"]
        .isin(["above", "below"])
        .any()
        for seed in range(n_teams)
    )
    assert claims / n_teams < 0.08


def test_the_spread_between_reps_is_tested_by_chi_squared():
    team = one_team(good=(200, 140), usual=(200, 90), lucky=(6, 6), open_only=(0, 0))
    counts = [[140, 90, 6], [60, 110, 0]]  # won and lost
    expected = stats.chi2_contingency(counts, correction=False).pvalue
    assert team["spread_p_value"].to_numpy() == pytest.approx([expected] * 4)
    assert set(team["spread_evidence"]) == {"differs"}
    alike = one_team(a=(200, 92), b=(200, 90))
    assert set(alike["spread_evidence"]) == {"inconclusive"}
    for all_won_or_alone in (one_team(a=(5, 5), b=(9, 9)), one_team(a=(50, 20))):
        assert all_won_or_alone["spread_p_value"].isna().all()
        assert set(all_won_or_alone["spread_evidence"]) == {"too few deals"}


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
