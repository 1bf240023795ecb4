from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from support.simulate import RULES
from winrate.statistics import teams

CLAIMS = ["above", "below"]


def performance(profiles: pd.DataFrame, features: list[str], rules=RULES) -> pd.DataFrame:
    """The teams of profiles with `team`, `sales_rep_id` and counts."""
    totals = profiles.groupby("team", as_index=False)[["n_deals", "n_won"]].sum()
    return teams.team_performance(totals, profiles, features, rules).set_index("team")


def simulated_teams(
    seed: int,
    n_teams: int = 0,
    n_reps: int = 0,
    correlation: float = 0.1,
    effect: float = 0.0,
    deals_per_rep: int = 0,
) -> pd.DataFrame:
    """Profiles of reps in teams, by industry. 0 teams, reps or deals: 4 to 10, 3 to 8, 30 to 200.

    correlation: of the deals of one rep (intraclass, of the latent logistic variable). effect:
        log-odds that the first team adds.
    """
    rng = np.random.default_rng(seed)
    sd = np.sqrt(correlation / (1 - correlation)) * np.pi / np.sqrt(3)
    rows = []
    for team in range(n_teams or rng.integers(4, 11)):
        for rep in range(n_reps or rng.integers(3, 9)):
            of_rep = rng.normal(0, sd) + effect * (team == 0) - 0.2
            n_deals = (deals_per_rep or rng.integers(30, 201)) // 2
            for industry, of_industry in (("SaaS", 0.0), ("Retail", 0.5)):
                probability = 1 / (1 + np.exp(-of_rep - of_industry))
                n_won = rng.binomial(n_deals, probability)
                rows.append((f"team_{team}", f"rep_{team}_{rep}", industry, n_deals, n_won))
    return pd.DataFrame(rows, columns=["team", "sales_rep_id", "industry", "n_deals", "n_won"])


def reps_of(**of_team: list[tuple[int, int]]) -> pd.DataFrame:
    """Profiles of reps with (closed, won) deals that differ in nothing else."""
    rows = [
        (team, f"{team}_{number}", *counts)
        for team, reps in of_team.items()
        for number, counts in enumerate(reps)
    ]
    return pd.DataFrame(rows, columns=["team", "sales_rep_id", "n_deals", "n_won"])


def test_a_team_whose_reps_all_win_more_is_above():
    table = performance(simulated_teams(1, 5, 6, correlation=0, effect=1.0), ["industry"])
    assert table["evidence"].to_dict()["team_0"] == "above"
    assert set(table["spread_evidence"]) == {"differs"}
    assert table.loc["team_0", "observed_minus_expected_pp_low"] > 0
    assert "that all teams together win of such deals (95% interval " in table["statement"].iloc[0]
    assert table["statement"].iloc[0].endswith("more than expected by chance among so many teams.")


def test_one_good_rep_does_not_make_a_team():
    """400 deals of two unlike reps are not 400 independent deals."""
    table = performance(
        reps_of(
            luck=[(200, 150), (200, 90)],
            one=[(200, 120), (200, 60)],
            two=[(200, 110), (200, 70)],
            three=[(200, 130), (200, 60)],
        ),
        [],
    )
    others = pd.Series([180, 180, 190], index=["one", "two", "three"])
    alone = stats.chi2_contingency([[240, 160], [others.sum(), 1200 - others.sum()]])
    assert alone.pvalue < 0.001
    assert table.loc["luck", "p_value"] > 0.05
    assert not table["evidence"].isin(CLAIMS).any()
    assert table["rep_sd"].iloc[0] > 0.3


def test_reps_who_are_alike_leave_the_test_of_independent_deals():
    """As of a rep: Pearson's chi-squared, but for the t distribution of few reps."""
    table = performance(
        reps_of(a=[(1000, 450)] * 4, b=[(1000, 470)] * 4, c=[(1000, 440)] * 4),
        [],
    )
    assert table["rep_sd"].iloc[0] == 0
    pearson = stats.chi2_contingency([[1800, 2200], [3640, 4360]], correction=False).statistic
    expected = 2 * stats.t.sf(np.sqrt(pearson), 12 - 3)
    assert table.loc["a", "p_value"] == pytest.approx(expected, rel=1e-6)
    of_all = stats.chi2_contingency([[1800, 1880, 1760], [2200, 2120, 2240]], correction=False)
    spread = stats.f.sf(of_all.statistic / 2, 2, 12 - 3)
    assert table["spread_p_value"].tolist() == pytest.approx([spread] * 3, rel=1e-6)


def test_the_expected_win_rate_is_that_of_a_model_without_teams():
    profiles = simulated_teams(3, 4, 3)
    table = performance(profiles, ["industry"])
    design = sm.add_constant((profiles["industry"] == "SaaS").astype(float))
    outcomes = profiles[["n_won"]].assign(lost=profiles["n_deals"] - profiles["n_won"])
    fitted = sm.GLM(outcomes, design, family=sm.families.Binomial()).fit(tol=1e-12).fittedvalues
    expected = (fitted * profiles["n_deals"]).groupby(profiles["team"]).sum()
    n_deals = profiles.groupby("team")["n_deals"].sum()
    np.testing.assert_allclose(table["expected_win_rate"], expected / n_deals, atol=1e-8)


def test_a_team_with_difficult_deals_is_not_a_bad_team():
    """Of which 30% are won, and 70% of the others, by every rep."""
    difficult = reps_of(hard=[(180, 54)] * 4, usual=[(100, 30)] * 4, too=[(100, 30)] * 4)
    easy = reps_of(hard=[(20, 14)] * 4, usual=[(100, 70)] * 4, too=[(100, 70)] * 4)
    parts = [difficult.assign(industry="SaaS"), easy.assign(industry="Retail")]
    table = performance(pd.concat(parts, ignore_index=True), ["industry"])
    assert table.loc["hard", "expected_win_rate"] == pytest.approx(0.34)
    np.testing.assert_allclose(table["observed_minus_expected_pp"], 0, atol=1e-6)
    assert set(table["evidence"]) == {"inconclusive"}


def test_the_long_run_win_rate_lies_between_the_expected_and_the_observed_one():
    table = performance(simulated_teams(5, 6, 4, effect=1.5), ["industry"])
    kept = 100 * (table["shrunk_win_rate"] - table["expected_win_rate"])
    assert 0 < kept["team_0"] < table.loc["team_0", "observed_minus_expected_pp"]
    alike = performance(reps_of(a=[(500, 200)] * 3, b=[(500, 201)] * 3, c=[(500, 199)] * 3), [])
    np.testing.assert_allclose(alike["shrunk_win_rate"], alike["expected_win_rate"])


def test_a_rep_who_changed_the_team_and_deals_without_a_rep_are_one_rep_in_each():
    profiles = reps_of(a=[(100, 40)] * 3, b=[(100, 45)] * 3)
    apart = performance(profiles, [])
    names = profiles["sales_rep_id"].str.replace("[ab]_0", "moved", regex=True)
    names = names.str.replace("[ab]_1", "Unknown", regex=True)
    pd.testing.assert_frame_equal(performance(profiles.assign(sales_rep_id=names), []), apart)


@pytest.mark.parametrize(
    "of_team",
    [
        {"alone": [(100, 40)] * 3},
        {"a": [(500, 300)], "b": [(500, 200)]},
        {"a": [(100, 100)] * 2, "b": [(100, 100)] * 2},
        {"a": [(20, 10)] * 2, "b": [(5, 2)] * 2},
    ],
    ids=["one team", "a rep each", "all won", "few deals"],
)
def test_little_data_makes_rows_but_no_claims(of_team):
    table = performance(reps_of(**of_team), [])
    assert set(table["evidence"]) == {"too few deals"}
    assert table["statement"].str.endswith(".").all()
    assert not table["statement"].str.contains("nan").any()
    assert not table["inconclusive_because"].notna().any()


def test_a_team_without_closed_deals_and_no_team_at_all_have_no_claims():
    totals = pd.DataFrame({"team": ["open"], "n_deals": [0], "n_won": [0]})
    nothing = reps_of(a=[(1, 1)]).head(0)
    [row] = teams.team_performance(totals, nothing, [], RULES).to_dict("records")
    assert row["evidence"] == "too few deals" and np.isnan(row["p_value"])
    assert teams.team_performance(totals.head(0), nothing, [], RULES).empty


def test_a_feature_that_is_the_team_leaves_nothing_to_compare():
    profiles = simulated_teams(6, 4, 3)
    table = performance(profiles.assign(region=profiles["team"]), ["region"])
    assert set(table["evidence"]) == {"too few deals"}
    np.testing.assert_allclose(table["observed_minus_expected_pp"], 0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_teams", "n_reps", "n"), [(0, 0, 100), (4, 3, 200)], ids=["4 to 10", "4 of 3 reps"]
)
def test_false_claims_are_rare_where_reps_differ_and_teams_do_not(n_teams, n_reps, n):
    """In `n` companies, of which none has a team with an effect, at the level of the project."""
    rules = replace(RULES, max_other_q_value=0.01)
    tables = [
        performance(simulated_teams(seed, n_teams, n_reps), ["industry"], rules)
        for seed in range(n)
    ]
    n_claiming = sum(table["evidence"].isin(CLAIMS).any() for table in tables)
    assert n_claiming <= stats.binom.ppf(0.99, n, 0.01)
    n_differing = sum(table["spread_evidence"].eq("differs").any() for table in tables)
    assert n_differing <= stats.binom.ppf(0.99, n, 0.05)
    # Nor are the tests too cautious: an interval of 95% misses about one team in twenty.
    misses = np.concatenate([table["p_value"].to_numpy() < 0.05 for table in tables]).mean()
    assert 0.02 < misses < 0.07
