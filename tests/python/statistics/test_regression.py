from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics import regression
from winrate.statistics.drivers import win_rate_drivers
from winrate.statistics.profile_regression import profile_model
from winrate.statistics.regression import Counts, Factor, Regression, columns_of, fit, indicator
from winrate.statistics.score_tests import degrees, score_tests

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}


def of_profiles(profiles: pd.DataFrame, features=FEATURES) -> tuple[Counts, list[Factor]]:
    """Counts and factors, of which the first level is the reference."""
    has_reps = "sales_rep_id" in profiles
    groups = Factor.of("sales_rep_id", profiles["sales_rep_id"]) if has_reps else None
    n_deals, n_won = (profiles[name].to_numpy(float) for name in ("n_deals", "n_won"))
    factors = [replace(Factor.of(name, profiles[name]), reference=0) for name in features]
    return Counts(n_deals, n_won, groups), factors


def fitted(profiles: pd.DataFrame, features=FEATURES, **named) -> Regression:
    counts, factors = of_profiles(profiles, features)
    return fit(counts, columns_of(counts, factors), **named)


def glm(deals: pd.DataFrame, features=FEATURES):
    """A binomial regression on single deals by statsmodels."""
    design = sm.add_constant(pd.get_dummies(deals[features], drop_first=True, dtype=float))
    return sm.GLM(deals["is_won"], design, family=sm.families.Binomial()).fit(tol=1e-14)


# ---- without groups


def test_a_fit_on_counts_equals_one_on_single_deals():
    deals = simulated_deals(3000, 1, PLANTED)
    model, expected = fitted(profiles_of(deals)), glm(deals)
    np.testing.assert_allclose(model.estimate, expected.params, atol=1e-8)
    np.testing.assert_allclose(model.covariance, expected.cov_params(), atol=1e-8)
    assert model.log_likelihood == pytest.approx(expected.llf, abs=1e-8)
    assert model.penalised_log_likelihood == model.log_likelihood
    gradient = np.random.default_rng(1).normal(size=(2, len(model.estimate)))
    variance = model.variance(gradient, np.zeros((2, 0)))
    np.testing.assert_allclose(
        variance, np.diag(gradient @ expected.cov_params().to_numpy() @ gradient.T)
    )


def test_with_many_deals_the_score_tests_are_those_of_statsmodels():
    deals = simulated_deals(12_000, 2, PLANTED)
    model = fitted(profiles_of(deals), ["industry"])
    _, (source, size) = of_profiles(profiles_of(deals), ["source", "size"])
    tests = score_tests(model, [source, size])
    expected = glm(deals, ["industry"])
    one_hot = pd.get_dummies(deals[["source", "size"]], dtype=float)
    for place, column in enumerate(one_hot.to_numpy().T):
        statistic, p_value = expected.score_test(exog_extra=column[:, None])
        assert tests.z[place] ** 2 == pytest.approx(statistic, abs=1e-6)
        assert tests.p_value[place] == pytest.approx(p_value, rel=1e-6)
    joint = tests.joint()
    extra = one_hot.drop(columns=["source_Inbound", "size_large"]).to_numpy()
    statistic, p_value = expected.score_test(exog_extra=extra)
    assert joint.statistic == pytest.approx(statistic, abs=1e-6)
    assert joint.degrees == 3
    assert joint.p_value == pytest.approx(p_value, rel=1e-6)
    of_source = tests.of(slice(0, 3)).joint()
    statistic, _ = expected.score_test(exog_extra=extra[:, :2])
    assert (of_source.statistic, of_source.degrees) == (pytest.approx(statistic, abs=1e-6), 2)


@pytest.mark.parametrize("n_won", [4, 6, 9])
def test_with_few_won_deals_the_tail_is_that_of_the_binomial_distribution(n_won):
    # 40 deals among 100,000, of which 5% are won: next to nothing is estimated from the 40.
    counts = Counts(np.array([40.0, 99_960]), np.array([n_won, 5000.0 - n_won]))
    model = fit(counts, columns_of(counts, []))
    tests = score_tests(model, [indicator("few", np.array([True, False]))])
    mid_p = stats.binom.sf(n_won, 40, 0.05) + stats.binom.pmf(n_won, 40, 0.05) / 2
    assert stats.norm.sf(tests.z[1]) == pytest.approx(mid_p, rel=0.25)
    by_normal_tail = stats.norm.sf(tests.score[1] / np.sqrt(tests.variance[1]))
    assert by_normal_tail < 0.85 * mid_p


def test_the_two_levels_of_a_feature_have_the_same_test():
    deals = simulated_deals(400, 7, {("size", "large"): -0.9})
    deals = deals[(deals["size"] == "large") | (np.arange(400) % 4 == 0)]
    model = fitted(profiles_of(deals), FEATURES[:2])
    _, (size,) = of_profiles(profiles_of(deals), ["size"])
    z = score_tests(model, [size]).z
    assert z[0] == -z[1] != 0


def test_a_level_that_the_model_determines_is_not_tested():
    deals = simulated_deals(1000, 3).assign(sector=lambda rows: "sector " + rows["industry"])
    profiles = profiles_of(deals, [*FEATURES, "sector"])
    model = fitted(profiles)
    _, (sector,) = of_profiles(profiles, ["sector"])
    tests = score_tests(model, [sector])
    assert np.isnan(tests.z).all()
    np.testing.assert_allclose(tests.own_share, 0, atol=1e-9)
    assert tests.joint().degrees == 0
    assert np.isnan(tests.joint().p_value)


def test_nothing_to_test_makes_empty_tests():
    model = fitted(profiles_of(simulated_deals(500, 4), ["size"]), ["size"])
    tests = score_tests(model, [])
    assert len(tests.z) == len(tests.p_value) == 0
    assert tests.joint().degrees == 0


def test_a_level_that_never_won_has_a_finite_estimate_and_a_tiny_p_value():
    deals = simulated_deals(2000, 5, PLANTED)
    deals.loc[:59, ["size", "is_won"]] = ["unpriced", 0]
    profiles = profiles_of(deals)
    model = fitted(profiles)
    _, factors = of_profiles(profiles)
    design = np.column_stack(
        [
            np.ones(len(profiles)),
            pd.get_dummies(profiles[FEATURES], drop_first=True, dtype=float),
        ]
    )
    lost = profiles["n_deals"] - profiles["n_won"]

    def loss(estimate: np.ndarray) -> float:
        log_odds = design @ estimate
        fit_of_counts = profiles["n_won"] @ log_odds - profiles["n_deals"] @ np.logaddexp(
            0, log_odds
        )
        prior = estimate[-1] / 2 - np.logaddexp(0, estimate[-1])  # log-F(1, 1)
        return -(fit_of_counts + prior)

    expected = optimize.minimize(loss, np.zeros(design.shape[1]), method="BFGS", tol=1e-9).x
    np.testing.assert_allclose(model.estimate, expected, atol=1e-4)
    assert -10 < model.estimate[-1] < -4
    assert lost[profiles["size"] == "unpriced"].sum() == 60
    tests = score_tests(fitted(profiles, FEATURES[:2]), [factors[2]])
    # The probability that 60 deals are lost, at a win rate of 45%, is 3e-16.
    assert 1e-18 < tests.p_value[2] < 1e-10


def test_levels_that_separate_only_together_do_not_disturb_the_others():
    deals = simulated_deals(1500, 6, PLANTED)
    is_large, is_inbound = deals["size"] == "large", deals["source"] == "Inbound"
    won = np.select([is_large & is_inbound, ~is_large & ~is_inbound], [1, 0], deals["is_won"])
    profiles = profiles_of(deals.assign(is_won=won))
    model = fitted(profiles)
    counts = model.counts
    score = model.columns.sums(counts.n_won - counts.n_deals * model.probability)
    np.testing.assert_allclose(score, 0, atol=1e-4)
    assert np.isfinite(model.covariance).all()
    # In the limit the certain deals give no information; the model of the others is the same.
    open_to_both = deals.assign(is_won=won)[is_large != is_inbound]
    design = pd.get_dummies(open_to_both[FEATURES], drop_first=True, dtype=float)
    design = sm.add_constant(design.drop(columns="size_small"))  # determined by the source
    limit = sm.GLM(open_to_both["is_won"], design, family=sm.families.Binomial()).fit(tol=1e-14)
    names = [f"industry_{level}" for level in ("FinTech", "Retail", "SaaS")]
    place = model.columns.of("industry")
    np.testing.assert_allclose(model.coefficient[place][1:], limit.params[names], atol=1e-3)
    assert model.log_likelihood == pytest.approx(limit.llf, abs=1e-3)


@pytest.mark.parametrize(
    ("n_deals", "n_won"),
    [([], []), ([3], [3]), ([1], [0]), ([5, 4], [5, 4]), ([1e6, 2], [1, 1])],
    ids=["no rows", "one row, all won", "one deal", "all won", "rare"],
)
def test_tiny_data_give_finite_numbers(n_deals, n_won):
    counts = Counts(np.array(n_deals, float), np.array(n_won, float))
    level = Factor.of("level", pd.Series([f"level {n}" for n in range(len(n_deals))], dtype=str))
    for factors in ([], [level]) if n_deals else ([],):
        model = fit(counts, columns_of(counts, factors))
        assert np.isfinite(model.estimate).all()
        assert model.probability.shape == counts.n_deals.shape
        assert np.isfinite(model.covariance).all()
        score_tests(model, [level])


# ---- with groups


def with_reps(n_deals: int, seed: int, n_reps: int = 12, rep_sd: float = 0.6) -> pd.DataFrame:
    return profiles_of(simulated_deals(n_deals, seed, PLANTED, n_reps, rep_sd))


@pytest.mark.parametrize("n_reps", [0, 12])
def test_single_deals_give_the_same_fits_and_score_tests_as_profiles(n_reps):
    deals = simulated_deals(3000, 5, PLANTED, n_reps, 0.6)
    single = deals.assign(n_deals=1, n_won=deals["is_won"])
    expected, found = (fitted(rows, ["source", "size"]) for rows in (profiles_of(deals), single))
    assert len(found.probability) == 3000
    np.testing.assert_allclose(found.estimate, expected.estimate, atol=1e-7)
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-6)
    assert found.group_sd == pytest.approx(expected.group_sd, abs=1e-6)
    tests = [
        score_tests(model, [Factor.of("industry", rows["industry"])])
        for model, rows in ((expected, profiles_of(deals)), (found, single))
    ]
    np.testing.assert_allclose(tests[1].z, tests[0].z, rtol=1e-6)
    np.testing.assert_allclose(tests[1].covariance, tests[0].covariance, rtol=1e-6, atol=1e-9)


class Dense:
    """The linear mixed model of the last step of a fit, with whole matrices."""

    def __init__(self, model: Regression):
        counts = model.counts
        factors = model.columns.factors
        self.design = np.column_stack(
            [np.ones(len(counts.n_deals)), *(np.eye(f.size)[f.codes][:, 1:] for f in factors)]
        )
        self.by_group = np.eye(counts.groups.size)[counts.groups.codes]
        self.weight = model.weight
        residual = counts.n_won - counts.n_deals * model.probability
        self.response = special.logit(model.probability) + residual / self.weight

    def inverse(self, sd: float) -> np.ndarray:
        """That of the covariance of the response."""
        return np.linalg.inv(np.diag(1 / self.weight) + sd**2 * self.by_group @ self.by_group.T)

    def estimate(self, sd: float) -> tuple[np.ndarray, np.ndarray]:
        """By generalised least squares, with its covariance."""
        inverse = self.inverse(sd)
        covariance = np.linalg.inv(self.design.T @ inverse @ self.design)
        return covariance @ self.design.T @ inverse @ self.response, covariance

    def criterion(self, sd: float) -> float:
        """Minus twice the restricted log-likelihood (Harville 1977)."""
        inverse = self.inverse(sd)
        estimate, covariance = self.estimate(sd)
        residual = self.response - self.design @ estimate
        determinants = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(inverse)[1]
        return residual @ inverse @ residual - determinants


@pytest.mark.parametrize("seed", range(3))
def test_the_standard_deviation_maximises_the_restricted_likelihood(seed):
    model = fitted(with_reps(1500, seed))
    dense = Dense(model)
    best = optimize.minimize_scalar(dense.criterion, bounds=(0.05, 3), method="bounded").x
    assert model.group_sd == pytest.approx(best, rel=1e-3)
    estimate, covariance = dense.estimate(model.group_sd)
    np.testing.assert_allclose(model.estimate, estimate, atol=1e-6)
    np.testing.assert_allclose(model.covariance, covariance, atol=1e-6)
    residual = dense.response - dense.design @ estimate
    random = model.group_sd**2 * dense.by_group.T @ dense.inverse(model.group_sd) @ residual
    np.testing.assert_allclose(model.random, random, atol=1e-6)


def test_variances_and_score_tests_are_those_of_whole_matrices():
    profiles = with_reps(1500, 4)
    model = fitted(profiles, FEATURES[:2], group_sd=0.5)
    dense = Dense(model)
    both = np.hstack([dense.design, dense.by_group])
    information = both.T @ (both * dense.weight[:, None])
    n_estimates = len(model.estimate)
    information[n_estimates:, n_estimates:] += np.eye(model.counts.groups.size) / 0.5**2
    gradient = np.random.default_rng(4).normal(size=(3, len(information)))
    np.testing.assert_allclose(
        model.variance(gradient[:, :n_estimates], gradient[:, n_estimates:]),
        np.diag(gradient @ np.linalg.inv(information) @ gradient.T),
    )

    _, factors = of_profiles(profiles)
    tests = score_tests(model, [factors[2]])
    one_hot = np.eye(2)[factors[2].codes]
    inverse = dense.inverse(0.5)
    estimate, covariance = dense.estimate(0.5)
    score = one_hot.T @ inverse @ (dense.response - dense.design @ estimate)
    shared = one_hot.T @ inverse @ dense.design
    variance = one_hot.T @ inverse @ one_hot - shared @ covariance @ shared.T
    np.testing.assert_allclose(tests.score, score, atol=1e-6)
    np.testing.assert_allclose(tests.covariance, variance, atol=1e-6)
    np.testing.assert_allclose(tests.variance, variance.diagonal(), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_groups_that_nearly_separate_won_from_lost_deals_have_a_fit(seed):
    deals = simulated_deals(
        500, seed, {("size", "large"): 8.0, ("source", "Partner"): -8.0}, 25, 9.0
    )
    model = fitted(profiles_of(deals))
    assert 1 < model.group_sd < 6
    counts, columns = model.counts, model.columns
    residual = counts.n_won - counts.n_deals * model.probability
    np.testing.assert_allclose(columns.effects.T @ columns.sums(residual), 0, atol=1e-3)
    by_group = counts.groups.sums(residual) - model.random / model.group_sd**2
    np.testing.assert_allclose(by_group, 0, atol=1e-3)
    assert ((model.probability > 0) & (model.probability < 1)).all()


def test_the_standard_deviation_of_the_groups_is_found():
    found = [fitted(with_reps(6000, seed, 60, 0.6)).group_sd for seed in range(6)]
    assert np.mean(found) == pytest.approx(0.6, abs=0.08)


def test_groups_that_are_alike_have_no_intercepts():
    found = [fitted(with_reps(1500, seed, rep_sd=0.0)) for seed in range(8)]
    alone = [model for model in found if not model.has_groups]
    assert len(alone) >= 2  # about half: the estimate is cut off at zero
    assert all(len(model.random) == 0 for model in alone)
    assert all(model.group_sd < 0.35 for model in found)
    counts, factors = of_profiles(with_reps(1500, 1))
    one = replace(counts.groups, codes=0 * counts.groups.codes, levels=["all"])
    model = fit(replace(counts, groups=one), columns_of(counts, factors))
    assert not model.has_groups


def test_a_model_without_a_feature_starts_near_its_fit_and_ends_there():
    counts, factors = of_profiles(with_reps(3000, seed=4))
    full = fit(counts, columns_of(counts, factors))
    columns = columns_of(counts, [factors[0], factors[2]])
    alone = fit(counts, columns)
    coefficient, random = full.without_factors(["source"])
    without = np.delete(coefficient, full.columns.of("source"))
    log_odds = columns.linear_predictor(without) + random[counts.groups.codes]
    assert np.abs(log_odds - special.logit(alone.probability)).max() < 0.1
    assert np.abs(special.logit(full.probability) - special.logit(alone.probability)).max() > 0.4
    started = fit(counts, columns, start=full)
    assert started.probability == pytest.approx(alone.probability, abs=1e-9)
    assert started.group_sd == pytest.approx(alone.group_sd, abs=1e-8)


def test_the_information_of_many_factors_is_that_of_few(monkeypatch):
    counts, factors = of_profiles(profiles_of(simulated_deals(2000, 5)))
    weight = np.random.default_rng(5).random(len(counts.n_deals))
    by_tables = columns_of(counts, factors).information(weight)
    monkeypatch.setattr(regression, "MANY_FACTORS", 2)
    assert columns_of(counts, factors).information(weight) == pytest.approx(by_tables, abs=1e-12)


def test_degrees_of_freedom_lie_between_those_of_groups_and_those_of_deals():
    counts, _ = of_profiles(with_reps(4000, 2, n_reps=12))
    n_rows = len(counts.n_deals)
    groups = counts.groups
    model = fit(counts, columns_of(counts, []), group_sd=0.3)
    nested = Factor("nested", groups.codes % 3, ["a", "b", "c"])
    np.testing.assert_allclose(degrees(model, nested), 11, rtol=1e-9)

    # Each group has both levels in equal shares.
    even = Counts(np.full(24, 10.0), np.full(24, 4.0), Factor("g", np.arange(24) // 2, ["g"] * 12))
    balanced = Factor("balanced", np.arange(24) % 2, ["a", "b"])
    assert (degrees(fit(even, columns_of(even, []), 0.3), balanced) > 1e6).all()

    rng = np.random.default_rng(2)
    partly = Factor("partly", (groups.codes + (rng.random(n_rows) < 0.2)) % 2, ["a", "b"])
    assert ((degrees(model, partly) > 11.5) & (degrees(model, partly) < 1000)).all()
    without = fit(replace(counts, groups=None), columns_of(counts, []))
    assert np.isinf(degrees(without, replace(nested, codes=np.arange(n_rows) % 3))).all()


def test_the_joint_test_of_a_nested_feature_is_an_f_test():
    counts, (industry, *others) = of_profiles(with_reps(3000, 3))
    model = fit(counts, columns_of(counts, others))
    joint = score_tests(model, [industry]).joint()
    assert joint.degrees == 3
    assert joint.p_value == pytest.approx(stats.f.sf(joint.statistic / 3, 3, 11))


@pytest.mark.slow
def test_noise_among_reps_who_work_one_industry_each_makes_few_claims():
    n_runs, claims, small, small_alone = 40, 0, 0, 0
    for seed in range(n_runs):
        profiles = profiles_of(simulated_deals(1500, seed, {("size", "large"): 1.5}, 16, 0.5))
        model = profile_model(profiles, FEATURES)
        industry = model.features[0]
        for groups in (model.counts.groups, None):
            counts = replace(model.counts, groups=groups)
            null = fit(counts, columns_of(counts, model.without(industry)))
            p_value = score_tests(null, [industry]).joint().p_value
            if groups:
                small += p_value < 0.05
            else:
                small_alone += p_value < 0.05
        if seed < 10:
            table = win_rate_drivers(profiles, profiles, FEATURES, [], "signal", RULES)
            claimed = table[table["evidence"].isin(["helps", "hurts"])]
            claims += (claimed["feature"] == "industry").any()
            assert (claimed["feature"] == "size").any()
    assert small <= stats.binom.ppf(0.99, n_runs, 0.05)
    assert claims <= 2
    assert small_alone > n_runs / 2
