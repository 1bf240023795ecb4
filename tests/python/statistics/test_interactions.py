from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics import interactions, verdict
from winrate.statistics.profile_regression import profile_model
from winrate.statistics.regression import indicator
from winrate.statistics.score_tests import score_tests
from winrate.statistics.verdict import assess

STRONG = {("industry", "FinTech"): 1.0, ("source", "Partner"): -1.2, ("size", "large"): 0.8}
PAIR = ("industry", "FinTech", "source", "Partner")
CLAIMS = ["better together", "worse together"]


def most_runs_that_may_claim(n_runs: int) -> int:
    """5% of the runs, and the 97.5% point of the binomial distribution around it."""
    return int(stats.binom.ppf(0.975, n_runs, 0.05))


def with_pair(deals: pd.DataFrame, win_rate: float, seed: int) -> pd.DataFrame:
    """The deals with another win rate where industry FinTech meets source Partner."""
    together = (deals["industry"] == "FinTech") & (deals["source"] == "Partner")
    won = np.random.default_rng(seed).random(len(deals)) < win_rate
    return deals.assign(is_won=np.where(together, won, deals["is_won"]).astype(int))


def one_pair(profiles: pd.DataFrame, pair: tuple[str, str, str, str]):
    """The score test of a pair beside the main effects."""
    feature_1, level_1, feature_2, level_2 = pair
    is_in = (profiles[feature_1] == level_1) & (profiles[feature_2] == level_2)
    model = profile_model(profiles, FEATURES).fit()
    return score_tests(model, [indicator("pair", is_in.to_numpy())])


def rare_wins(seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Profiles of 5,000 deals of which 5% are won by chance alone, with many small pairs."""
    rng = np.random.default_rng(seed)
    features = [f"feature_{number}" for number in range(5)]
    share = 1 / np.arange(1, 9)
    levels = rng.choice(list("abcdefgh"), (5000, len(features)), p=share / share.sum())
    deals = pd.DataFrame(levels, columns=features)
    deals["is_won"] = (rng.random(5000) < 0.05).astype(int)
    return profiles_of(deals, features), features


def segment_pairs(
    profiles: pd.DataFrame, features: list[str] = FEATURES, max_features: int = 12, **rules: int
) -> pd.DataFrame:
    changed = replace(RULES, **rules)
    verdict = assess(profiles, features, changed).verdict
    return interactions.segment_pairs(profiles, features, verdict, changed, max_features)


def n_deals_of(deals: pd.DataFrame, pair: tuple[str, str, str, str]) -> int:
    feature_1, level_1, feature_2, level_2 = pair
    return int(((deals[feature_1] == level_1) & (deals[feature_2] == level_2)).sum())


def keyed(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index(interactions.KEY)


def statsmodels_design(deals: pd.DataFrame, features: list[str] = FEATURES) -> pd.DataFrame:
    return sm.add_constant(pd.get_dummies(deals[features], drop_first=True, dtype=float))


def test_the_p_value_is_that_of_the_score_test_of_statsmodels():
    deals = simulated_deals(30_000, seed=1, effects=STRONG)
    table = segment_pairs(profiles_of(deals))
    assert len(table) == 4 * 3 + 4 * 2 + 3 * 2
    design = statsmodels_design(deals)
    fit = sm.GLM(deals["is_won"], design, family=sm.families.Binomial()).fit(tol=1e-12)
    for row in table.itertuples():
        in_pair = (deals[row.feature_1] == row.level_1) & (deals[row.feature_2] == row.level_2)
        _, p_value = fit.score_test(exog_extra=in_pair.to_numpy(float)[:, None])
        assert row.p_value == pytest.approx(p_value.item(), rel=1e-5)


def test_the_saddlepoint_is_near_the_likelihood_ratio():
    deals = with_pair(simulated_deals(1500, seed=1, effects=STRONG), 0.75, 1)
    tests = one_pair(profiles_of(deals), PAIR)
    design = statsmodels_design(deals)
    together = (deals["industry"] == "FinTech") & (deals["source"] == "Partner")
    binomial = sm.families.Binomial()
    fits = [
        sm.GLM(deals["is_won"], exog, family=binomial).fit()
        for exog in (design, np.column_stack([design, together]))
    ]
    assert tests.z[1] ** 2 == pytest.approx(fits[0].deviance - fits[1].deviance, rel=0.05)


def test_the_expectation_is_the_mean_probability_under_the_main_effects():
    deals = simulated_deals(3000, seed=2, effects=STRONG)
    design = statsmodels_design(deals)
    fit = sm.GLM(deals["is_won"], design, family=sm.families.Binomial()).fit(tol=1e-12)
    together = (deals["industry"] == "FinTech") & (deals["source"] == "Partner")
    row = keyed(segment_pairs(profiles_of(deals))).loc[PAIR]
    assert row["expected_win_rate"] == pytest.approx(fit.predict(design)[together].mean())
    win_rate = deals.loc[together, "is_won"].mean()
    assert row["difference_pp"] == pytest.approx(100 * (win_rate - row["expected_win_rate"]))


@pytest.mark.parametrize(("win_rate", "claim"), [(0.75, CLAIMS[0]), (0.15, CLAIMS[1])])
@pytest.mark.parametrize("seed", range(3))
def test_a_planted_pair_is_found_and_stands_first(win_rate, claim, seed):
    deals = with_pair(simulated_deals(4000, seed), win_rate, seed)
    first = segment_pairs(profiles_of(deals)).iloc[0]
    assert tuple(first[interactions.KEY]) == PAIR
    assert (first["rank"], first["evidence"]) == (1, claim)
    more_or_less = "more" if claim == CLAIMS[0] else "less"
    assert f"points {more_or_less} than the" in first["statement"]
    assert f"{n_deals_of(deals, PAIR)} deals)" in first["statement"]


@pytest.mark.slow
def test_where_only_separate_effects_are_planted_few_builds_name_a_pair():
    n_runs = 16
    tables = [
        segment_pairs(profiles_of(simulated_deals(1500, seed, STRONG))) for seed in range(n_runs)
    ]
    n_claiming = sum(table["evidence"].isin(CLAIMS).any() for table in tables)
    assert n_claiming <= most_runs_that_may_claim(n_runs)
    p_value = pd.concat(tables)["p_value"]
    assert (p_value < 0.05).mean() == pytest.approx(0.05, abs=0.02)


def test_rare_wins_do_not_make_pairs():
    n_runs = 8
    tables = [segment_pairs(*rare_wins(seed)) for seed in range(n_runs)]
    assert sum(table["evidence"].isin(CLAIMS).any() for table in tables) <= 1
    table = pd.concat(tables)
    is_far_above = (table["p_value"] < 2 * stats.norm.sf(3)) & (table["difference_pp"] > 0)
    expected = len(table) * stats.norm.sf(3)
    assert is_far_above.sum() <= stats.poisson.ppf(0.99, 1.2 * expected)


def test_without_a_signal_no_pair_is_claimed():
    deals = with_pair(simulated_deals(4000, seed=1), 0.47, 1)
    # Together the pair wins far more often, its levels by themselves no more than others.
    is_pair = (deals["industry"] == "FinTech") & (deals["source"] == "Partner")
    beside = ((deals["industry"] == "FinTech") | (deals["source"] == "Partner")) & ~is_pair
    rng = np.random.default_rng(1)
    rate = np.select([is_pair, beside], [0.62, 0.40], 0.457)
    deals["is_won"] = (rng.random(4000) < rate).astype(int)
    table = segment_pairs(profiles_of(deals))
    pair = keyed(table).loc[PAIR]
    assert pair["q_value"] < 0.001
    claims_anything = verdict.model_verdict(profiles_of(deals), FEATURES, RULES)["verdict"][0]
    assert (pair["evidence"] in CLAIMS) == (claims_anything == "signal")


def test_a_difference_below_min_effect_pp_is_no_claim():
    deals = with_pair(simulated_deals(4000, seed=1, effects=STRONG), 0.75, 1)
    pair = keyed(segment_pairs(profiles_of(deals))).loc[PAIR]
    assert pair["evidence"] == CLAIMS[0]
    above = segment_pairs(profiles_of(deals), min_effect_pp=abs(pair["difference_pp"]) + 1)
    assert not above["evidence"].isin(CLAIMS).any()
    assert keyed(above).loc[PAIR, "inconclusive_because"] == "too small to act on"
    assert "; too small to act on)" in keyed(above).loc[PAIR, "statement"]


def test_a_pair_whose_interval_excludes_zero_and_is_no_claim_says_why():
    deals = with_pair(simulated_deals(4000, seed=1, effects=STRONG), 0.75, 1)
    table = segment_pairs(profiles_of(deals), max_other_q_value=0)
    pair = keyed(table).loc[PAIR]
    assert pair["difference_pp_low"] > 0 and pair["evidence"] == "inconclusive"
    assert pair["inconclusive_because"] == f"may be chance among {len(table)} pairs"
    assert f"; {pair['inconclusive_because']})" in pair["statement"]


def test_noise_among_reps_of_one_industry_each_makes_few_pairs():
    n_runs = 10
    n_claiming = 0
    for seed in range(n_runs):
        deals = simulated_deals(1500, seed, STRONG, n_reps=12, rep_sd=0.5)
        n_claiming += segment_pairs(profiles_of(deals))["evidence"].isin(CLAIMS).any()
    assert n_claiming <= 2


def with_noise_features(deals: pd.DataFrame, n_features: int, seed: int) -> pd.DataFrame:
    levels = np.random.default_rng(seed).choice(list("abc"), (len(deals), n_features))
    return deals.assign(**{f"noise_{k}": levels[:, k] for k in range(n_features)})


def test_of_many_features_those_with_the_strongest_effects_are_paired():
    deals = with_noise_features(simulated_deals(4000, 1, STRONG), 6, 1)
    features = [*FEATURES, *(f"noise_{k}" for k in range(6))]
    table = segment_pairs(profiles_of(deals, features), features, max_features=3)
    assert set(table["feature_1"]) | set(table["feature_2"]) == {"industry", "source", "size"}


def test_pairs_of_the_strongest_of_many_features_keep_their_error():
    features = [*FEATURES, *(f"noise_{k}" for k in range(6))]
    n_runs, n_claiming = 40, 0
    for seed in range(n_runs):
        deals = with_noise_features(simulated_deals(1500, seed, STRONG), 6, seed)
        table = segment_pairs(
            profiles_of(deals, features), features, max_features=4, max_other_q_value=0.05
        )
        n_claiming += table["evidence"].isin(CLAIMS).any()
    assert n_claiming <= most_runs_that_may_claim(n_runs)


def test_the_interval_excludes_zero_exactly_where_the_p_value_is_below_0_05():
    tables = [segment_pairs(*rare_wins(seed)) for seed in range(5)]
    tables.append(segment_pairs(profiles_of(simulated_deals(4000, 3, STRONG))))
    table = pd.concat(tables)
    table = table[table["p_value"].notna()]
    excludes_zero = (table["difference_pp_low"] > 0) | (table["difference_pp_high"] < 0)
    assert (excludes_zero == (table["p_value"] < 0.05)).all()
    assert excludes_zero.any()
    assert (table["difference_pp_low"] <= table["difference_pp"]).all()
    assert (table["difference_pp_high"] >= table["difference_pp"]).all()


def test_names_of_levels_and_order_of_rows_do_not_matter():
    profiles = profiles_of(with_pair(simulated_deals(2000, 4, STRONG), 0.5, 4))
    table = keyed(segment_pairs(profiles))
    shuffled = keyed(segment_pairs(profiles.sample(frac=1, random_state=0)))
    pd.testing.assert_frame_equal(table, shuffled, rtol=1e-8)

    # Reversed, so that every feature has another level as its reference.
    new_names = {
        name: f"level {50 - place}"
        for place, name in enumerate(sorted(set(profiles[FEATURES].to_numpy().ravel())))
    }
    renamed = profiles.replace(dict.fromkeys(FEATURES, new_names))
    renamed = segment_pairs(renamed, FEATURES)
    old_names = {new: old for old, new in new_names.items()}
    renamed = keyed(renamed.replace({"level_1": old_names, "level_2": old_names})).loc[table.index]
    columns = ["difference_pp", "difference_pp_low", "difference_pp_high", "p_value", "q_value"]
    pd.testing.assert_frame_equal(table[columns], renamed[columns], rtol=1e-6)
    assert (table["evidence"] == renamed["evidence"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_swapped_outcomes_flip_every_sign(seed):
    deals = with_pair(simulated_deals(2000, seed, STRONG), 0.1, seed)
    table, swapped = (
        keyed(segment_pairs(profiles_of(rows))).sort_index()
        for rows in (deals, deals.assign(is_won=1 - deals["is_won"]))
    )
    for column, mirrored in [
        ("difference_pp", "difference_pp"),
        ("difference_pp_low", "difference_pp_high"),
    ]:
        np.testing.assert_allclose(table[column], -swapped[mirrored], atol=1e-6)
    np.testing.assert_allclose(table["p_value"], swapped["p_value"], rtol=1e-5)
    flipped = swapped["evidence"].replace(dict(zip(CLAIMS, CLAIMS[::-1], strict=True)))
    assert (table["evidence"] == flipped).all()


def test_pairs_with_few_deals_have_no_row():
    deals = simulated_deals(2000, seed=5)
    counts = deals.groupby(["industry", "source"]).size()
    table = segment_pairs(profiles_of(deals), FEATURES, min_deals_per_level=counts.max())
    assert all(n_deals_of(deals, pair) >= counts.max() for pair in keyed(table).index)
    both = table[(table["feature_1"] == "industry") & (table["feature_2"] == "source")]
    assert list(zip(both["level_1"], both["level_2"], strict=True)) == [counts.idxmax()]


def test_pairs_have_the_features_in_the_order_of_the_settings():
    table = segment_pairs(profiles_of(simulated_deals(2000, seed=6)), FEATURES[::-1])
    assert set(zip(table["feature_1"], table["feature_2"], strict=True)) == {
        ("size", "source"),
        ("size", "industry"),
        ("source", "industry"),
    }


@pytest.mark.parametrize(("n_won", "n_lost"), [(39, 400), (400, 39), (0, 0), (0, 500)])
def test_too_few_outcomes_make_an_empty_table_of_the_right_types(n_won, n_lost):
    deals = simulated_deals(n_won + n_lost, seed=7).assign(
        is_won=np.repeat([1, 0], [n_won, n_lost])
    )
    table = segment_pairs(profiles_of(deals))
    assert table.empty
    full = segment_pairs(profiles_of(simulated_deals(500, seed=7)))
    assert (table.dtypes == full.dtypes).all()


def test_claims_on_few_outcomes_carry_low_evidence():
    deals = with_pair(simulated_deals(700, seed=8), 0.98, seed=8)
    for low_evidence_outcomes, is_low in [(200, False), (400, True)]:
        table = segment_pairs(
            profiles_of(deals), FEATURES, low_evidence_outcomes=low_evidence_outcomes
        )
        claims = table.loc[table["evidence"].isin(CLAIMS), "statement"]
        assert len(claims) > 0
        assert (claims.str.contains("low evidence") == is_low).all()


def test_a_feature_that_refines_another_is_not_tested_with_it():
    deals = simulated_deals(3000, seed=9, effects=STRONG)
    deals["sector"] = deals["industry"].map(lambda name: "Tech" if "Tech" in name else "Trade")
    features = ["sector", *FEATURES]
    table = segment_pairs(profiles_of(deals, features), features)
    nested = (table["feature_1"] == "sector") & (table["feature_2"] == "industry")
    assert nested.sum() == 4
    assert table.loc[nested, ["p_value", "q_value", "difference_pp_low"]].isna().all(axis=None)
    assert (table.loc[nested, "evidence"] == "inconclusive").all()
    assert (
        table.loc[nested, "statement"]
        .str.contains("the pair has no effect apart from those of its levels")
        .all()
    )
    assert table.loc[~nested, "p_value"].notna().all()


def test_the_own_effect_of_a_partly_repeated_feature_is_no_interaction():
    # 'Unknown' in the same deals: one level of `size` repeats one of `source`, the others do not.
    deals = simulated_deals(6000, seed=10, effects={("size", "large"): 2.0})
    deals.loc[::10, ["source", "size"]] = "Unknown"
    # Partners bring large deals into one industry only.
    is_partner = (deals["industry"] == "SaaS") & (deals["source"] == "Partner")
    deals = deals[~is_partner | (deals["size"] == "large")]
    profiles = profiles_of(deals)
    design = statsmodels_design(deals).drop(columns="size_small")  # repeats the others
    fit = sm.GLM(deals["is_won"], design, family=sm.families.Binomial()).fit(tol=1e-12)
    table = segment_pairs(profiles)
    for row in table.itertuples():
        in_pair = (deals[row.feature_1] == row.level_1) & (deals[row.feature_2] == row.level_2)
        assert row.expected_win_rate == pytest.approx(fit.fittedvalues[in_pair].mean(), abs=1e-7)
    assert not table["evidence"].isin(CLAIMS).any()
    repeated = keyed(table).loc[("source", "Unknown", "size", "Unknown")]
    assert np.isnan(repeated["p_value"])


def test_a_level_that_was_never_won_makes_no_pair_significant():
    deals = simulated_deals(3000, seed=11, effects=STRONG)
    deals.loc[:149, ["size", "is_won"]] = ["unpriced", 0]
    table = segment_pairs(profiles_of(deals))
    never_won = table[table["level_2"] == "unpriced"]
    assert len(never_won) > 0
    assert never_won["difference_pp"].abs().max() < 1
    assert (never_won["evidence"] == "inconclusive").all()


@pytest.mark.parametrize(
    ("deals", "features"),
    [
        (simulated_deals(500, 1, n_reps=4), []),
        (simulated_deals(500, 1), ["size"]),
        (simulated_deals(500, 1).assign(size="alike", source="alike"), FEATURES),
        (simulated_deals(1, 1), FEATURES),
        (simulated_deals(60, 1).assign(is_won=1), FEATURES),
    ],
    ids=["no features", "one feature", "one level", "one deal", "all won"],
)
def test_without_pairs_the_table_is_empty(deals, features):
    assert segment_pairs(profiles_of(deals, features), features).empty
    found = segment_pairs(profiles_of(deals, features), features, min_outcomes=0)
    assert found.empty


def test_levels_that_separate_only_together_leave_the_other_pairs_as_they_are():
    deals = with_pair(simulated_deals(6000, seed=12), 0.8, seed=12)
    # Large deals of region East are all won, small ones in the West all lost; no level is certain.
    deals["region"] = np.random.default_rng(12).choice(["East", "West"], len(deals))
    is_large, is_east = deals["size"] == "large", deals["region"] == "East"
    deals["is_won"] = np.select([is_large & is_east, ~is_large & ~is_east], [1, 0], deals["is_won"])
    table = segment_pairs(profiles_of(deals, [*FEATURES, "region"]), [*FEATURES, "region"])
    assert tuple(table.loc[0, interactions.KEY]) == PAIR
    assert table.loc[0, "evidence"] == "better together"
    certain = keyed(table).loc[
        [("size", "large", "region", "East"), ("size", "small", "region", "West")]
    ]
    assert (certain["p_value"] > 0.9).all()
    assert certain["difference_pp"].abs().max() < 0.1


@pytest.mark.parametrize(
    ("profiles", "message"),
    [
        (pd.DataFrame({"a": ["x"], "n_deals": [1]}), "lack the columns n_won"),
        (pd.DataFrame({"a": ["x"], "n_deals": [1], "n_won": [2]}), "more won deals than deals"),
    ],
)
def test_impossible_profiles_are_refused(profiles, message):
    with pytest.raises(ValueError, match=message):
        segment_pairs(profiles, ["a"])
