import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics import drivers, profile_regression, verdict
from winrate.statistics.profile_regression import LeftOutCode

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}


def win_rate_drivers(
    profiles: pd.DataFrame, features: list[str] = FEATURES, known_at_close: tuple[str, ...] = ()
) -> pd.DataFrame:
    return drivers.win_rate_drivers(profiles, features, list(known_at_close), RULES)


def verdict_of(profiles: pd.DataFrame) -> pd.Series:
    return verdict.model_verdict(profiles, FEATURES, RULES).iloc[0]


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
    table = win_rate_drivers(profiles_of(deals))
    effects = table.set_index(["feature", "level"])["effect_pp"]
    expected = row_level_effects(deals)
    assert len(effects) == len(expected) == 9
    np.testing.assert_allclose(effects[expected.index], expected, atol=1e-8)


def test_the_fit_agrees_with_unpenalised_scikit_learn():
    deals = simulated_deals(3000, seed=2, effects=PLANTED)
    one_hot = pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12)
    expected = model.fit(one_hot, deals["is_won"]).predict_proba(one_hot)[:, 1]
    fit = profile_regression.fit_profiles(profiles_of(deals), FEATURES)
    probability = 1 / (1 + np.exp(-fit.linear_predictor))
    by_profile = fit.profiles[FEATURES].assign(probability=probability)
    np.testing.assert_allclose(
        deals.merge(by_profile, on=FEATURES)["probability"], expected, atol=1e-6
    )


def test_planted_drivers_are_found_and_features_without_effect_are_inconclusive():
    profiles = profiles_of(simulated_deals(5000, seed=3, effects=PLANTED))
    table = win_rate_drivers(profiles).set_index(["feature", "level"])
    assert table.loc[("industry", "FinTech"), "evidence"] == "helps"
    assert table.loc[("source", "Partner"), "evidence"] == "hurts"
    assert (table.loc[table["feature_p_value"] > 0.05, "evidence"] == "inconclusive").all()
    assert verdict_of(profiles)["verdict"] == "signal"


def test_the_interval_and_the_wald_test_agree():
    table = win_rate_drivers(profiles_of(simulated_deals(4000, 4, PLANTED)))
    z_of_effect = (
        table["effect_pp"] / (table["effect_pp_high"] - table["effect_pp_low"]) * 2 * drivers.Z_95
    )
    np.testing.assert_allclose(z_of_effect, table["coefficient"] / table["std_error"], rtol=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_swapped_outcomes_flip_every_sign(seed):
    deals = simulated_deals(2000, seed, PLANTED)
    swapped = deals.assign(is_won=1 - deals["is_won"])
    effects, flipped = (
        win_rate_drivers(profiles_of(rows)).set_index(["feature", "level"])
        for rows in (deals, swapped)
    )
    flipped = flipped.loc[effects.index]
    np.testing.assert_allclose(effects["effect_pp"], -flipped["effect_pp"], atol=1e-8)
    np.testing.assert_allclose(effects["p_value"], flipped["p_value"], rtol=1e-6)


def test_renamed_levels_and_shuffled_rows_change_nothing():
    deals = simulated_deals(2000, seed=14, effects=PLANTED)
    renamed = deals.replace({"industry": {"EdTech": "Zoo", "SaaS": "Alpha"}}).sample(
        frac=1, random_state=1
    )
    before, after = (win_rate_drivers(profiles_of(rows)) for rows in (deals, renamed))
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
    table = win_rate_drivers(profiles_of(deals))
    leaking = table[table["feature"] == "size"]
    assert (leaking["left_out_code"] == LeftOutCode.LEAKS_OUTCOME).all()
    assert (leaking["left_out_because"] == "leaks the outcome").all()
    assert (leaking["evidence"] == "inconclusive").all()
    assert leaking["statement"].str.contains("the feature leaks the outcome").all()

    others = win_rate_drivers(profiles_of(deals, FEATURES[:2]), FEATURES[:2])
    kept = table[table["feature"] != "size"].reset_index(drop=True)
    np.testing.assert_allclose(kept["effect_pp"], others["effect_pp"], atol=1e-8)
    assert kept["evidence"].isin(["helps", "hurts"]).any()


def test_a_level_that_was_never_won_is_left_out_with_its_deals():
    deals = simulated_deals(2000, seed=6, effects=PLANTED)
    deals.loc[:49, ["size", "is_won"]] = ["unpriced", 0]
    table = win_rate_drivers(profiles_of(deals)).set_index(["feature", "level"])
    never_won = table.loc[("size", "unpriced")]
    assert np.isnan(never_won["effect_pp"])
    assert never_won["left_out_code"] == LeftOutCode.ALL_LOST
    assert never_won["left_out_because"] == "all lost"
    assert "all its deals were lost" in never_won["statement"]

    others = win_rate_drivers(profiles_of(deals[deals["size"] != "unpriced"]))
    others = others.set_index(["feature", "level"])["coefficient"]
    np.testing.assert_allclose(table.loc[others.index, "coefficient"], others, atol=1e-8)


def test_a_feature_that_repeats_another_gets_no_estimate_of_its_own():
    deals = simulated_deals(2000, seed=7, effects=PLANTED)
    deals["sector"] = "sector " + deals["industry"]
    features = [*FEATURES, "sector"]
    table = win_rate_drivers(profiles_of(deals, features), features)
    repeated = table[table["feature"] == "sector"]
    assert repeated["effect_pp"].isna().all()
    assert (repeated["left_out_because"] == "repeats industry").all()
    assert (repeated["left_out_code"] == LeftOutCode.REPEATS).all()
    assert repeated["statement"].str.contains("determined by industry").all()
    assert (table.loc[table["feature"] == "industry", "effect_pp"].notna()).all()


def test_a_level_missing_in_the_same_deals_of_two_features_does_not_cost_a_feature():
    deals = simulated_deals(3000, seed=13, effects=PLANTED)
    deals.loc[:299, ["industry", "source"]] = "Unknown"
    profiles = profiles_of(deals)
    table = win_rate_drivers(profiles).set_index(["feature", "level"])
    assert np.isnan(table.loc[("source", "Unknown"), "effect_pp"])
    assert table.loc[("source", "Unknown"), "left_out_because"] == "repeats other features"
    assert table.loc[("source", "Partner"), "evidence"] == "hurts"

    # The fitted probabilities are those of a fit in which only the repeated column is dropped.
    design = pd.get_dummies(deals[FEATURES], dtype=float)
    design = sm.add_constant(
        design.drop(columns=["industry_EdTech", "source_Inbound", "size_large", "source_Unknown"])
    )
    expected = sm.Logit(deals["is_won"], design).fit(disp=0, method="newton", tol=1e-14)
    fitted = profile_regression.fit_profiles(profiles, FEATURES).probability(deals)
    np.testing.assert_allclose(fitted, expected.predict(design), atol=1e-8)


def test_a_feature_with_one_level_is_left_out():
    deals = simulated_deals(1000, seed=7).assign(size="all alike")
    table = win_rate_drivers(profiles_of(deals)).set_index("feature")
    assert table.loc["size", "left_out_code"] == LeftOutCode.ONE_LEVEL


def test_a_feature_known_at_close_is_described_and_is_no_lever():
    profiles = profiles_of(simulated_deals(3000, seed=3, effects=PLANTED))
    table = win_rate_drivers(profiles, known_at_close=("source",))
    claimed = table[table["evidence"].isin(["helps", "hurts"])]
    is_lever = ~claimed["statement"].str.contains("not actionable")
    assert (is_lever == (claimed["known_at"] == "creation")).all()
    assert set(claimed["known_at"]) == {"creation", "close"}


@pytest.mark.parametrize(("n_deals", "is_low"), [(300, True), (1500, False)])
def test_claims_on_few_outcomes_carry_low_evidence(n_deals, is_low):
    strong = {("industry", "FinTech"): 2.0, ("source", "Partner"): -2.0}
    profiles = profiles_of(simulated_deals(n_deals, seed=12, effects=strong))
    table = win_rate_drivers(profiles)
    claimed = table[table["evidence"].isin(["helps", "hurts"])]
    assert len(claimed) > 0
    assert (claimed["statement"].str.contains("low evidence") == is_low).all()
    row = verdict_of(profiles)
    assert ("low evidence" in row["statement"]) == is_low


@pytest.mark.parametrize(("n_won", "n_lost"), [(39, 400), (400, 39), (0, 100), (100, 0), (1, 0)])
def test_too_few_outcomes_make_tables_but_no_claims(n_won, n_lost):
    deals = simulated_deals(n_won + n_lost, seed=8)
    deals["is_won"] = np.repeat([1, 0], [n_won, n_lost])
    row = verdict_of(profiles_of(deals))
    assert row["verdict"] == "too few deals"
    assert f"{n_won} won and {n_lost} lost" in row["statement"]
    table = win_rate_drivers(profiles_of(deals))
    assert (table["evidence"] == "too few deals").all()
    levels = {(name, level) for name in FEATURES for level in deals[name].unique()}
    assert set(zip(table["feature"], table["level"], strict=True)) == levels


def test_a_verdict_on_which_the_score_test_disagrees_says_so():
    profiles = profiles_of(simulated_deals(150, seed=70))
    row = verdict_of(profiles)
    assert row["lr_p_value"] < 0.05 and row["verdict"] == "no signal"
    assert "p = 0.049, but 0.059 by the score test; low evidence)" in row["statement"]


def test_no_deals_at_all_make_empty_tables():
    nothing = profiles_of(simulated_deals(10, seed=9)).head(0)
    assert win_rate_drivers(nothing, FEATURES).empty
    assert verdict_of(nothing)["verdict"] == "too few deals"


def test_a_small_level_is_never_claimed():
    deals = simulated_deals(3000, seed=10, effects=PLANTED)
    deals.loc[:19, ["source", "is_won"]] = ["Fair", 0]
    deals.loc[:2, "is_won"] = 1
    table = win_rate_drivers(profiles_of(deals)).set_index(["feature", "level"])
    assert "(20 deals)" in table.loc[("source", "Fair"), "statement"]
    assert table.loc[("source", "Fair"), "evidence"] == "too few deals"


def test_auc_and_its_interval_equal_those_of_single_deals():
    rng = np.random.default_rng(11)
    probability = np.round(rng.random(400), 1)
    is_won = (rng.random(400) < probability).astype(float)
    groups = pd.DataFrame({"p": probability, "won": is_won, "lost": 1 - is_won}).groupby("p").sum()
    auc, low, high = verdict.auc_with_interval(
        groups.index.to_numpy(), groups["won"].to_numpy(), groups["lost"].to_numpy()
    )
    assert auc == pytest.approx(roc_auc_score(is_won, probability))

    # DeLong by its definition: the placement of every won deal among the lost ones, and back.
    won, lost = probability[is_won == 1], probability[is_won == 0]
    wins = (won[:, None] > lost).astype(float) + 0.5 * (won[:, None] == lost)
    error = np.sqrt(
        wins.mean(axis=1).var(ddof=1) / len(won) + wins.mean(axis=0).var(ddof=1) / len(lost)
    )
    assert (low, high) == pytest.approx((auc - drivers.Z_95 * error, auc + drivers.Z_95 * error))


def test_brier_score_equals_that_of_single_deals():
    probability, won, lost = np.array([0.2, 0.7]), np.array([1.0, 6.0]), np.array([4.0, 2.0])
    rows = np.repeat([0.2, 0.7], [5, 8])
    outcomes = [1, 0, 0, 0, 0] + [1] * 6 + [0] * 2
    assert verdict.brier_score(probability, won, lost) == pytest.approx(
        brier_score_loss(outcomes, rows)
    )


def test_minimum_deals_reproduces_the_published_example():
    # Riley et al. (2020), BMJ 368:m441: 24 parameters at a Cox-Snell R2 of 0.288 need 623.
    assert verdict.riley_minimum_deals(24, win_rate=0.5, r2=0.288) == 623


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        (pd.DataFrame({"a": ["x"], "n_deals": [1]}), "lack the columns n_won"),
        (pd.DataFrame({"a": ["x"], "n_deals": [1], "n_won": [2]}), "more won deals than deals"),
    ],
)
def test_impossible_profiles_are_refused(profiles, message):
    with pytest.raises(ValueError, match=message):
        win_rate_drivers(profiles, ["a"])
