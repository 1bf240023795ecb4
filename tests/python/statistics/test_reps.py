import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from support.simulate import FEATURES, RULES, profiles_of, rep_totals, simulated_deals
from winrate.statistics import reps

CLAIMS = ["above", "below"]
PLANTED = {("industry", "FinTech"): 0.8, ("source", "Partner"): -0.8}


def performance(deals: pd.DataFrame, features: list[str] = FEATURES) -> pd.DataFrame:
    """The reps of single deals."""
    table = reps.rep_performance(rep_totals(deals), profiles_of(deals, features), features, RULES)
    return table.set_index("sales_rep_id")


def one_team(**of_rep: tuple[int, int]) -> pd.DataFrame:
    """Reps with (closed, won) deals that differ in nothing else."""
    table = pd.DataFrame.from_dict(of_rep, orient="index", columns=["n_deals", "n_won"])
    totals = table.rename_axis("sales_rep_id").reset_index()
    profiles = totals.assign(n_holdout_deals=0, n_holdout_won=0)
    found = reps.rep_performance(totals, profiles[profiles["n_deals"] > 0], [], RULES)
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
    assert set(team["spread_evidence"]) == {"differs"}
    assert team.loc["lucky", "statement"] == (
        "lucky has closed 6 deals and won 6: too few to compare (30 are needed)."
    )
    assert team.loc["good", "statement"] == (
        "good won 70.0% of 200 deals, 16.5 points above the 53.5% that all reps together win "
        "of such deals: more than expected by chance among so many reps."
    )


def test_deals_without_a_rep_are_compared_with_none_and_move_no_rep():
    reps_of_team = {f"rep_{number}": (200, 85 + number) for number in range(10)}
    alone = one_team(**reps_of_team)
    team = one_team(**reps_of_team, Unknown=(400, 0))
    pd.testing.assert_frame_equal(team.drop("Unknown"), alone)
    missing = team.loc["Unknown"]
    assert missing["evidence"] == "inconclusive"
    assert missing["statement"] == "Without a rep: 400 deals closed, of which 0 were won."
    assert (
        missing[["difference_pp", "expected_win_rate", "shrunk_win_rate", "q_value"]].isna().all()
    )


def test_without_features_the_test_is_that_of_a_rep_against_all():
    team = one_team(a=(4000, 1900), b=(3000, 1300), c=(2000, 900), only_open=(0, 0))
    assert team["expected_win_rate"].dropna().tolist() == pytest.approx([4100 / 9000] * 3)
    expected = stats.chi2_contingency([[1900, 2100], [2200, 2800]], correction=False).pvalue
    assert team.loc["a", "p_value"] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(team.loc["only_open", "p_value"])


def test_reps_who_differ_by_chance_are_all_inconclusive():
    team = one_team(a=(200, 92), b=(200, 90), c=(200, 88), d=(1, 1))
    assert set(team["evidence"]) == {"inconclusive", "too few deals"}
    assert set(team["spread_evidence"]) == {"inconclusive"}
    np.testing.assert_allclose(team["shrunk_win_rate"], 271 / 601)
    assert "reps differ no more than expected by chance" in team.loc["a", "statement"]


def test_no_rep_is_claimed_where_the_reps_together_differ_by_chance():
    alike = {f"rep_{number}": (200, 90) for number in range(40)}
    team = one_team(**alike, odd=(200, 117))
    assert team.loc["odd", "q_value"] < 0.05
    assert team.loc["odd", "spread_p_value"] > 0.05
    assert team.loc["odd", "evidence"] == "inconclusive"
    assert team.loc["odd", "difference_pp_low"] > 0
    because = "reps differ no more than expected by chance"
    assert team["inconclusive_because"].dropna().to_dict() == {"odd": because}


def test_the_spread_of_reps_with_equal_deals_is_tested_by_pearsons_chi_squared():
    n_won = [1900, 1830, 1700]
    team = one_team(**{name: (4000, won) for name, won in zip("abc", n_won, strict=True)})
    counts = [n_won, [4000 - won for won in n_won]]
    expected = stats.chi2_contingency(counts, correction=False).pvalue
    assert team["spread_p_value"].tolist() == pytest.approx([expected] * 3, rel=1e-6)


def test_the_expected_win_rate_is_that_of_a_model_without_reps():
    deals = simulated_deals(3000, 1, PLANTED, n_reps=12)
    quarter = np.repeat(["2026 Q1", "2026 Q2", "2026 Q3"], 1000)
    table = performance(deals.assign(closed_quarter=quarter))
    design = pd.get_dummies(deals[FEATURES].assign(quarter=quarter), drop_first=True, dtype=float)
    fit = sm.GLM(deals["is_won"], sm.add_constant(design), family=sm.families.Binomial())
    by_rep = deals.assign(expected=fit.fit(tol=1e-12).fittedvalues).groupby("sales_rep_id")
    expected = by_rep["expected"].mean()
    np.testing.assert_allclose(table["expected_win_rate"], expected, atol=1e-8)
    np.testing.assert_allclose(
        table["observed_minus_expected_pp"], 100 * (by_rep["is_won"].mean() - expected), atol=1e-6
    )


def test_a_weak_industry_does_not_make_its_reps_weak():
    n_claimed = 0
    for seed in range(5):
        table = performance(simulated_deals(2400, seed, {("industry", "Retail"): -1.5}, n_reps=12))
        n_claimed += table["evidence"].isin(CLAIMS).any()
        # Without regard to their deals, all three of them are far below the others.
        retail = table.loc[["rep_03", "rep_07", "rep_11"]]
        assert (retail["difference_pp_high"] < 0).all()
        assert retail["observed_minus_expected_pp"].abs().max() < 10
    assert n_claimed <= 1


@pytest.mark.parametrize("seed", range(3))
def test_a_weak_rep_in_a_usual_industry_is_below(seed):
    deals = simulated_deals(2400, seed, PLANTED, n_reps=12)
    is_lost = (deals["sales_rep_id"] == "rep_05") & (np.arange(2400) % 3 > 0)
    table = performance(deals.assign(is_won=deals["is_won"].where(~is_lost, 0)))
    assert table.loc["rep_05", "evidence"] == "below"
    assert not table.drop(index="rep_05")["evidence"].eq("below").any()
    assert "below the" in table.loc["rep_05", "statement"]
    # The intercept moves the expected win rate towards the one observed.
    win_rate = deals.groupby("sales_rep_id")["is_won"].mean()
    win_rate = table["expected_win_rate"] + table["observed_minus_expected_pp"] / 100
    is_between = table["shrunk_win_rate"].between(win_rate, table["expected_win_rate"])
    assert is_between["rep_05"]
    rest = (win_rate - table["expected_win_rate"]).abs() > 0.05
    moved = (table["shrunk_win_rate"] - table["expected_win_rate"]) * (
        win_rate - table["expected_win_rate"]
    )
    assert (moved[rest] > 0).all()


@pytest.mark.parametrize(
    "of_rep",
    [
        {"alone": (500, 200)},
        {"alone": (1, 1)},
        {"open_only": (0, 0)},
        {"a": (50, 50), "b": (50, 50)},
        {"a": (50, 0), "b": (50, 0)},
    ],
    ids=["one rep", "one deal", "no closed deal", "all won", "all lost"],
)
def test_little_data_makes_rows_but_no_claims(of_rep):
    team = one_team(**of_rep)
    assert (team["evidence"] == "too few deals").all()
    assert team["statement"].str.endswith(".").all()
    assert not team["statement"].str.contains("nan").any()
    assert set(team["spread_evidence"]) == {"too few deals"}
    assert team["spread_p_value"].isna().all()


def test_without_reps_there_are_no_rows():
    nothing = simulated_deals(10, 1, n_reps=3).head(0)
    table = performance(nothing)
    assert table.empty
    assert list(table.columns) == [name for name in reps.TYPES if name != "sales_rep_id"]


def test_reps_may_be_a_feature_too():
    deals = simulated_deals(1000, 2, n_reps=5)
    as_feature = performance(deals, [*FEATURES, "sales_rep_id"])
    pd.testing.assert_frame_equal(as_feature, performance(deals))


def test_a_difference_below_min_effect_pp_is_no_claim():
    team = one_team(
        **{f"rep_{number}": (200_000, 90_000) for number in range(5)}, odd=(200_000, 91_500)
    )
    assert team.loc["odd", "q_value"] < 0.001
    assert 0 < team.loc["odd", "observed_minus_expected_pp"] < 1
    assert set(team["evidence"]) == {"inconclusive"}


def test_false_claims_are_rare_where_all_reps_are_alike():
    n_teams = 30
    tables = [
        performance(simulated_deals(1000, seed, PLANTED, n_reps=10)) for seed in range(n_teams)
    ]
    n_claiming = sum(table["evidence"].isin(CLAIMS).any() for table in tables)
    assert n_claiming <= stats.binom.ppf(0.99, n_teams, 0.05)
    n_differing = sum(table["spread_p_value"].iloc[0] < 0.05 for table in tables)
    assert n_differing <= stats.binom.ppf(0.99, n_teams, 0.05)
