from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from support.simulate import FEATURES, RULES, simulated_deals
from winrate.statistics import change
from winrate.statistics.change import COUNTS
from winrate.statistics.change_model import win_rate_change_causes, win_rate_change_model
from winrate.statistics.change_model.model import change_models
from winrate.statistics.change_model.table import CAUSE_TYPES, MODEL_TYPES, NUMBERS, PARTS
from winrate.statistics.regression import mean_slope

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}
ONE_SEGMENT = {("industry", "SaaS"): -1.2}
EVERYWHERE = {("size", "large"): -0.6, ("size", "small"): -0.6}
COMPARISON = "last two quarters"
CONTRIBUTION = ["contribution_pp", "contribution_pp_low", "contribution_pp_high"]


def windows_of(
    before: pd.DataFrame, after: pd.DataFrame, features=FEATURES, comparison=COMPARISON
) -> pd.DataFrame:
    """Group the deals of two windows to profiles, as internal.window_profiles does."""
    deals = pd.concat([before.assign(is_after=0), after.assign(is_after=1)], ignore_index=True)
    counts = deals.assign(
        n_before=1 - deals["is_after"],
        n_won_before=deals["is_won"] * (1 - deals["is_after"]),
        n_after=deals["is_after"],
        n_won_after=deals["is_won"] * deals["is_after"],
    ).assign(comparison=comparison)
    return counts.groupby(["comparison", *features], as_index=False)[COUNTS].sum()


def change_pp(profiles: pd.DataFrame) -> float:
    total = profiles[COUNTS].sum()
    before, after = (total[f"n_won_{w}"] / total[f"n_{w}"] for w in ("before", "after"))
    return 100 * (after - before)


def causes_of(profiles: pd.DataFrame, features=FEATURES, rules=RULES, **dispersion: float):
    of_windows = {(COMPARISON, basis): value for basis, value in dispersion.items()}
    return win_rate_change_causes(profiles, features, of_windows, rules)


def overall(table: pd.DataFrame) -> pd.DataFrame:
    """The causes 'mix' and 'all deals'."""
    return table[table["cause"] != "segment"].set_index("cause")


def segments_of(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The named segments, in order, and whether they raised or lowered the win rate."""
    named = table[(table["cause"] == "segment") & table["cause_order"].notna()]
    named = named.sort_values("cause_order")
    return named.set_index(["feature", "level"])["evidence"].to_dict()


def split(profiles: pd.DataFrame, features=FEATURES, rules=RULES) -> pd.DataFrame:
    return win_rate_change_model(profiles, features, {}, rules).set_index("feature")


def regions(n_deals: int, seed: int, change_of_apac: float) -> pd.DataFrame:
    """Deals of four regions; most of those in APAC come from partners, elsewhere few do."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["APAC", "EMEA", "LATAM", "US"], n_deals)
    is_partner = rng.random(n_deals) < np.where(region == "APAC", 0.7, 0.15)
    log_odds = np.where(region == "APAC", change_of_apac, 0.0) - 0.3 * is_partner
    return pd.DataFrame(
        {
            "source": np.where(is_partner, "Partner", rng.choice(["Inbound", "Event"], n_deals)),
            "region": region,
            "is_won": (rng.random(n_deals) < 1 / (1 + np.exp(-log_odds))).astype(int),
        }
    )


# ---- the parts sum to the change


@pytest.mark.parametrize("seed", range(3))
def test_the_causes_sum_to_the_change_exactly_in_all_comparisons(seed):
    before = simulated_deals(800, seed, PLANTED)
    after = simulated_deals(1400, seed + 100, {("source", "Partner"): -1.5, ("size", "large"): 0.9})
    # A vanished level, two new ones (one of them always lost), and a feature with one level.
    before.loc[:30, "industry"] = "Legal"
    after.loc[:40, "industry"] = "Space"
    after.loc[41:60, ["source", "is_won"]] = ["Fair", 0]
    for deals in (before, after):
        deals["currency"] = "EUR"
        deals["sector"] = "sector " + deals["industry"]
    features = [*FEATURES, "currency", "sector"]
    windows = [
        windows_of(before, after, features),
        windows_of(after, before, features, "back again"),
        windows_of(before[:400], before[400:], features, "nothing new"),
    ]
    profiles = pd.concat(windows)
    table, by_feature = (
        causes_of(profiles, features),
        win_rate_change_model(profiles, features, {}, RULES),
    )
    assert len(segments_of(table[table["comparison"] == COMPARISON])) > 0
    for rows in windows:
        comparison = rows["comparison"].iloc[0]
        causes = table[(table["comparison"] == comparison) & table["cause_order"].notna()]
        assert causes["contribution_pp"].sum() == pytest.approx(change_pp(rows), abs=1e-9)
        assert sorted(causes["cause_order"]) == list(range(1, len(causes) + 1))
        parts = by_feature[by_feature["comparison"] == comparison].set_index("feature")
        assert set(parts.index) == {*features, "baseline"}
        assert parts["total_pp"].sum() == pytest.approx(change_pp(rows), abs=1e-9)
        modelled = parts.drop(index=["currency", "sector"])
        assert parts.loc[["currency", "sector"], NUMBERS].isna().all(axis=None)
        assert modelled["explained_pp"].sum() == pytest.approx(
            overall(causes).loc["mix", "contribution_pp"], abs=1e-9
        )
        assert parts.loc["baseline", "unexplained_pp"] == pytest.approx(
            overall(causes).loc["all deals", "contribution_pp"], abs=1e-9
        )
        own = causes.groupby("feature")["contribution_pp"].sum()
        np.testing.assert_allclose(parts.loc[own.index, "unexplained_pp"], own, atol=1e-9)
        others = modelled.index.difference([*own.index, "baseline"])
        assert (modelled.loc[others, "unexplained_pp"] == 0).all()


# ---- what a change is put down to


def test_a_decline_that_all_deals_share_has_no_segment():
    n_named = 0
    for seed in range(6):
        before, after = (
            simulated_deals(2500, seed, PLANTED),
            simulated_deals(2500, seed + 50, PLANTED | EVERYWHERE),
        )
        table = causes_of(windows_of(before, after))
        n_named += len(segments_of(table)) > 0
        found = overall(table)
        assert found["evidence"].to_dict() == {"mix": "inconclusive", "all deals": "lowered"}
        assert found.loc["all deals", "contribution_pp"] == pytest.approx(-13, abs=5)
        assert found.loc["all deals", "statement"].startswith(
            "All deals alike: deals were won less often whatever their levels"
        )
    assert n_named <= 1


def test_a_change_of_mix_has_no_segment():
    n_named = 0
    for seed in range(6):
        before, after = (simulated_deals(2500, seed + part, PLANTED) for part in (0, 50))
        # Half of the FinTech deals and half of those without a partner are missing.
        is_missing = (after["industry"] == "FinTech") | (after["source"] != "Partner")
        after = after[~is_missing | (np.arange(2500) % 5 == 0)]
        table = causes_of(windows_of(before, after))
        n_named += len(segments_of(table)) > 0
        found = overall(table)
        assert found["evidence"].to_dict() == {"mix": "lowered", "all deals": "inconclusive"}
        assert found.loc["mix", "statement"].startswith(
            "Mix: other deals than before, each as likely to be won, lowered the win rate"
        )
    assert n_named <= 1


@pytest.mark.parametrize("seed", range(4))
def test_a_decline_of_one_region_is_not_put_down_to_its_companion_source(seed):
    profiles = windows_of(
        regions(3000, seed, 0.0), regions(3000, seed + 100, -1.2), ["source", "region"]
    )
    table = causes_of(profiles, ["source", "region"])
    assert segments_of(table) == {("region", "APAC"): "lowered"}
    apac = table[table["level"] == "APAC"].iloc[0]
    assert apac["contribution_pp"] == pytest.approx(-6.5, abs=2.5)
    assert apac["statement"].startswith(
        "Region APAC: its deals were won less often than before, other features and the change of "
        "all other deals held equal, which lowered the win rate by "
    )
    emea = table[table["level"] == "EMEA"].iloc[0]
    assert emea["statement"] == (
        "Region EMEA: no significant change beside that of the other deals once APAC is set aside."
    )
    by_feature = split(profiles, ["source", "region"])
    assert by_feature["evidence"].to_dict() == {
        "source": "inconclusive",
        "region": "got worse",
        "baseline": "inconclusive",
    }
    assert by_feature.loc["region", "statement"].startswith("Region: APAC was won less often, ")
    # By itself the source declined, too.
    partner = table[table["level"] == "Partner"].iloc[0]
    assert np.isnan(partner["contribution_pp"]) and pd.isna(partner["cause_order"])


def test_a_segment_beside_a_decline_of_all_deals():
    before = simulated_deals(6000, 1, PLANTED)
    after = simulated_deals(6000, 2, PLANTED | EVERYWHERE | {("industry", "SaaS"): 1.2})
    table = causes_of(windows_of(before, after))
    assert segments_of(table) == {("industry", "SaaS"): "raised"}
    found = overall(table).loc["all deals"]
    assert found["evidence"] == "lowered"
    assert "whatever their levels beside the segments set aside" in found["statement"]


def test_of_two_levels_the_one_in_the_direction_of_the_change_is_named():
    before = simulated_deals(6000, 3)
    for effect, evidence in [(-1.0, "lowered"), (1.0, "raised")]:
        after = simulated_deals(6000, 4, {("size", "large"): effect})
        assert segments_of(causes_of(windows_of(before, after))) == {("size", "large"): evidence}


def test_a_change_of_mix_is_credited_to_its_feature_and_not_to_a_correlated_one():
    rng = np.random.default_rng(1)
    windows = []
    for share in (0.3, 0.7):
        segment = np.where(rng.random(8000) < share, "SMB", "Enterprise")
        # Most SMB deals come inbound, but the channel makes no difference.
        is_inbound = rng.random(8000) < np.where(segment == "SMB", 0.8, 0.2)
        won = rng.random(8000) < np.where(segment == "SMB", 0.27, 0.62)
        deals = {"segment": segment, "channel": np.where(is_inbound, "Inbound", "Outbound")}
        windows.append(pd.DataFrame(deals).assign(is_won=won.astype(int)))
    profiles = windows_of(*windows, ["segment", "channel"])
    table = split(profiles, ["segment", "channel"])
    assert table.loc["segment", "explained_pp"] == pytest.approx(-14, abs=1)
    assert table.loc["channel", "explained_pp"] == pytest.approx(0, abs=1)

    # The split by one feature at a time credits the channel, too.
    channel = profiles.groupby(["comparison", "channel"], as_index=False)[COUNTS].sum()
    channel = channel.rename(columns={"channel": "level"}).assign(feature="channel")
    by_itself = change.win_rate_change_segments(channel)
    assert by_itself["mix_effect_pp"].sum() < -4


def test_a_new_level_changes_the_mix_only():
    before, after = simulated_deals(1500, 11), simulated_deals(1500, 12)
    after.loc[:600, ["source", "is_won"]] = ["Fair", 0]
    after.loc[:120, "is_won"] = 1
    profiles = windows_of(before, after)
    table = split(profiles)
    assert table.loc["source", "explained_pp"] == pytest.approx(change_pp(profiles), abs=2.5)
    assert segments_of(causes_of(profiles)) == {}


def test_a_difference_below_min_effect_pp_is_no_cause():
    before = simulated_deals(5000, 3, PLANTED)
    after = simulated_deals(5000, 4, PLANTED | ONE_SEGMENT)
    profiles = windows_of(before, after)
    assert len(segments_of(causes_of(profiles))) == 1
    table = causes_of(profiles, rules=replace(RULES, min_effect_pp=60))
    assert segments_of(table) == {}
    assert (table["evidence"] == "inconclusive").all()


# ---- the model and its errors


def test_the_fit_is_that_of_statsmodels_on_single_deals():
    before = simulated_deals(3000, 5, PLANTED)
    after = simulated_deals(3000, 6, PLANTED | ONE_SEGMENT)
    (model,) = change_models([windows_of(before, after)], FEATURES, RULES)
    assert model.segment_levels == [("industry", "SaaS")]
    deals = pd.concat([before.assign(period=0), after.assign(period=1)])
    design = pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float)
    own = deals["period"] * (deals["industry"] == "SaaS")
    design = sm.add_constant(design.assign(period=deals["period"], own=own).astype(float))
    binomial = sm.families.Binomial()
    fit = sm.GLM(deals["is_won"], design, family=binomial).fit(tol=1e-12)
    columns, regression = model.regression.columns, model.regression
    for name, place in [("period", columns.of("period")), ("own", columns.of("industry=SaaS"))]:
        column = regression.columns.effects[place][1]
        assert column @ regression.estimate == pytest.approx(fit.params[name], abs=1e-8)
        variance = column @ regression.covariance @ column
        assert variance == pytest.approx(fit.bse[name] ** 2, abs=1e-8)
    without = sm.GLM(deals["is_won"], design.drop(columns="own"), family=binomial).fit(tol=1e-12)
    own = deals["period"].to_numpy()[:, None] * pd.get_dummies(deals["size"]).to_numpy(float)[:, 1:]
    _, p_value = without.score_test(exog_extra=own)
    assert model.feature_p_value("size") == pytest.approx(p_value.item(), rel=1e-6)


def test_mean_slope_is_the_difference_of_probabilities_over_that_of_log_odds():
    log_odds, other = np.array([1.0, 0.3, -2.0, 40.0]), np.array([-1.0, 0.3 + 1e-9, -2.0, 0.0])
    probability, other_probability = (1 / (1 + np.exp(-x)) for x in (log_odds, other))
    expected = (probability - other_probability)[[0, 3]] / (log_odds - other)[[0, 3]]
    slope = mean_slope(log_odds, other)
    np.testing.assert_allclose(slope[[0, 3]], expected, rtol=1e-12)
    np.testing.assert_allclose(slope[[1, 2]], (probability * (1 - probability))[[1, 2]], rtol=1e-8)


@pytest.mark.slow
def test_intervals_hold_the_true_contributions():
    effects = PLANTED | EVERYWHERE | {("industry", "SaaS"): 1.5}
    shares = {"before": 0.0, "after": 0.4}

    def window(n_deals: int, seed: int, name: str) -> pd.DataFrame:
        deals = simulated_deals(n_deals, seed, PLANTED if name == "before" else effects)
        is_dropped = (deals["source"] == "Partner") & (
            np.random.default_rng(seed + 10_000).random(n_deals) < shares[name]
        )
        return deals[~is_dropped]

    def contributions(n_deals: int, seed: int) -> pd.DataFrame:
        windows = window(n_deals, seed, "before"), window(n_deals, seed + 1000, "after")
        table = causes_of(windows_of(*windows))
        assert ("industry", "SaaS") in segments_of(table)
        table = table[(table["cause"] != "segment") | (table["level"] == "SaaS")]
        return table.set_index("cause")[CONTRIBUTION]

    truth = contributions(1_000_000, 1)["contribution_pp"]
    assert (truth.abs() > 0.5).all()
    errors = []
    for seed in range(25):
        table = contributions(2500, seed)
        error = (table["contribution_pp_high"] - table["contribution_pp_low"]) / (2 * 1.96)
        errors.append((table["contribution_pp"] - truth) / error)
    errors = pd.DataFrame(errors)
    assert ((errors.abs() < 1.96).mean() >= 0.8).all()
    # The errors are as large as the intervals say.
    assert errors.std().between(0.6, 1.45).all()


def test_without_a_change_little_is_named():
    n_runs, runs = 40, []
    for seed in range(n_runs):
        before, after = (simulated_deals(600, 1000 * half + seed, PLANTED) for half in (1, 2))
        runs.append(causes_of(windows_of(before, after)).assign(comparison=f"run {seed}"))
    table = pd.concat(runs)
    is_claim = table["evidence"].isin(["lowered", "raised"])
    excludes_zero = (table[CONTRIBUTION[1]] > 0) | (table[CONTRIBUTION[2]] < 0)
    is_explained = table["inconclusive_because"].notna()
    assert (is_explained == (excludes_zero & ~is_claim)).all() and is_explained.any()
    named = (is_claim & (table["cause"] == "segment")).groupby(table["comparison"]).any()
    assert named.sum() <= 6
    for cause in ("mix", "all deals"):
        p_values = table.loc[table["cause"] == cause, "p_value"]
        assert (p_values < 0.05).sum() <= 6
        assert p_values.median() == pytest.approx(0.5, abs=0.25)


def test_quarters_that_differ_widen_what_all_deals_share_and_nothing_else():
    profiles = windows_of(simulated_deals(2500, 5), simulated_deals(2500, 6, EVERYWHERE))
    alike, dispersed = overall(causes_of(profiles)), overall(causes_of(profiles, closed=4.0))
    widths = [table[CONTRIBUTION[2]] - table[CONTRIBUTION[1]] for table in (alike, dispersed)]
    assert (widths[1] / widths[0]).to_dict() == pytest.approx({"mix": 1, "all deals": 2})
    assert dispersed.loc["all deals", "p_value"] > alike.loc["all deals", "p_value"]
    of_others = overall(causes_of(profiles, created=4.0))
    pd.testing.assert_frame_equal(of_others, alike)


def test_q_values_count_the_comparisons():
    profiles = windows_of(simulated_deals(800, 7), simulated_deals(800, 8, EVERYWHERE))
    alone = causes_of(profiles)
    both = causes_of(pd.concat([profiles, profiles.assign(comparison="last quarter")]))
    both = both[both["comparison"] == COMPARISON].reset_index(drop=True)
    np.testing.assert_allclose(both["p_value"], alone["p_value"])
    np.testing.assert_allclose(both["q_value"], np.minimum(2 * alone["q_value"], 1))


def test_a_segment_of_one_comparison_is_not_put_down_to_all_deals_in_another():
    n_deals, n_claims = {COMPARISON: 5000, "last quarter": 500}, 0
    for seed in range(10):
        profiles = pd.concat(
            windows_of(
                simulated_deals(n, seed),
                simulated_deals(n, 50 + seed, ONE_SEGMENT),
                comparison=name,
            )
            for name, n in n_deals.items()
        )
        table = causes_of(profiles)
        few = table[table["comparison"] == "last quarter"]
        own = few[few["level"] == "SaaS"].iloc[0]
        assert own["cause_order"] == 3
        claims = few[few["evidence"].isin(["lowered", "raised"])]
        n_claims += (claims["cause"] != "segment").any()
        contributions = few.loc[few["cause_order"].notna(), "contribution_pp"]
        change = change_pp(profiles[profiles["comparison"] == "last quarter"])
        assert contributions.sum() == pytest.approx(change, abs=1e-8)
        if own["evidence"] == "inconclusive":
            assert "set aside because another comparison names it" in own["statement"]
    assert n_claims <= 1


def test_names_of_levels_and_orders_of_features_and_profiles_make_no_difference():
    after = simulated_deals(900, 8, {("industry", "SaaS"): -1.5})
    profiles = windows_of(simulated_deals(900, 7), after)
    expected = split(profiles)[NUMBERS]
    assert expected.loc["industry", "unexplained_pp"] < 0
    backwards = {"EdTech": "z", "FinTech": "y", "SaaS": "x", "Retail": "w"}
    renamed = profiles.replace({"industry": backwards, "size": {"small": "zz", "large": "aa"}})
    np.testing.assert_allclose(split(renamed)[NUMBERS], expected, atol=1e-6)
    turned = split(profiles.iloc[::-1], FEATURES[::-1])[NUMBERS].loc[expected.index]
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_swapping_the_windows_flips_the_signs():
    before, after = simulated_deals(900, 9, PLANTED), simulated_deals(900, 10, ONE_SEGMENT)
    there, back = (causes_of(windows_of(*pair)) for pair in [(before, after), (after, before)])
    assert len(segments_of(there)) > 0
    np.testing.assert_allclose(back["contribution_pp"], -there["contribution_pp"], atol=1e-6)
    np.testing.assert_allclose(
        back["contribution_pp_low"], -there["contribution_pp_high"], atol=1e-6
    )
    # Near, and not equal: the tails take the deals of a segment in the later window exactly.
    np.testing.assert_allclose(back["p_value"], there["p_value"], rtol=0.1)


# ---- little data, and impossible data


@pytest.mark.parametrize("n_won", [0, 39])
def test_with_too_few_deals_there_are_rows_without_numbers(n_won):
    before, after = simulated_deals(500, 15), simulated_deals(500, 16)
    after["is_won"] = (np.arange(500) < n_won).astype(int)
    profiles = windows_of(before, after)
    table, by_feature = causes_of(profiles), split(profiles)
    assert table["cause"].tolist() == ["mix", "all deals"]
    assert list(by_feature.index) == [*FEATURES, "baseline"]
    assert (table["evidence"] == "too few deals").all()
    assert table[[*CONTRIBUTION, "p_value", "q_value"]].isna().all(axis=None)
    assert by_feature[NUMBERS].isna().all(axis=None)
    assert table["statement"][0] == (
        "Mix: too few deals to split the change (500 against 500 deals; 40 won and 40 lost deals "
        "are needed in each period)."
    )
    assert by_feature.loc["size", "statement"].startswith("Size: too few deals to split the change")
    without_a_minimum = causes_of(profiles, rules=replace(RULES, min_outcomes=0))
    assert (without_a_minimum["evidence"] == "too few deals").all() == (n_won == 0)


def test_a_comparison_with_too_few_deals_does_not_affect_the_others():
    enough = windows_of(simulated_deals(500, 17), simulated_deals(500, 18))
    few = windows_of(simulated_deals(50, 19), simulated_deals(50, 20), comparison="last quarter")
    both = pd.concat([enough, few])
    for function in (win_rate_change_model, win_rate_change_causes):
        table, alone = (function(rows, FEATURES, {}, RULES) for rows in (both, enough))
        is_few = table["comparison"] == "last quarter"
        assert (table.loc[is_few, "evidence"] == "too few deals").all()
        pd.testing.assert_frame_equal(table[~is_few].reset_index(drop=True), alone)


def test_a_feature_that_leaks_the_outcome_is_left_out_with_a_statement():
    before, after = simulated_deals(500, 21), simulated_deals(500, 22)
    for deals in (before, after):
        deals["stage"] = np.where(deals["is_won"] == 1, "Closed Won", "Closed Lost")
    profiles = windows_of(before, after, [*FEATURES, "stage"])
    table = split(profiles, [*FEATURES, "stage"])
    assert table.loc["stage", NUMBERS].isna().all()
    assert table.loc["stage", "statement"] == "Stage: left out of the model (see win_rate_drivers)."
    assert table["total_pp"].sum() == pytest.approx(change_pp(profiles), abs=1e-9)
    assert "stage" not in set(causes_of(profiles, [*FEATURES, "stage"])["feature"])
    alone = split(profiles, ["stage"])
    assert alone.loc["baseline", "total_pp"] == pytest.approx(change_pp(profiles), abs=1e-9)


def test_a_small_segment_is_not_tested():
    before, after = simulated_deals(900, 23), simulated_deals(900, 24)
    for deals, n_deals in ((before, 100), (after, 29)):
        deals.loc[: n_deals - 1, "source"] = "Fair"
    after.loc[:28, "is_won"] = 0
    table = causes_of(windows_of(before, after))
    fair = table[table["level"] == "Fair"].iloc[0]
    assert (fair["evidence"], fair["statement"]) == (
        "too few deals",
        "Source Fair: too few deals to compare.",
    )
    assert np.isnan(fair["p_value"])


def test_a_segment_that_no_longer_wins_is_a_cause():
    before, after = simulated_deals(2000, 25), simulated_deals(2000, 26)
    for deals in (before, after):
        deals.loc[:99, "source"] = "Fair"
    after.loc[:99, "is_won"] = 0
    table = causes_of(windows_of(before, after))
    assert segments_of(table) == {("source", "Fair"): "lowered"}
    fair = table[table["level"] == "Fair"].iloc[0]
    # 45 of 100 among 2,000 deals.
    assert fair["contribution_pp"] == pytest.approx(-2.2, abs=0.6)
    assert fair["contribution_pp_low"] < fair["contribution_pp"] < fair["contribution_pp_high"] < 0


BEFORE, AFTER = simulated_deals(300, 1), simulated_deals(300, 2)


@pytest.mark.parametrize(
    ("before", "after", "features"),
    [
        (BEFORE, AFTER, []),
        (BEFORE.assign(size="x"), AFTER.assign(size="x"), ["size"]),
        (BEFORE.assign(size="x"), AFTER.assign(size="y"), ["size"]),
        (BEFORE[:1], AFTER, FEATURES),
        (BEFORE, AFTER.assign(is_won=1), FEATURES),
        (BEFORE[:12], AFTER[:9], FEATURES),
    ],
    ids=["no features", "one level", "a level per window", "one deal", "all won", "few deals"],
)
def test_little_data_make_finite_numbers_and_no_segments(before, after, features):
    profiles = windows_of(before, after, features)
    for rules in (RULES, replace(RULES, min_outcomes=0, min_deals_per_level=1)):
        table, by_feature = causes_of(profiles, features, rules), split(profiles, features, rules)
        assert segments_of(table) == {}
        for text in [*table["statement"], *by_feature["statement"]]:
            assert text.endswith(".") and "nan" not in text
        parts = overall(table)["contribution_pp"]
        if not (table["evidence"] == "too few deals").all():
            assert parts.sum() == pytest.approx(change_pp(profiles), abs=1e-9)


def test_without_profiles_there_are_no_rows():
    nothing = windows_of(simulated_deals(10, 23), simulated_deals(10, 24)).head(0)
    for table, types in [
        (causes_of(nothing), CAUSE_TYPES),
        (win_rate_change_model(nothing, FEATURES, {}, RULES), MODEL_TYPES),
    ]:
        assert table.empty
        assert list(table.columns) == list(types)
        numbers = [name for name, dtype in types.items() if dtype == "float64"]
        assert set(table[numbers].dtypes) == {np.dtype(float)}


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
    for function in (causes_of, split):
        with pytest.raises(ValueError, match=message):
            function(pd.DataFrame([row]), features)


# ---- statements


def test_statements_give_size_interval_and_counts():
    before = simulated_deals(5000, 3, PLANTED)
    after = simulated_deals(5000, 4, PLANTED | ONE_SEGMENT)
    profiles = windows_of(before, after)
    table, by_feature = causes_of(profiles), split(profiles)
    saas = table[table["level"] == "SaaS"].iloc[0]
    low, high = (f"{saas[name]:.1f}" for name in CONTRIBUTION[1:])
    assert saas["statement"].endswith(
        f"lowered the win rate by {-saas['contribution_pp']:.1f} points (95% interval {low} to "
        f"{high}, 5,000 against 5,000 deals)."
    )
    found = overall(table)
    assert found.loc["mix", "statement"].startswith(
        "Mix: no significant change from closing other deals than before (95% interval "
    )
    assert found.loc["all deals", "statement"].startswith(
        "All deals alike: no significant change that all deals share beside the segments set "
        "aside (95% interval "
    )
    industry = by_feature.loc["industry"]
    assert industry["statement"].startswith(
        "Industry: SaaS was won less often, which lowered the win rate by "
        f"{-saas['contribution_pp']:.1f} points (95% interval {low} to {high}); its change of mix "
        f"accounts for {industry['explained_pp']:+z.1f} points (95% interval "
    )
    assert by_feature.loc["size", "statement"].startswith(
        "Size: none of its segments changed otherwise than the other deals; its change of mix "
    )
    assert by_feature.loc["baseline", "statement"].startswith(
        "All deals alike: no significant change that all deals share (95% interval "
    )
    few = windows_of(simulated_deals(400, 5), simulated_deals(400, 6, EVERYWHERE))
    assert causes_of(few)["statement"][1].endswith("400 against 400 deals; low evidence).")
    assert PARTS == ["explained_pp", "unexplained_pp"]
