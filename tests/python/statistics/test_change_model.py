from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from support.simulate import FEATURES, RULES, simulated_deals
from winrate.statistics import change, profile_regression
from winrate.statistics.change import COUNTS
from winrate.statistics.change_model import win_rate_change_model, wording
from winrate.statistics.change_model.common_change import common_change
from winrate.statistics.change_model.fit import fit_windows
from winrate.statistics.change_model.split import ESTIMATES, PARTS, mean_slope

NUMBERS = [*ESTIMATES, "total_pp", "p_value", "q_value"]
PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}


def windows_of(before: pd.DataFrame, after: pd.DataFrame, features=FEATURES) -> pd.DataFrame:
    """Group the deals of two windows to profiles, as profiles.window_profiles does."""
    deals = pd.concat([before.assign(is_after=0), after.assign(is_after=1)], ignore_index=True)
    counts = deals.assign(
        n_before=1 - deals["is_after"],
        n_won_before=deals["is_won"] * (1 - deals["is_after"]),
        n_after=deals["is_after"],
        n_won_after=deals["is_won"] * deals["is_after"],
    )
    profiles = counts.groupby(features, as_index=False)[COUNTS].sum()
    return profiles.assign(comparison="last two quarters")


def change_pp(profiles: pd.DataFrame) -> float:
    total = profiles[COUNTS].sum()
    before, after = (total[f"n_won_{w}"] / total[f"n_{w}"] for w in ("before", "after"))
    return 100 * (after - before)


def split(profiles: pd.DataFrame, features=FEATURES, rules=RULES) -> pd.DataFrame:
    return win_rate_change_model(profiles, features, rules).set_index("feature")


def outcomes(deals: pd.DataFrame, log_odds: np.ndarray, seed: int) -> pd.DataFrame:
    """Deals of which the expected share of each profile is won, so that noise is only rounding."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-np.asarray(log_odds, float)))
    rank = pd.Series(rng.random(len(deals))).groupby([deals[f] for f in deals]).rank(pct=True)
    return deals.assign(is_won=(rank.to_numpy() <= probability).astype(int))


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_sum_to_the_change_exactly(seed):
    before = simulated_deals(400, seed, PLANTED)
    after = simulated_deals(700, seed + 100, {("source", "Partner"): -1.5, ("size", "large"): 0.5})
    # A vanished level, two new ones (one of them always lost), and a feature with one level.
    before.loc[:30, "industry"] = "Legal"
    after.loc[:40, "industry"] = "Space"
    after.loc[41:60, ["source", "is_won"]] = ["Fair", 0]
    for deals in (before, after):
        deals["currency"] = "EUR"
        deals["sector"] = "sector " + deals["industry"]
    features = [*FEATURES, "currency", "sector"]
    profiles = windows_of(before, after, features)
    table = split(profiles, features)
    assert list(table.index) == [*features, "baseline"]
    np.testing.assert_allclose(
        table["explained_pp"] + table["unexplained_pp"], table["total_pp"], atol=1e-12
    )
    assert table["total_pp"].sum() == pytest.approx(change_pp(profiles), abs=1e-9)
    assert (table.loc["currency", PARTS].abs() < 1e-12).all()
    # Features that repeat each other have equal parts, whichever comes first.
    np.testing.assert_allclose(
        table.loc["sector", ESTIMATES].astype(float),
        table.loc["industry", ESTIMATES].astype(float),
        atol=1e-8,
    )


def test_a_change_of_mix_is_credited_to_its_feature_and_not_to_a_correlated_one():
    rng = np.random.default_rng(1)
    windows = []
    for share in (0.3, 0.7):
        segment = np.where(rng.random(8000) < share, "SMB", "Enterprise")
        # Most SMB deals come inbound, but the channel makes no difference.
        is_inbound = rng.random(8000) < np.where(segment == "SMB", 0.8, 0.2)
        deals = pd.DataFrame(
            {"segment": segment, "channel": np.where(is_inbound, "Inbound", "Outbound")}
        )
        windows.append(outcomes(deals, np.where(segment == "SMB", -1.0, 0.5), seed=2))
    profiles = windows_of(*windows, ["segment", "channel"])
    table = split(profiles, ["segment", "channel"])
    assert change_pp(profiles) < -10
    assert table.loc["segment", "explained_pp"] == pytest.approx(change_pp(profiles), abs=0.2)
    assert table.loc["channel", "explained_pp"] == pytest.approx(0, abs=0.2)
    assert (table["unexplained_pp"].abs() < 0.2).all()
    assert (table["evidence"] == "inconclusive").all()

    # The split by one feature at a time credits the channel, too.
    channel = profiles.groupby(["comparison", "channel"], as_index=False)[COUNTS].sum()
    channel = channel.rename(columns={"channel": "level"}).assign(feature="channel")
    by_itself = change.win_rate_change_segments(channel, RULES)
    assert by_itself["mix_effect_pp"].sum() < -4


def test_a_change_of_rate_in_one_level_is_credited_to_its_feature():
    before = simulated_deals(5000, 3, PLANTED)
    after = simulated_deals(5000, 4, PLANTED | {("industry", "SaaS"): -1.2})
    table = split(windows_of(before, after))
    assert table.loc["industry", "evidence"] == "got worse"
    assert table.loc["industry", "unexplained_pp"] == pytest.approx(-6.5, abs=2)
    assert "most of it from SaaS (-" in table.loc["industry", "statement"]
    others = table.drop(index="industry")
    assert (others["evidence"] == "inconclusive").all()
    assert (others.loc[["source", "size"], "unexplained_pp"].abs() < 1).all()


def test_a_change_that_all_deals_share_is_credited_to_the_baseline():
    before = simulated_deals(2500, 5, PLANTED)
    everywhere = {("size", "large"): -0.6, ("size", "small"): -0.6}
    table = split(windows_of(before, simulated_deals(2500, 6, PLANTED | everywhere)))
    assert table.loc["baseline", "evidence"] == "got worse"
    assert table.loc["baseline", "unexplained_pp"] == pytest.approx(-13, abs=4)
    assert table.loc["baseline", ["explained_pp", "explained_pp_low"]].eq(0).all()
    assert (table.loc[FEATURES, "evidence"] == "inconclusive").all()
    assert "whatever their levels" in table.loc["baseline", "statement"]


@pytest.mark.slow
def test_without_a_change_the_intervals_cover_zero():
    n_runs, runs = 100, []
    for seed in range(n_runs):
        before, after = (simulated_deals(300, 1000 * half + seed, PLANTED) for half in (1, 2))
        runs.append(windows_of(before, after).assign(comparison=f"run {seed}"))
    table = win_rate_change_model(pd.concat(runs), FEATURES, RULES)
    # At least as often as 95% intervals do, but for the noise of so many runs.
    fewest = stats.binom.ppf(0.001, n_runs, 0.95) / n_runs
    for part in PARTS:
        covered = (table[f"{part}_low"] <= 0) & (table[f"{part}_high"] >= 0)
        assert (covered.groupby(table["feature"]).mean() >= fewest).all()
    small = (table["p_value"] < 0.05).groupby(table["feature"]).mean()
    assert (small <= stats.binom.ppf(0.999, n_runs, 0.05) / n_runs).all()
    assert small.loc[FEATURES].mean() > 0.01
    assert not table["evidence"].isin(["got worse", "got better"]).any()


def test_names_of_levels_and_orders_of_features_and_profiles_make_no_difference():
    profiles = windows_of(simulated_deals(500, 7, PLANTED), simulated_deals(600, 8))
    expected = split(profiles)[NUMBERS]
    backwards = {"EdTech": "z", "FinTech": "y", "SaaS": "x", "Retail": "w"}
    renamed = profiles.replace({"industry": backwards, "size": {"small": "zz", "large": "aa"}})
    np.testing.assert_allclose(split(renamed)[NUMBERS], expected, atol=1e-8)
    turned = split(profiles.iloc[::-1], FEATURES[::-1])[NUMBERS].loc[expected.index]
    np.testing.assert_allclose(turned, expected, atol=1e-8)


def test_swapping_the_windows_flips_the_signs():
    before, after = simulated_deals(500, 9, PLANTED), simulated_deals(600, 10)
    before.loc[:50, "source"] = "Fair"
    there, back = split(windows_of(before, after)), split(windows_of(after, before))
    for part in PARTS:
        np.testing.assert_allclose(back[part], -there[part], atol=1e-8)
        np.testing.assert_allclose(back[f"{part}_low"], -there[f"{part}_high"], atol=1e-6)
    np.testing.assert_allclose(back["p_value"], there["p_value"], atol=1e-8)


def test_a_new_level_changes_the_mix_only():
    before, after = simulated_deals(1500, 11), simulated_deals(1500, 12)
    after.loc[:600, ["source", "is_won"]] = ["Fair", 0]
    after.loc[:120, "is_won"] = 1
    table = split(windows_of(before, after))
    assert table.loc["source", "explained_pp"] == pytest.approx(
        change_pp(windows_of(before, after)), abs=2
    )
    assert abs(table.loc["source", "unexplained_pp"]) < 1


def test_the_fit_agrees_with_maximum_likelihood_in_each_window():
    before, after = simulated_deals(20000, 13, PLANTED), simulated_deals(20000, 14)
    profiles = windows_of(before, after)
    fit = fit_windows(profiles, FEATURES)
    n_levels = len(fit.levels)
    effect, change = fit.parameters[2 : 2 + n_levels], fit.parameters[fit.change_columns]
    for window, sign in (("before", -0.5), ("after", 0.5)):
        counts = profiles.assign(n_deals=profiles[f"n_{window}"], n_won=profiles[f"n_won_{window}"])
        expected = profile_regression.fit_profiles(counts, FEATURES).linear_predictor
        intercept = fit.parameters[0 if window == "before" else 1]
        log_odds = intercept + fit.one_hot @ (effect + sign * change)
        np.testing.assert_allclose(log_odds, expected, atol=2e-3)


def test_mean_slope_is_the_difference_of_probabilities_over_that_of_log_odds():
    log_odds, other = np.array([1.0, 0.3, -2.0, 40.0]), np.array([-1.0, 0.3 + 1e-9, -2.0, 0.0])
    probability, other_probability = (1 / (1 + np.exp(-x)) for x in (log_odds, other))
    expected = (probability - other_probability)[[0, 3]] / (log_odds - other)[[0, 3]]
    slope = mean_slope(log_odds, other)
    np.testing.assert_allclose(slope[[0, 3]], expected, rtol=1e-12)
    np.testing.assert_allclose(slope[[1, 2]], (probability * (1 - probability))[[1, 2]], rtol=1e-8)


@pytest.mark.parametrize(
    ("change", "share", "expected"),
    [
        ([-1.0, 0.0, 0.0, 0.0], [0.3, 0.3, 0.2, 0.2], 0.0),  # one level stands out
        ([-1.0, 0.0], [0.4, 0.6], 0.0),  # the change of most deals
        ([-1.0, 0.0], [0.5, 0.5], -0.5),  # a tie
        ([-0.02, 0.02], [0.5, 0.5], 0.0),  # a difference well below the standard errors
        ([-1.0], [1.0], -1.0),
    ],
)
def test_the_common_change_is_the_one_that_most_deals_share(change, share, expected):
    n_levels = len(change)
    common, gradient = common_change(np.array(change), np.array(share), 0.01 * np.eye(n_levels))
    assert common == pytest.approx(expected, abs=1e-6)
    assert gradient.sum() == pytest.approx(1)


def random_levels(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Change, share and variance of five levels."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, 5), rng.dirichlet(np.full(5, 2.0)), rng.uniform(0.05, 0.4, 5) ** 2


@pytest.mark.parametrize("seed", range(20))
def test_the_common_change_is_where_the_bell_curves_add_up_highest(seed):
    change, share, variance = random_levels(seed)
    common, _ = common_change(change, share, np.diag(variance))
    against_others = (np.eye(5) - share) / (1 - share)[:, None]
    width = np.sqrt(against_others**2 @ variance)
    locations = np.linspace(change.min(), change.max(), 100_001)
    heights = share @ np.exp(-(((locations - change[:, None]) / width[:, None]) ** 2) / 2)
    assert common == pytest.approx(locations[heights.argmax()], abs=1e-4)


@pytest.mark.parametrize("change", [[-1.0, 0.0, 0.05, 0.1], [0.1, 0.0, 0.02, -0.05]])
def test_the_gradient_of_the_common_change_is_its_derivative(change):
    share, covariance = np.array([0.4, 0.3, 0.2, 0.1]), 0.01 * np.eye(4)
    _, gradient = common_change(np.array(change), share, covariance)
    for level, step in enumerate(1e-5 * np.eye(4)):
        ends = [common_change(change + sign * step, share, covariance)[0] for sign in (1, -1)]
        assert gradient[level] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("n_won", [0, 39])
def test_with_too_few_deals_there_are_rows_without_numbers(n_won):
    before, after = simulated_deals(500, 15), simulated_deals(500, 16)
    after["is_won"] = (np.arange(500) < n_won).astype(int)
    table = split(windows_of(before, after))
    assert list(table.index) == [*FEATURES, "baseline"]
    assert (table["evidence"] == "too few deals").all()
    assert table[NUMBERS].isna().all(axis=None)
    assert table["statement"].str.contains("too few deals").all()
    without_a_minimum = split(windows_of(before, after), rules=replace(RULES, min_outcomes=0))
    assert (without_a_minimum["evidence"] == "too few deals").all() == (n_won == 0)


def test_a_comparison_with_too_few_deals_does_not_affect_the_others():
    enough = windows_of(simulated_deals(500, 17), simulated_deals(500, 18))
    few = windows_of(simulated_deals(50, 19), simulated_deals(50, 20))
    both = pd.concat([enough, few.assign(comparison="last quarter")])
    table = win_rate_change_model(both, FEATURES, RULES)
    assert len(table) == 8
    assert (table.loc[table["comparison"] == "last quarter", "evidence"] == "too few deals").all()
    total = table.loc[table["comparison"] == "last two quarters", "total_pp"].sum()
    assert total == pytest.approx(change_pp(enough), abs=1e-9)


def test_a_feature_that_leaks_the_outcome_is_left_out_with_a_statement():
    before, after = simulated_deals(500, 21), simulated_deals(500, 22)
    for deals in (before, after):
        deals["stage"] = np.where(deals["is_won"] == 1, "Closed Won", "Closed Lost")
    profiles = windows_of(before, after, [*FEATURES, "stage"])
    table = split(profiles, [*FEATURES, "stage"])
    assert table.loc["stage", ESTIMATES].isna().all()
    assert "leaks the outcome" in table.loc["stage", "statement"]
    assert table["total_pp"].sum() == pytest.approx(change_pp(profiles), abs=1e-9)
    alone = split(profiles, ["stage"])
    assert alone.loc["baseline", "total_pp"] == pytest.approx(change_pp(profiles), abs=1e-9)


def test_without_profiles_there_are_no_rows():
    nothing = windows_of(simulated_deals(10, 23), simulated_deals(10, 24)).head(0)
    table = win_rate_change_model(nothing, FEATURES, RULES)
    full = win_rate_change_model(
        windows_of(simulated_deals(500, 23), simulated_deals(500, 24)), FEATURES, RULES
    )
    assert table.empty
    assert list(table.columns) == list(full.columns)
    assert set(table[NUMBERS].dtypes) == {np.dtype(float)}


@pytest.mark.parametrize(
    ("profiles", "features", "message"),
    [
        ({"n_before": 1}, ["a"], "lack the columns comparison, a, n_won_before"),
        ({"n_won_after": 3}, [], "more won deals than deals"),
        ({}, ["baseline"], "cannot be named 'baseline'"),
    ],
)
def test_impossible_profiles_raise_an_error(profiles, features, message):
    possible = {"comparison": "last quarter", "baseline": "x"} | dict.fromkeys(COUNTS, 1)
    row = profiles if "a" in features else possible | profiles
    with pytest.raises(ValueError, match=message):
        win_rate_change_model(pd.DataFrame([row]), features, RULES)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            {"evidence": "too few deals"},
            "Lead source: too few deals to split the change (1,481 against 1,398 deals; 40 won and "
            "40 lost deals are needed in each period).",
        ),
        (
            {"leaks_outcome": True},
            "Lead source: it leaks the outcome, so it is left out of the model.",
        ),
        (
            {},
            "Lead source: no significant change of its own win rate (95% interval -8.4 to -3.1); "
            "its change of mix accounts for +0.0 points (95% interval -0.4 to 0.8, 1,481 against "
            "1,398 deals).",
        ),
        (
            {"evidence": "got worse"},
            "Lead source: deals of some levels were won less often, other features being equal, "
            "which lowered the win rate by 5.7 points (95% interval -8.4 to -3.1), most of it from "
            "Partner (-5.9); its change of mix accounts for +0.0 points (95% interval -0.4 to 0.8, "
            "1,481 against 1,398 deals).",
        ),
        (
            {"feature": "baseline"},
            "All deals alike: no significant change of the win rate that all deals share (95% "
            "interval -8.4 to -3.1, 1,481 against 1,398 deals).",
        ),
        (
            {"feature": "baseline", "evidence": "got better", "low_evidence": True},
            "All deals alike: deals were won more often whatever their levels, which raised the "
            "win rate by 5.7 points (95% interval -8.4 to -3.1, 1,481 against 1,398 deals; low "
            "evidence).",
        ),
    ],
)
def test_statements_give_size_interval_and_counts(facts, expected):
    row = {
        "feature": "lead_source",
        "evidence": "inconclusive",
        "leaks_outcome": False,
        "low_evidence": False,
        "n_before": 1398,
        "n_after": 1481,
        "unexplained_pp": -5.7,
        "unexplained_pp_low": -8.4,
        "unexplained_pp_high": -3.1,
        "explained_pp": -0.01,
        "explained_pp_low": -0.4,
        "explained_pp_high": 0.8,
        "largest_level": "Partner",
        "largest_level_pp": -5.9,
    }
    row = SimpleNamespace(**row | facts)
    assert wording.statement(row, row.feature == "baseline", RULES) == expected
