from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics.profile_regression import ProfileModel, profile_model
from winrate.statistics.regression import Factor
from winrate.statistics.step_down import Candidates, Named, name_levels


def candidates(model: ProfileModel, factor: Factor, **changed) -> Candidates:
    """The levels of a feature beside all others, as `win_rate_drivers` tests them."""
    found = Candidates(
        factors=[factor],
        null=lambda named, before: model.fit([*model.without(factor), *named], start=before),
        may_name=np.ones(factor.size, dtype=bool),
        preference=factor.sums(model.counts.n_deals),
    )
    return replace(found, **changed)


def names_in(deals: pd.DataFrame, rules=RULES, **changed) -> dict[str, tuple[Named, list[str]]]:
    """Per feature, what is found and the named levels in order; all are one family."""
    model = profile_model(profiles_of(deals), FEATURES)
    found = name_levels(
        [candidates(model, factor, **changed) for factor in model.features],
        rules.max_q_value,
        rules.min_effect_pp,
    )
    names = {}
    for factor, named in zip(model.features, found, strict=True):
        order = np.argsort(named.order)
        levels = [factor.levels[level] for level in order if named.is_named[level]]
        names[factor.name] = named, levels
    return names


def levels_of(deals: pd.DataFrame, feature: str, **changed) -> list[str]:
    return names_in(deals, **changed)[feature][1]


def test_one_bad_level_is_named_and_its_siblings_are_not():
    bad, n_siblings = {("industry", "Retail"): -1.0}, 0
    for seed in range(10):
        named, levels = names_in(simulated_deals(4000, seed, bad))["industry"]
        assert levels[0] == "Retail"
        n_siblings += len(levels) > 1
        # Before the bad level is set aside, the others are above the average.
        siblings = named.first.p_value[[0, 1, 3]]
        assert (named.first.z[[0, 1, 3]] > 0).all() and (siblings < 0.05).sum() >= 2
    assert n_siblings <= 1


def test_a_named_level_is_measured_against_those_that_are_not():
    bad = {("industry", "Retail"): -1.0}
    named, levels = names_in(simulated_deals(20_000, 1, bad))["industry"]
    assert levels == ["Retail"]
    assert named.order.tolist() == [-1, -1, 0, -1]
    assert named.z[2] == named.first.z[2] < -10
    # 45% and, at 1 log-odds less, 23%; to first order.
    assert named.size_pp[2] == pytest.approx(-22, abs=3)
    assert np.abs(named.size_pp[[0, 1, 3]]).max() < 3
    by_name = [factor.name for factor in named.model.columns.factors]
    assert by_name == ["source", "size", "industry=Retail"]


@pytest.mark.parametrize("seed", range(3))
def test_two_opposite_levels_are_both_named_the_stronger_one_first(seed):
    opposite = {("industry", "Retail"): -1.2, ("industry", "FinTech"): 0.8}
    assert levels_of(simulated_deals(4000, seed, opposite), "industry") == ["Retail", "FinTech"]


def test_of_two_levels_one_is_named_the_one_with_fewer_deals_or_in_the_direction():
    deals = simulated_deals(3000, 2, {("size", "large"): 0.8})
    is_dropped = (deals["size"] == "small") & (np.arange(3000) % 3 == 0)
    few_small = deals[~is_dropped]
    named, levels = names_in(few_small)["size"]
    assert levels == ["small"]
    # The other one is determined by it: it is not tested again.
    assert np.isnan(named.p_value[0]) and np.isnan(named.q_value[0])
    assert named.first.p_value[0] == pytest.approx(named.p_value[1])
    assert levels_of(few_small, "size", direction=1.0) == ["large"]
    assert levels_of(few_small, "size", direction=-1.0) == ["small"]


def test_a_difference_below_min_effect_pp_is_not_named():
    deals = simulated_deals(4000, 3, {("industry", "Retail"): -1.0, ("source", "Partner"): -0.4})
    assert levels_of(deals, "source") == ["Partner"]
    names = names_in(deals, replace(RULES, min_effect_pp=15))
    assert [levels for _, levels in names.values()] == [["Retail"], [], []]
    assert names["source"][0].q_value.min() < 0.001
    names = names_in(deals, replace(RULES, min_effect_pp=100))
    assert not any(levels for _, levels in names.values())


def test_a_level_that_may_not_be_named_is_not_tested():
    deals = simulated_deals(4000, 4, {("size", "large"): 0.8})
    model = profile_model(profiles_of(deals), FEATURES)
    factor = model.features[2]
    for may_name in ([True, False], [False, False]):
        (named,) = name_levels([candidates(model, factor, may_name=np.array(may_name))], 0.05, 1)
        assert named.is_named.tolist() == may_name
        assert (np.isnan(named.p_value) == ~np.array(may_name)).all()


def test_families_are_corrected_together_by_the_number_of_tests_and_looks():
    deals = simulated_deals(1000, 5)
    model = profile_model(profiles_of(deals), FEATURES)
    families = [candidates(model, factor) for factor in model.features]
    for n_looks in (1, 3):
        found = name_levels(families, 0.05, 1, n_looks)
        assert not any(named.is_named.any() for named in found)
        p_value = np.concatenate([named.p_value for named in found])
        q_value = np.concatenate([named.q_value for named in found])
        np.testing.assert_allclose(q_value, np.minimum(9 * n_looks * p_value, 1), rtol=1e-12)


def test_each_level_is_corrected_by_the_levels_that_were_tested_beside_it():
    deals = simulated_deals(4000, 6, {("source", "Partner"): -1.0})
    model = profile_model(profiles_of(deals), FEATURES)
    found = name_levels([candidates(model, factor) for factor in model.features], 0.05, 1)
    is_named = np.concatenate([named.is_named for named in found])
    p_value = np.concatenate([named.p_value for named in found])
    q_value = np.concatenate([named.q_value for named in found])
    assert is_named.sum() == 1
    # Holm (1979): the first of nine tests, then the other eight.
    expected = np.where(is_named, 9, 8) * p_value
    np.testing.assert_allclose(q_value, np.minimum(expected, 1), rtol=1e-12)


def test_a_level_named_in_one_family_is_set_aside_in_the_other():
    bad = {("industry", "Retail"): -1.0}
    few, many = (
        profile_model(profiles_of(simulated_deals(n_deals, 7, bad)), FEATURES)
        for n_deals in (80, 4000)
    )
    families = [candidates(model, model.features[0]) for model in (few, many)]
    (alone,) = name_levels(families[:1], 0.05, 1)
    of_few, of_many = name_levels(families, 0.05, 1)
    assert not alone.is_named.any() and not len(alone.set_aside)
    assert of_many.is_named.tolist() == [False, False, True, False]
    assert not of_few.is_named.any() and of_few.set_aside.tolist() == [2]
    assert of_few.q_value[2] >= 0.05
    named = families[0].factors[0].levels[2]
    assert named == "Retail"
    assert [factor.name for factor in of_few.model.columns.factors][-1] == "industry=Retail"


def test_little_is_named_where_nothing_differs():
    n_runs = 20
    n_naming = sum(
        any(levels for _, levels in names_in(simulated_deals(1000, seed)).values())
        for seed in range(100, 100 + n_runs)
    )
    assert n_naming <= 3
