from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics import verdict
from winrate.statistics.profile_regression import profile_model
from winrate.statistics.proportions import Z_95
from winrate.statistics.verdict import Assessment, Holdout

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}
STRONG = {("industry", "FinTech"): 1.2, ("source", "Partner"): -1.2}


def verdict_of(deals: pd.DataFrame, features: list[str] = FEATURES, rules=RULES) -> pd.Series:
    return verdict.model_verdict(profiles_of(deals, features), features, rules).iloc[0]


def test_the_likelihood_ratio_and_the_score_test_are_those_of_statsmodels():
    deals = simulated_deals(3000, 1, PLANTED)
    test = verdict.signal_test(profile_model(profiles_of(deals), FEATURES))
    design = pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float)
    binomial = sm.families.Binomial()
    full = sm.GLM(deals["is_won"], sm.add_constant(design), family=binomial).fit(tol=1e-12)
    null = sm.GLM(deals["is_won"], np.ones(3000), family=binomial).fit(tol=1e-12)
    assert test.lr_statistic == pytest.approx(null.deviance - full.deviance)
    assert test.degrees == 6
    assert test.lr_p_value == pytest.approx(stats.chi2.sf(test.lr_statistic, 6))
    _, expected = null.score_test(exog_extra=design.to_numpy())
    assert test.score_p_value == pytest.approx(expected, rel=1e-6)
    assert test.p_value == max(test.lr_p_value, test.score_p_value)
    row = verdict_of(deals)
    assert (row["verdict"], row["lr_df"]) == ("signal", 6)
    assert row["lr_p_value"] == test.lr_p_value


def test_the_quality_on_the_holdout_is_that_of_a_model_of_the_other_deals():
    deals = simulated_deals(2000, 2, STRONG)
    found = verdict.holdout_quality(profiles_of(deals), FEATURES)
    one_hot = pd.get_dummies(deals[FEATURES], dtype=float)
    model = LogisticRegression(C=1, solver="newton-cholesky", tol=1e-8)
    model.fit(one_hot[:1600], deals["is_won"][:1600])
    probability = model.predict_proba(one_hot[1600:])[:, 1]
    won = deals["is_won"][1600:]
    assert found.auc == pytest.approx(roc_auc_score(won, probability), abs=1e-6)
    assert found.brier == pytest.approx(brier_score_loss(won, probability), abs=1e-6)
    base_rate = deals["is_won"][:1600].mean()
    errors = (won - base_rate) ** 2, (won - probability) ** 2
    assert found.brier_baseline == pytest.approx(errors[0].mean())
    gain = errors[0] - errors[1]
    low = gain.mean() - 1.644854 * gain.std(ddof=0) / np.sqrt(400)
    assert found.brier_gain_low == pytest.approx(low, abs=1e-6)


def test_a_feature_that_was_left_out_as_a_leak_is_named_with_its_size():
    profiles = profiles_of(simulated_deals(3000, 4, STRONG))
    row = verdict.model_verdict(profiles, FEATURES, RULES, {"tags": 0.972, "reason": 0.91}).iloc[0]
    assert row["verdict"] == "signal"
    assert row["suspected_feature"] == "tags"
    assert row["statement"].endswith(
        "Tags and Reason are suspected to leak the outcome (Tags alone ranks a won deal above a "
        "lost one 97.2% of the time) and left out: check when it is filled in."
    )


def test_with_nothing_beside_a_suspected_leak_there_is_no_verdict_and_no_score():
    profiles = profiles_of(simulated_deals(3000, 4, STRONG))
    row = verdict.model_verdict(profiles, [], RULES, {"tags": 0.972}).iloc[0]
    assert row["verdict"] == "suspected leak"
    assert row["holdout_withheld_because"] == "the verdict is 'suspected leak'"
    assert row["statement"].startswith("There is no feature to compare (3,000 closed deals)")
    without = verdict.model_verdict(profiles, [], RULES).iloc[0]
    assert without["verdict"] == "no signal"
    assert without["statement"].startswith("There is no feature to compare (3,000 closed deals)")


def test_a_signal_is_no_leak():
    row = verdict_of(simulated_deals(3000, 4, STRONG))
    assert row["verdict"] == "signal"
    assert pd.isna(row["suspected_feature"]) and pd.isna(row["holdout_withheld_because"])
    assert row["statement"].startswith(
        "The features discriminate between won and lost deals (3,000 closed deals, p < 0.001). "
        "On the latest closed deals, which the model was not fitted on, it ranks a won deal above "
    )


@pytest.mark.parametrize(
    ("assessment", "reason"),
    [
        (Assessment("signal", Holdout(0.7, 0.65, 0.75, brier_gain_low=0.01)), None),
        (Assessment("no signal", Holdout(0.7, 0.65, 0.75)), "the verdict is 'no signal'"),
        (Assessment("too few deals", Holdout()), "the verdict is 'too few deals'"),
        (
            Assessment("signal", Holdout(0.54, 0.49, 0.6, brier_gain_low=0.01)),
            "on the holdout the scores rank deals no better than chance",
        ),
        (
            Assessment("signal", Holdout()),
            "on the holdout the scores rank deals no better than chance",
        ),
        (
            Assessment("signal", Holdout(0.7, 0.65, 0.75, brier_gain_low=-0.001)),
            "on the holdout the scores predict no better than the base rate",
        ),
    ],
)
def test_a_score_is_withheld_for_a_reason(assessment, reason):
    assert assessment.holdout_withheld_because == reason


def test_a_signal_that_is_gone_on_the_holdout_gives_no_score():
    deals = simulated_deals(2000, 5, STRONG)
    later = simulated_deals(2000, 6, {key: -value for key, value in STRONG.items()})
    deals.loc[1600:] = later.loc[1600:]
    row = verdict_of(deals)
    assert row["verdict"] == "signal"
    assert row["holdout_withheld_because"].startswith("on the holdout the scores rank deals")


def test_the_verdict_on_noise_is_rarely_a_signal():
    n_runs = 40
    p_values = [
        verdict.signal_test(
            profile_model(profiles_of(simulated_deals(600, seed, n_reps=12, rep_sd=0.5)), FEATURES)
        ).p_value
        for seed in range(n_runs)
    ]
    assert (np.array(p_values) < 0.05).sum() <= stats.binom.ppf(0.99, n_runs, 0.05)


@pytest.mark.parametrize(("n_won", "n_lost"), [(39, 400), (400, 39), (0, 100), (100, 0), (1, 0)])
def test_too_few_outcomes_make_no_verdict(n_won, n_lost):
    deals = simulated_deals(n_won + n_lost, seed=8)
    deals["is_won"] = np.repeat([1, 0], [n_won, n_lost])
    row = verdict_of(deals)
    assert row["verdict"] == "too few deals"
    assert row["statement"] == (
        f"{n_won} won and {n_lost} lost deals are too few to say what drives the win rate: "
        "40 of each are needed."
    )
    assert row["holdout_withheld_because"] == "the verdict is 'too few deals'"
    assert pd.isna(row[list(verdict.MEASURES)]).all()
    # With one outcome there is nothing to fit, whatever the settings say.
    without_a_minimum = verdict_of(deals, rules=replace(RULES, min_outcomes=0))
    assert (without_a_minimum["verdict"] == "too few deals") == (min(n_won, n_lost) == 0)


def test_no_deals_at_all_make_a_row():
    row = verdict_of(simulated_deals(10, seed=9).head(0))
    assert (row["verdict"], row["n_won"], row["n_lost"]) == ("too few deals", 0, 0)


@pytest.mark.parametrize("features", [[], ["currency"]])
def test_without_a_feature_that_differs_there_is_no_signal(features):
    row = verdict_of(simulated_deals(500, 10, n_reps=4).assign(currency="EUR"), features)
    assert (row["verdict"], row["lr_df"], row["lr_p_value"]) == ("no signal", 0, 1)
    assert row["minimum_deals"] > 0
    assert np.isnan(row["auc"])


def test_a_verdict_on_which_the_score_test_disagrees_says_so():
    # Of small data sets without effects, one whose likelihood-ratio test alone is significant.
    for seed in range(400):
        deals = simulated_deals(150, seed)
        test = verdict.signal_test(profile_model(profiles_of(deals), FEATURES))
        if test.lr_p_value < 0.05 < test.score_p_value:
            break
    row = verdict_of(deals)
    assert row["verdict"] == "no signal"
    assert f"but {test.score_p_value:.3f} by the score test; low evidence)" in row["statement"]


@pytest.mark.parametrize(("n_deals", "is_low"), [(300, True), (1500, False)])
def test_a_verdict_on_few_outcomes_carries_low_evidence(n_deals, is_low):
    row = verdict_of(simulated_deals(n_deals, 12, STRONG))
    assert ("low evidence" in row["statement"]) == is_low


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
    assert (low, high) == pytest.approx((auc - Z_95 * error, auc + Z_95 * error))
    with pytest.raises(ValueError, match="won and lost deals"):
        verdict.auc_with_interval(np.array([0.5]), np.array([1.0]), np.array([0.0]))


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
        verdict.model_verdict(profiles, ["a"], RULES)
