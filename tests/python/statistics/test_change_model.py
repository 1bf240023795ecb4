import numpy as np
import pandas as pd
import pytest
from scipy import stats

from support.simulate import FEATURES, simulated_deals
from winrate.statistics import change, change_model, profile_regression

COUNTS = change_model.COUNTS
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


def split(profiles: pd.DataFrame, features=FEATURES, **options) -> pd.DataFrame:
    table = change_model.win_rate_change_model(profiles, features, **options)
    return table.set_index("feature")


def outcomes(deals: pd.DataFrame, log_odds: np.ndarray, seed: int) -> pd.DataFrame:
    """Deals won where a fixed share of each profile is: chance rounds, it does not add."""
    rng = np.random.default_rng(seed)
    probability = 1 / (1 + np.exp(-np.asarray(log_odds, float)))
    rank = pd.Series(rng.random(len(deals))).groupby([deals[f] for f in deals]).rank(pct=True)
    return deals.assign(is_won=(rank.to_numpy() <= probability).astype(int))


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_sum_to_the_change_exactly(seed):
    before = simulated_deals(400, seed, PLANTED)
    after = simulated_deals(700, seed + 100, {("source", "Partner"): -1.5, ("size", "large"): 0.5})
    # A level that is gone, two that are new, one of them always lost; and a lone level.
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
    assert (table.loc["currency", change_model.PARTS].abs() < 1e-12).all()
    # Two features that say the same share what they say, whichever comes first.
    np.testing.assert_allclose(
        table.loc["sector", change_model.ESTIMATES].astype(float),
        table.loc["industry", change_model.ESTIMATES].astype(float),
        atol=1e-8,
    )


def test_a_change_of_mix_is_credited_to_its_feature_and_not_to_one_that_moves_with_it():
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

    # The split by one feature at a time credits the channel too.
    channel = profiles.groupby(["comparison", "channel"], as_index=False)[COUNTS].sum()
    channel = channel.rename(columns={"channel": "level"}).assign(feature="channel")
    by_itself = change.win_rate_change_segments(channel)
    assert by_itself["mix_effect_pp"].sum() < -4


def test_a_change_of_rate_in_one_level_is_credited_to_its_feature():
    before = simulated_deals(5000, 3, PLANTED)
    after = simulated_deals(5000, 4, PLANTED | {("industry", "SaaS"): -1.2})
    table = split(windows_of(before, after))
    assert table.loc["industry", "evidence"] == "got worse"
    assert table.loc["industry", "unexplained_pp"] == pytest.approx(-6.5, abs=2)
    assert "most of it SaaS (-" in table.loc["industry", "statement"]
    others = table.drop(index="industry")
    assert (others["evidence"] == "inconclusive").all()
    assert (others.loc[["source", "size"], "unexplained_pp"].abs() < 1).all()


def test_a_change_of_all_deals_alike_is_credited_to_the_baseline():
    before = simulated_deals(2500, 5, PLANTED)
    everywhere = {("size", "large"): -0.6, ("size", "small"): -0.6}
    table = split(windows_of(before, simulated_deals(2500, 6, PLANTED | everywhere)))
    assert table.loc["baseline", "evidence"] == "got worse"
    assert table.loc["baseline", "unexplained_pp"] == pytest.approx(-13, abs=4)
    assert table.loc["baseline", ["explained_pp", "explained_pp_low"]].eq(0).all()
    assert (table.loc[FEATURES, "evidence"] == "inconclusive").all()
    assert "whatever their levels" in table.loc["baseline", "statement"]


def test_where_nothing_changed_the_intervals_cover_zero():
    n_runs, runs = 200, []
    for seed in range(n_runs):
        before, after = (simulated_deals(300, 1000 * half + seed, PLANTED) for half in (1, 2))
        runs.append(windows_of(before, after).assign(comparison=f"run {seed}"))
    table = change_model.win_rate_change_model(pd.concat(runs), FEATURES)
    # As often as a 95% interval should, but for the luck of 200 draws; more is no fault.
    fewest = stats.binom.ppf(0.001, n_runs, 0.95) / n_runs
    for part in change_model.PARTS:
        covered = (table[f"{part}_low"] <= 0) & (table[f"{part}_high"] >= 0)
        assert (covered.groupby(table["feature"]).mean() >= fewest).all()
    small = (table["p_value"] < 0.05).groupby(table["feature"]).mean()
    assert (small <= stats.binom.ppf(0.999, n_runs, 0.05) / n_runs).all()
    assert small.loc[FEATURES].mean() > 0.01
    assert not table["evidence"].isin(["got worse", "got better"]).any()


def test_the_names_of_levels_and_the_order_of_features_make_no_difference():
    profiles = windows_of(simulated_deals(500, 7, PLANTED), simulated_deals(600, 8))
    numbers = [*change_model.ESTIMATES, "total_pp", "p_value", "q_value"]
    expected = split(profiles)[numbers]
    backwards = {"EdTech": "z", "FinTech": "y", "SaaS": "x", "Retail": "w"}
    renamed = profiles.replace({"industry": backwards, "size": {"small": "zz", "large": "aa"}})
    np.testing.assert_allclose(split(renamed)[numbers], expected, atol=1e-8)
    turned = split(profiles.iloc[::-1], FEATURES[::-1])[numbers].loc[expected.index]
    np.testing.assert_allclose(turned, expected, atol=1e-8)


def test_swapping_the_windows_flips_the_signs():
    before, after = simulated_deals(500, 9, PLANTED), simulated_deals(600, 10)
    before.loc[:50, "source"] = "Fair"
    there, back = split(windows_of(before, after)), split(windows_of(after, before))
    for part in change_model.PARTS:
        np.testing.assert_allclose(back[part], -there[part], atol=1e-8)
        np.testing.assert_allclose(back[f"{part}_low"], -there[f"{part}_high"], atol=1e-6)
    np.testing.assert_allclose(back["p_value"], there["p_value"], atol=1e-8)


def test_a_new_level_is_all_mix():
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
    fit = change_model.fit_windows(profiles, FEATURES)
    n_levels = len(fit.levels)
    effect, change = fit.parameters[2 : 2 + n_levels], fit.parameters[fit.change_columns]
    for window, sign in (("before", -0.5), ("after", 0.5)):
        counts = profiles.assign(n_deals=profiles[f"n_{window}"], n_won=profiles[f"n_won_{window}"])
        expected = profile_regression.fit_profiles(counts, FEATURES).linear_predictor
        intercept = fit.parameters[0 if window == "before" else 1]
        log_odds = intercept + fit.one_hot @ (effect + sign * change)
        np.testing.assert_allclose(log_odds, expected, atol=2e-3)


def test_mean_slope_is_the_difference_over_the_distance():
    log_odds, other = np.array([1.0, 0.3, -2.0, 40.0]), np.array([-1.0, 0.3 + 1e-9, -2.0, 0.0])
    probability, other_probability = (1 / (1 + np.exp(-x)) for x in (log_odds, other))
    expected = (probability - other_probability)[[0, 3]] / (log_odds - other)[[0, 3]]
    slope = change_model.mean_slope(log_odds, other)
    np.testing.assert_allclose(slope[[0, 3]], expected, rtol=1e-12)
    np.testing.assert_allclose(slope[[1, 2]], (probability * (1 - probability))[[1, 2]], rtol=1e-8)


@pytest.mark.parametrize(
    ("change", "share", "expected"),
    [
        ([-1.0, 0.0, 0.0, 0.0], [0.3, 0.3, 0.2, 0.2], 0.0),  # one level stands out
        ([-1.0, 0.0], [0.4, 0.6], 0.0),  # the change of most deals
        ([-1.0, 0.0], [0.5, 0.5], -0.5),  # neither
        ([-0.02, 0.02], [0.5, 0.5], 0.0),  # no difference to be told
        ([-1.0], [1.0], -1.0),
    ],
)
def test_the_common_change_is_what_most_deals_share(change, share, expected):
    n_levels = len(change)
    common, gradient = change_model.common_change(
        np.array(change), np.array(share), 0.01 * np.eye(n_levels)
    )
    assert common == pytest.approx(expected, abs=1e-6)
    assert gradient.sum() == pytest.approx(1)


@pytest.mark.parametrize("n_won", [0, 39])
def test_too_few_deals_have_rows_but_no_numbers(n_won):
    before, after = simulated_deals(500, 15), simulated_deals(500, 16)
    after["is_won"] = (np.arange(500) < n_won).astype(int)
    table = split(windows_of(before, after))
    assert list(table.index) == [*FEATURES, "baseline"]
    assert (table["evidence"] == "too few deals").all()
    assert table[[*change_model.ESTIMATES, "total_pp", "p_value", "q_value"]].isna().all(axis=None)
    assert table["statement"].str.contains("too few deals").all()
    nobody_asks = split(windows_of(before, after), min_outcomes=0)
    assert (nobody_asks["evidence"] == "too few deals").all() == (n_won == 0)


def test_one_comparison_with_too_few_deals_leaves_the_others_alone():
    enough = windows_of(simulated_deals(500, 17), simulated_deals(500, 18))
    few = windows_of(simulated_deals(50, 19), simulated_deals(50, 20))
    both = pd.concat([enough, few.assign(comparison="last quarter")])
    table = change_model.win_rate_change_model(both, FEATURES)
    assert len(table) == 8
    assert (table.loc[table["comparison"] == "last quarter", "evidence"] == "too few deals").all()
    total = table.loc[table["comparison"] == "last two quarters", "total_pp"].sum()
    assert total == pytest.approx(change_pp(enough), abs=1e-9)


def test_a_feature_that_names_the_outcome_is_left_out_and_said_so():
    before, after = simulated_deals(500, 21), simulated_deals(500, 22)
    for deals in (before, after):
        deals["stage"] = np.where(deals["is_won"] == 1, "Closed Won", "Closed Lost")
    profiles = windows_of(before, after, [*FEATURES, "stage"])
    table = split(profiles, [*FEATURES, "stage"])
    assert table.loc["stage", change_model.ESTIMATES].isna().all()
    assert "name the outcome" in table.loc["stage", "statement"]
    assert table["total_pp"].sum() == pytest.approx(change_pp(profiles), abs=1e-9)
    alone = split(profiles, ["stage"])
    assert alone.loc["baseline", "total_pp"] == pytest.approx(change_pp(profiles), abs=1e-9)


def test_without_windows_there_are_no_rows():
    nothing = windows_of(simulated_deals(10, 23), simulated_deals(10, 24)).head(0)
    table = change_model.win_rate_change_model(nothing, FEATURES)
    full = change_model.win_rate_change_model(
        windows_of(simulated_deals(500, 23), simulated_deals(500, 24)), FEATURES
    )
    assert table.empty
    assert list(table.columns) == list(full.columns)
    numbers = [*change_model.ESTIMATES, "total_pp", "p_value", "q_value"]
    assert set(table[numbers].dtypes) == {np.dtype(float)}


@pytest.mark.parametrize(
    ("profiles", "features", "message"),
    [
        ({"n_before": 1}, ["a"], "lack the columns comparison, a, n_won_before"),
        ({"n_won_after": 3}, [], "more won deals than deals"),
        ({}, ["baseline"], "cannot be named 'baseline'"),
    ],
)
def test_impossible_profiles_are_refused(profiles, features, message):
    possible = {"comparison": "last quarter", "baseline": "x"} | dict.fromkeys(COUNTS, 1)
    row = profiles if "a" in features else possible | profiles
    with pytest.raises(ValueError, match=message):
        change_model.win_rate_change_model(pd.DataFrame([row]), features)
