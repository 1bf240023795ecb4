from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LogisticRegression

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics import drivers
from winrate.statistics.profile_regression import LeftOutCode, profile_model
from winrate.statistics.verdict import assess

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}
CLAIMS = ["helps", "hurts"]


def win_rate_drivers(
    deals: pd.DataFrame,
    features: list[str] = FEATURES,
    known_at_close: tuple[str, ...] = (),
    rules=RULES,
) -> pd.DataFrame:
    """The drivers of single deals."""
    at_creation = [feature for feature in features if feature not in known_at_close]
    at_close = deals.drop(columns="sales_rep_id", errors="ignore") if features else deals
    profiles = profiles_of(deals, at_creation)
    return drivers.win_rate_drivers(
        profiles,
        profiles_of(at_close, features),
        at_creation,
        list(known_at_close),
        assess(profiles, at_creation, rules).verdict,
        rules,
    )


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(["feature", "level"])


def claims_of(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    evidence = keyed(table)["evidence"]
    return evidence[evidence.isin(CLAIMS)].to_dict()


def row_level_effects(deals: pd.DataFrame) -> pd.Series:
    """effect_pp by fitting on single deals with statsmodels and averaging by hand."""
    design = sm.add_constant(pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float))
    fit = sm.Logit(deals["is_won"], design).fit(disp=0, method="newton", tol=1e-14, maxiter=100)
    overall = fit.predict(design).mean()
    effects = {}
    for feature in FEATURES:
        for level in deals[feature].unique():
            changed = deals[FEATURES].assign(**{feature: level})
            counterfactual = pd.get_dummies(changed, dtype=float).reindex(
                columns=design.columns, fill_value=0.0
            )
            counterfactual["const"] = 1.0
            effects[feature, level] = 100 * (fit.predict(counterfactual).mean() - overall)
    return pd.Series(effects)


def test_fitting_on_profiles_equals_fitting_on_single_deals():
    deals = simulated_deals(3000, seed=1, effects=PLANTED)
    table = win_rate_drivers(deals)
    effects = table.set_index(["feature", "level"])["effect_pp"]
    expected = row_level_effects(deals)
    assert len(effects) == len(expected) == 9
    np.testing.assert_allclose(effects[expected.index], expected, atol=1e-8)


def test_the_fit_agrees_with_unpenalised_scikit_learn():
    deals = simulated_deals(3000, seed=2, effects=PLANTED)
    one_hot = pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    expected = model.fit(one_hot, deals["is_won"]).predict_proba(one_hot)[:, 1]
    profiles = profiles_of(deals)
    by_profile = profiles[FEATURES].assign(
        probability=profile_model(profiles, FEATURES).fit().probability
    )
    np.testing.assert_allclose(
        deals.merge(by_profile, on=FEATURES)["probability"], expected, atol=1e-6
    )


def test_feature_and_level_p_values_are_score_tests_of_statsmodels():
    deals = simulated_deals(12_000, seed=3, effects={("size", "large"): 0.3})
    # No level is named, so that all are tested beside the same model.
    table = keyed(win_rate_drivers(deals, rules=replace(RULES, max_q_value=0)))
    for feature in FEATURES[:2]:
        others = pd.get_dummies(
            deals[[name for name in FEATURES if name != feature]], drop_first=True, dtype=float
        )
        fit = sm.GLM(deals["is_won"], sm.add_constant(others), family=sm.families.Binomial())
        fit = fit.fit(tol=1e-12)
        own = pd.get_dummies(deals[feature], dtype=float)
        _, p_value = fit.score_test(exog_extra=own.iloc[:, 1:].to_numpy())
        np.testing.assert_allclose(table.loc[feature, "feature_p_value"], p_value.item(), rtol=1e-6)
        for level in own:
            _, p_value = fit.score_test(exog_extra=own[[level]].to_numpy())
            assert table.loc[(feature, level), "p_value"] == pytest.approx(p_value.item(), rel=1e-6)


def test_planted_drivers_are_found_and_features_without_effect_are_inconclusive():
    table = win_rate_drivers(simulated_deals(5000, seed=3, effects=PLANTED))
    assert claims_of(table) == {("industry", "FinTech"): "helps", ("source", "Partner"): "hurts"}
    aside = keyed(table).loc[("industry", "SaaS"), "statement"]
    assert "no significant difference from the others once FinTech is set aside" in aside
    siblings = table[table["inconclusive_because"].notna()]
    assert set(siblings["inconclusive_because"]) <= {
        "like the others once FinTech is set aside",
        "like the others once Partner is set aside",
    }
    without = keyed(table).loc[("size", "large"), "statement"]
    assert "no significant difference from the average deal" in without


def test_of_two_levels_one_is_named():
    table = win_rate_drivers(simulated_deals(4000, seed=4, effects={("size", "large"): 0.8}))
    (level,) = claims_of(table)
    other = keyed(table).loc[("size", "small" if level[1] == "large" else "large")]
    assert np.isnan(other["p_value"]) and np.isfinite(other["effect_pp"])
    assert other["evidence"] == "inconclusive"


def test_without_a_signal_no_driver_is_named():
    # One of many features has an effect: alone it is significant, all together are not.
    rng = np.random.default_rng(5)
    deals = simulated_deals(1500, seed=5, effects={("size", "large"): 0.3})
    noise = [f"noise_{number}" for number in range(20)]
    for name in noise:
        deals[name] = rng.choice(list("abcdefgh"), 1500)
    assert len(claims_of(win_rate_drivers(deals, ["size"]))) == 1
    among_noise = win_rate_drivers(deals, ["size", *noise])
    assert among_noise["feature_p_value"].min() < 0.01
    assert claims_of(among_noise) == {}
    withheld = among_noise["inconclusive_because"].dropna()
    assert set(withheld) == {"the verdict is 'no signal'"}


@pytest.mark.slow
def test_deals_that_are_alike_make_few_claims():
    n_runs = 20
    n_claiming = sum(
        bool(claims_of(win_rate_drivers(simulated_deals(800, seed, n_reps=12, rep_sd=0.4))))
        for seed in range(n_runs)
    )
    assert n_claiming <= stats.binom.ppf(0.99, n_runs, 0.05)


def test_the_interval_and_the_wald_test_agree():
    table = win_rate_drivers(simulated_deals(20_000, 4, PLANTED))
    width = table["effect_pp_high"] - table["effect_pp_low"]
    z_of_effect = table["effect_pp"] / width * 2 * 1.959964
    np.testing.assert_allclose(z_of_effect, table["coefficient"] / table["std_error"], rtol=0.05)
    np.testing.assert_allclose(table["odds_ratio"], np.exp(table["coefficient"]))


@pytest.mark.slow
def test_intervals_hold_the_true_effect():
    covered = []
    for seed in range(10):
        deals = simulated_deals(2000, seed, PLANTED)
        table = keyed(win_rate_drivers(deals))

        def true_rate(rows: pd.DataFrame) -> float:
            log_odds = np.log(0.45 / 0.55) + sum(
                effect * (rows[feature] == level) for (feature, level), effect in PLANTED.items()
            )
            return (1 / (1 + np.exp(-log_odds))).mean()

        for (feature, level), row in table.iterrows():
            truth = 100 * (true_rate(deals.assign(**{feature: level})) - true_rate(deals))
            covered.append(row["effect_pp_low"] <= truth <= row["effect_pp_high"])
    assert 0.9 <= np.mean(covered) <= 0.99


def test_reps_who_work_one_industry_each_widen_its_intervals_and_not_those_of_others():
    deals = simulated_deals(3000, 5, PLANTED, n_reps=12, rep_sd=0.5)
    beside, alone = (
        keyed(win_rate_drivers(rows)) for rows in (deals, deals.drop(columns="sales_rep_id"))
    )
    widths = [table["effect_pp_high"] - table["effect_pp_low"] for table in (beside, alone)]
    ratio = widths[0] / widths[1]
    assert (ratio["industry"] > 1.5).all()
    np.testing.assert_allclose(ratio["source"], 1, atol=0.1)
    assert (beside.loc["industry", "n_reps"] == 3).all() and (
        beside.loc["size", "n_reps"] == 12
    ).all()
    assert "of 3 reps" in beside.loc[("industry", "SaaS"), "statement"]
    assert alone["n_reps"].isna().all()


@pytest.mark.parametrize("seed", range(5))
def test_swapped_outcomes_flip_every_sign(seed):
    deals = simulated_deals(2000, seed, PLANTED)
    swapped = deals.assign(is_won=1 - deals["is_won"])
    effects, flipped = (keyed(win_rate_drivers(rows)) for rows in (deals, swapped))
    flipped = flipped.loc[effects.index]
    np.testing.assert_allclose(effects["effect_pp"], -flipped["effect_pp"], atol=1e-8)
    np.testing.assert_allclose(effects["effect_pp_low"], -flipped["effect_pp_high"], atol=1e-8)
    np.testing.assert_allclose(effects["p_value"], flipped["p_value"], rtol=1e-6)


def test_renamed_levels_and_shuffled_rows_change_nothing():
    deals = simulated_deals(2000, seed=14, effects=PLANTED)
    renamed = deals.replace({"industry": {"EdTech": "Zoo", "SaaS": "Alpha"}}).sample(
        frac=1, random_state=1
    )
    before, after = (win_rate_drivers(rows) for rows in (deals, renamed))
    after["level"] = after["level"].replace({"Zoo": "EdTech", "Alpha": "SaaS"})
    numbers = ["effect_pp", "effect_pp_low", "coefficient", "p_value", "q_value"]
    before, after = (
        table.set_index(["feature", "level"]).sort_index() for table in (before, after)
    )
    np.testing.assert_allclose(before[numbers], after[numbers], atol=1e-8)
    assert (before["evidence"] == after["evidence"]).all()


def test_a_feature_that_leaks_the_outcome_is_left_out_and_its_deals_stay():
    deals = simulated_deals(2000, seed=6, effects=PLANTED)
    deals["size"] = np.where(deals["is_won"] == 1, "Closed Won", "Closed Lost")
    deals.loc[:99, "size"] = "Proposal"
    table = win_rate_drivers(deals)
    leaking = table[table["feature"] == "size"]
    assert (leaking["left_out_code"] == LeftOutCode.LEAKS_OUTCOME).all()
    assert (leaking["left_out_because"] == "leaks the outcome").all()
    assert (leaking["evidence"] == "inconclusive").all()
    assert leaking["statement"].str.contains("the feature leaks the outcome").all()

    others = win_rate_drivers(deals, FEATURES[:2])
    kept = table[table["feature"] != "size"].reset_index(drop=True)
    np.testing.assert_allclose(kept["effect_pp"], others["effect_pp"], atol=1e-8)
    assert kept["evidence"].isin(["helps", "hurts"]).any()


def test_a_suspected_leak_is_left_out_and_the_other_drivers_stay():
    deals = simulated_deals(2000, seed=6, effects=PLANTED)
    profiles = profiles_of(deals)
    table = drivers.win_rate_drivers(
        profiles, profiles, FEATURES[:2], [], "signal", RULES, suspects=["size"]
    )
    suspect = table[table["feature"] == "size"]
    assert (suspect["left_out_code"] == LeftOutCode.SUSPECTED_LEAK).all()
    assert suspect[["effect_pp", "p_value"]].isna().all(axis=None)
    assert (suspect["evidence"] == "inconclusive").all()
    assert suspect["statement"].str.contains("predicts the outcome too well").all()
    kept = table[table["feature"] != "size"].reset_index(drop=True)
    others = win_rate_drivers(deals, FEATURES[:2])
    np.testing.assert_allclose(kept["effect_pp"], others["effect_pp"], atol=1e-8)


def test_a_level_that_was_never_won_stays_in_the_model_and_hurts():
    deals = simulated_deals(2000, seed=6, effects=PLANTED)
    deals.loc[:59, ["size", "is_won"]] = ["unpriced", 0]
    table = keyed(win_rate_drivers(deals))
    never_won = table.loc[("size", "unpriced")]
    assert never_won["evidence"] == "hurts"
    assert never_won["p_value"] < 1e-10
    assert 0 < never_won["adjusted_win_rate"] < 0.03
    # Of the 60 deals, a win rate of more than 6% would have won one (Wilson's interval).
    assert never_won["effect_pp_low"] < never_won["effect_pp"] < never_won["effect_pp_high"]
    overall = deals["is_won"].mean()
    assert overall + never_won["effect_pp_high"] / 100 == pytest.approx(0.06, abs=0.02)
    assert pd.isna(never_won["left_out_because"])
    # The other levels are as they are without it.
    others = keyed(win_rate_drivers(deals[deals["size"] != "unpriced"]))["adjusted_win_rate"]
    np.testing.assert_allclose(
        table.loc[others.index[:7], "adjusted_win_rate"], others[:7], atol=0.02
    )


@pytest.mark.parametrize("n_deals", [30, 100, 300])
@pytest.mark.parametrize(("outcome", "claim"), [(0, "hurts"), (1, "helps")])
def test_a_level_with_one_outcome_is_claimed_whatever_its_size(n_deals, outcome, claim):
    deals = simulated_deals(3000, seed=7, effects=PLANTED)
    deals.loc[: n_deals - 1, ["size", "is_won"]] = ["certain", outcome]
    row = keyed(win_rate_drivers(deals)).loc[("size", "certain")]
    assert row["evidence"] == claim
    assert row["effect_pp_low"] < row["effect_pp"] < row["effect_pp_high"]


def test_a_small_level_that_was_never_won_is_not_claimed():
    deals = simulated_deals(2000, seed=6, effects=PLANTED)
    deals.loc[:9, ["size", "is_won"]] = ["unpriced", 0]
    row = keyed(win_rate_drivers(deals)).loc[("size", "unpriced")]
    assert row["evidence"] == "too few deals"
    assert np.isfinite(row["effect_pp"]) and np.isnan(row["p_value"])


def test_a_feature_that_repeats_another_gets_no_estimate_of_its_own():
    deals = simulated_deals(2000, seed=7, effects=PLANTED)
    deals["sector"] = "sector " + deals["industry"]
    features = [*FEATURES, "sector"]
    table = win_rate_drivers(deals, features)
    repeated = table[table["feature"] == "sector"]
    assert repeated["effect_pp"].isna().all()
    assert (repeated["left_out_because"] == "repeats industry").all()
    assert (repeated["left_out_code"] == LeftOutCode.REPEATS).all()
    assert repeated["statement"].str.contains("determined by industry").all()
    assert (table.loc[table["feature"] == "industry", "effect_pp"].notna()).all()


def test_a_level_missing_in_the_same_deals_of_two_features_does_not_cost_a_feature():
    deals = simulated_deals(3000, seed=13, effects=PLANTED)
    deals.loc[:299, ["industry", "source"]] = "Unknown"
    table = keyed(win_rate_drivers(deals))
    assert np.isnan(table.loc[("source", "Unknown"), "effect_pp"])
    assert table.loc[("source", "Unknown"), "left_out_because"] == "repeats other features"
    assert table.loc[("source", "Partner"), "evidence"] == "hurts"

    # The fitted probabilities are those of a fit in which only the repeated column is dropped.
    design = pd.get_dummies(deals[FEATURES], dtype=float)
    design = sm.add_constant(
        design.drop(columns=["industry_EdTech", "source_Inbound", "size_large", "source_Unknown"])
    )
    expected = sm.Logit(deals["is_won"], design).fit(disp=0, method="newton", tol=1e-14)
    by_profile = deals.assign(expected=expected.predict(design)).groupby(FEATURES)["expected"]
    fitted = profile_model(profiles_of(deals), FEATURES).fit().probability
    np.testing.assert_allclose(fitted, by_profile.mean(), atol=1e-8)


def test_a_feature_with_one_level_is_left_out():
    deals = simulated_deals(1000, seed=7).assign(size="all alike")
    table = win_rate_drivers(deals).set_index("feature")
    assert table.loc["size", "left_out_code"] == LeftOutCode.ONE_LEVEL


def test_a_feature_known_at_close_is_described_and_is_no_lever():
    planted = PLANTED | {("size", "large"): 0.8}
    deals = simulated_deals(3000, seed=3, effects=planted, n_reps=8)
    table = win_rate_drivers(deals, known_at_close=("source",))
    claimed = table[table["evidence"].isin(CLAIMS)]
    is_lever = ~claimed["statement"].str.contains("not actionable")
    assert (is_lever == (claimed["known_at"] == "creation")).all()
    assert set(claimed["known_at"]) == {"creation", "close"}
    assert table.loc[table["known_at"] == "close", "n_reps"].isna().all()


@pytest.mark.parametrize(("of_lost", "of_won"), [(0.3, 0.0), (0.7, 0.0), (0.6, 0.1), (0.0, 0.3)])
def test_missing_values_of_a_feature_known_at_close_are_no_claim_and_make_none(of_lost, of_won):
    deals = simulated_deals(4000, seed=3, effects=PLANTED)
    share = deals["is_won"].map({0: of_lost, 1: of_won})
    deals.loc[np.random.default_rng(5).random(len(deals)) < share, "size"] = "Unknown"
    table = keyed(win_rate_drivers(deals, known_at_close=("size",)))
    missing = table.loc[("size", "Unknown")]
    assert missing[["effect_pp", "p_value", "inconclusive_because"]].isna().all()
    assert missing["evidence"] == "inconclusive"
    assert missing["left_out_code"] == LeftOutCode.MISSING_AT_CLOSE
    assert "whether it is may follow from the outcome" in missing["statement"]
    known = table.loc["size"].drop("Unknown")
    assert (known["evidence"] == "inconclusive").all()
    assert (known["effect_pp"].abs() < 2).all()
    assert known["inconclusive_because"].isna().all()
    assert known["feature_p_value"].min() > 0.05


def test_a_feature_known_at_close_is_compared_among_the_deals_that_have_it():
    deals = simulated_deals(4000, seed=3, effects=PLANTED | {("size", "large"): 0.8})
    whole = keyed(win_rate_drivers(deals, known_at_close=("size",))).loc["size"]
    deals.loc[np.random.default_rng(5).random(len(deals)) < 0.2, "size"] = "Unknown"
    table = keyed(win_rate_drivers(deals, known_at_close=("size",))).loc["size"]
    known = table.loc[whole.index]
    assert (known["evidence"] == whole["evidence"]).all()
    assert set(known["evidence"]) == {"hurts", "inconclusive"}
    np.testing.assert_allclose(known["coefficient"], whole["coefficient"], atol=0.1)


def test_a_feature_known_at_close_of_which_one_level_is_known_is_left_out():
    deals = simulated_deals(2000, seed=3, effects=PLANTED).assign(size="large")
    deals.loc[deals.index % 3 == 0, "size"] = "Unknown"
    table = keyed(win_rate_drivers(deals, known_at_close=("size",))).loc["size"]
    assert table["effect_pp"].isna().all()
    assert table["left_out_code"].to_dict() == {
        "large": LeftOutCode.ONE_LEVEL,
        "Unknown": LeftOutCode.MISSING_AT_CLOSE,
    }


def test_features_known_at_close_change_nothing_of_the_others():
    deals = simulated_deals(3000, seed=4, effects=PLANTED | {("size", "large"): 1.5})
    alone = keyed(win_rate_drivers(deals, FEATURES[:2]))
    beside = keyed(win_rate_drivers(deals, known_at_close=("size",)))
    columns = [name for name in alone.columns if name != "rank"]
    pd.testing.assert_frame_equal(beside.loc[alone.index, columns], alone[columns])
    assert beside.loc["size", "p_value"].min() < 0.001


def test_features_known_at_close_are_claimed_without_a_signal_at_creation():
    deals = simulated_deals(2000, seed=5, effects={("size", "large"): 0.8})
    table = win_rate_drivers(deals, known_at_close=("size",))
    assert {feature for feature, _ in claims_of(table)} == {"size"}


@pytest.mark.parametrize(("n_deals", "is_low"), [(300, True), (1500, False)])
def test_claims_on_few_outcomes_carry_low_evidence(n_deals, is_low):
    strong = {("industry", "FinTech"): 2.0, ("source", "Partner"): -2.0}
    table = win_rate_drivers(simulated_deals(n_deals, seed=12, effects=strong))
    claimed = table[table["evidence"].isin(["helps", "hurts"])]
    assert len(claimed) > 0
    assert (claimed["statement"].str.contains("low evidence") == is_low).all()


@pytest.mark.parametrize(("n_won", "n_lost"), [(39, 400), (400, 39), (0, 100), (100, 0), (1, 0)])
def test_too_few_outcomes_make_tables_but_no_claims(n_won, n_lost):
    deals = simulated_deals(n_won + n_lost, seed=8)
    deals["is_won"] = np.repeat([1, 0], [n_won, n_lost])
    table = win_rate_drivers(deals)
    assert (table["evidence"] == "too few deals").all()
    levels = {(name, level) for name in FEATURES for level in deals[name].unique()}
    assert set(zip(table["feature"], table["level"], strict=True)) == levels


@pytest.mark.parametrize(
    ("deals", "features", "n_rows"),
    [
        (simulated_deals(10, seed=9).head(0), FEATURES, 0),
        (simulated_deals(500, seed=9, n_reps=4), [], 0),
        (simulated_deals(500, seed=9).assign(size="alike"), ["size"], 1),
        (simulated_deals(1, seed=9), FEATURES, 3),
        (simulated_deals(500, seed=9).assign(is_won=1), FEATURES, 9),
    ],
    ids=["no deals", "no features", "one level", "one deal", "all won"],
)
def test_little_data_make_a_table_of_the_same_types(deals, features, n_rows):
    full = win_rate_drivers(simulated_deals(500, seed=9))
    for rules in (RULES, replace(RULES, min_outcomes=0, min_deals_per_level=1)):
        table = win_rate_drivers(deals, features, rules=rules)
        assert len(table) == n_rows
        assert (table.dtypes == full.dtypes).all()
        assert claims_of(table) == {}
        assert not table["statement"].str.contains("nan").any()


def test_levels_that_separate_only_together_leave_the_others_as_they_are():
    deals = simulated_deals(4000, seed=13, effects=PLANTED)
    deals["region"] = np.random.default_rng(13).choice(["East", "West", "North"], 4000)
    is_large, is_east = deals["size"] == "large", deals["region"] == "East"
    deals["is_won"] = np.select([is_large & is_east, ~is_large & ~is_east], [1, 0], deals["is_won"])
    table = keyed(win_rate_drivers(deals, [*FEATURES, "region"]))
    assert table.loc[("industry", "FinTech"), "evidence"] == "helps"
    assert table.loc[("source", "Partner"), "evidence"] == "hurts"
    assert np.isfinite(table[["effect_pp", "effect_pp_low", "effect_pp_high"]]).all(axis=None)


def test_a_difference_below_min_effect_pp_is_no_claim():
    deals = simulated_deals(4000, seed=14, effects=PLANTED | {("size", "large"): 1.5})
    table = win_rate_drivers(deals, rules=replace(RULES, min_effect_pp=14))
    assert {feature for feature, _ in claims_of(table)} == {"size"}
    assert keyed(table).loc[("source", "Partner"), "q_value"] < 0.001


def test_a_small_level_is_never_claimed():
    deals = simulated_deals(3000, seed=10, effects=PLANTED)
    deals.loc[:19, ["source", "is_won"]] = ["Fair", 0]
    deals.loc[:2, "is_won"] = 1
    table = win_rate_drivers(deals).set_index(["feature", "level"])
    assert "(20 deals)" in table.loc[("source", "Fair"), "statement"]
    assert table.loc[("source", "Fair"), "evidence"] == "too few deals"


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        (pd.DataFrame({"a": ["x"], "n_deals": [1]}), "lack the columns n_won"),
        (pd.DataFrame({"a": ["x"], "n_deals": [1], "n_won": [2]}), "more won deals than deals"),
    ],
)
def test_impossible_profiles_are_refused(profiles, message):
    with pytest.raises(ValueError, match=message):
        drivers.win_rate_drivers(profiles, profiles, ["a"], [], "signal", RULES)
