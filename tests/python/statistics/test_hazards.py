import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit

from tools.evidence import lifetimes
from tools.evidence.lifetimes import World
from winrate import project
from winrate.statistics import hazards
from winrate.statistics.hazards import Bands, Layout, Spread

BANDS = Bands.of(project.project_vars()["age_band_days"])
N_COHORTS = 12
FEATURES = list(lifetimes.LEVELS)
LAYOUT = Layout(BANDS, lifetimes.levels(), N_COHORTS)


USUAL = Spread()


def fitted(deals: pd.DataFrame, spread: Spread = USUAL) -> hazards.HazardModel:
    counts = lifetimes.risk_counts(deals, lifetimes.AS_OF, BANDS)
    return hazards.fit(hazards.risk_set(counts, LAYOUT), LAYOUT, spread)


def targets_of(model: hazards.HazardModel, deals: pd.DataFrame) -> hazards.Targets:
    return hazards.Targets(model, deals)


@pytest.fixture(scope="module")
def world():
    return World(slow_lose=0.8)


@pytest.fixture(scope="module")
def deals(world):
    return world.deals(np.random.default_rng(1))


@pytest.fixture(scope="module")
def model(deals):
    return fitted(deals)


def test_days_at_risk_are_those_on_which_a_deal_could_close():
    bands = Bands.of([0, 10, 20])
    # One deal closes at 25 days, of which it was observed from day 4 on; another is open at 12.
    counts = pd.DataFrame(
        [
            {"from_days": 20, "n_reached": 1, "n_days": 6, "n_won": 1, "n_lost": 0},
            {"from_days": 0, "n_reached": -1, "n_days": -4, "n_won": 0, "n_lost": 0},
            {"from_days": 10, "n_reached": 1, "n_days": 2, "n_won": 0, "n_lost": 0},
            {"from_days": 0, "n_reached": -1, "n_days": -2, "n_won": 0, "n_lost": 0},
        ]
    ).assign(cohort=0)
    counts = counts.groupby(["cohort", "from_days"], as_index=False).sum()
    risk = hazards.risk_set(counts, Layout(bands, {}, 1))
    np.testing.assert_array_equal(risk.n_days, [6 + 8, 10 + 2, 6])
    np.testing.assert_array_equal(risk.n_won, [0, 0, 1])


def test_the_fit_is_that_of_statsmodels_where_the_prior_is_weak():
    rng = np.random.default_rng(2)
    layout = Layout(Bands.of([0, 10]), {"region": ["EMEA", "US"]}, 1)
    profiles = pd.DataFrame({"region": [0, 1], "cohort": [0, 0]})
    n_days = np.array([[5000.0, 3000.0], [4000.0, 2500.0]])
    n_closed = rng.binomial(n_days.astype(int), [[0.02, 0.05], [0.03, 0.06]]).astype(float)
    n_won = rng.binomial(n_closed.astype(int), 0.4).astype(float)
    cells = (np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    counts = (each.ravel() for each in (n_days, n_won, n_closed - n_won))
    risk = hazards.RiskSet(profiles, *cells, *counts)
    model = hazards.fit(risk, layout, Spread(level=100.0, curve=100.0))
    design = pd.DataFrame(
        {
            "band": np.tile([0.0, 1.0], 2),
            "region": np.repeat([0.0, 1.0], 2),
        }
    )
    for coefficient, covariance, n_events, n_in_all in zip(
        model.coefficients, model.covariances, (n_closed, n_won), (n_days, n_closed), strict=True
    ):
        events = np.column_stack([n_events.ravel(), (n_in_all - n_events).ravel()])
        expected = sm.GLM(events, sm.add_constant(design), family=sm.families.Binomial()).fit()
        found = coefficient[:2] + coefficient[2:4][:, None] + coefficient[4]
        np.testing.assert_allclose(
            expit(found).ravel(), expected.predict(sm.add_constant(design)), rtol=1e-3
        )
        difference = np.zeros(len(coefficient))
        difference[[2, 3]] = -1, 1
        error = np.sqrt(difference @ covariance @ difference)
        assert error == pytest.approx(expected.bse["region"], rel=1e-2)


def test_a_win_probability_is_what_simulated_lives_come_to(model):
    """The recursion over bands, against lives drawn day by day from the hazards."""
    rng = np.random.default_rng(3)
    profile = pd.DataFrame({**{name: [1] for name in FEATURES}, "cohort": [2], "clock_days": [40]})
    targets = targets_of(model, profile)
    hazard, won = expit(targets.closing[0]), expit(targets.winning[0])
    n_lives, horizon = 40_000, 90
    is_open = np.ones(n_lives, bool)
    n_won = {}
    for age in range(40, 3000):
        band = BANDS.numbers(np.array([age]))[0]
        closes = is_open & (rng.random(n_lives) < hazard[band])
        n_won[age] = (rng.random(closes.sum()) < won[band]).sum()
        is_open &= ~closes
    within = sum(n for age, n in n_won.items() if age < 40 + horizon) / n_lives
    assert targets.probability(horizon)[0] == pytest.approx(within, abs=0.01)
    in_the_end = (sum(n_won.values()) + is_open.sum() * won[-1]) / n_lives
    assert targets.probability()[0] == pytest.approx(in_the_end, abs=0.01)


def test_gradients_are_those_of_finite_differences(model):
    deals = pd.DataFrame(
        {
            **{name: [0, 1, 2] for name in FEATURES},
            "cohort": [0, 3, 11],
            "clock_days": [0, 100, 2000],
        }
    )
    targets = targets_of(model, deals)
    for horizon in (90.0, np.inf):
        days = targets.days(horizon)
        _, of_closing, of_winning = hazards._chances(targets.closing, targets.winning, days)
        for band in range(BANDS.size):
            step = np.zeros(BANDS.size)
            step[band] = 1e-5
            for gradient, shifts in ((of_closing, (step, 0)), (of_winning, (0, step))):
                up, down = (
                    hazards._chances(
                        targets.closing + sign * shifts[0], targets.winning + sign * shifts[1], days
                    )[0]
                    for sign in (1, -1)
                )
                np.testing.assert_allclose(gradient[:, band], (up - down) / 2e-5, atol=1e-7)


def test_contributions_sum_to_the_difference_to_the_average_deal(deals, model):
    targets = targets_of(model, lifetimes.open_deals(deals))
    baseline, contributions = targets.contributions()
    total = baseline + contributions.sum(axis=1)
    np.testing.assert_allclose(total, targets.probability(), atol=1e-12)
    assert contributions.abs().to_numpy().max() > 0.05


def test_probabilities_grow_with_the_horizon(deals, model):
    targets = targets_of(model, lifetimes.open_deals(deals))
    found = [targets.probability(days) for days in (0.0, 30.0, 90.0, 365.0, np.inf)]
    assert (found[0] == 0).all()
    assert (np.diff(found, axis=0) >= 0).all()


def test_old_deals_are_scored_as_they_come_out_where_slow_deals_lose():
    """A model of closed deals promises 13 points too much at 180 days and more."""
    world = World(slow_lose=0.8, n_per_year=15_000)
    deals = world.deals(np.random.default_rng(6))
    open_deals = lifetimes.open_deals(deals)
    error = targets_of(fitted(deals), open_deals).probability()
    error -= world.true_probability(open_deals)
    bands = pd.cut(open_deals["age_days"], [-1, 59, 179, 359, 3000]).to_numpy()
    assert pd.Series(error).groupby(bands, observed=True).mean().abs().max() < 0.02


def test_deals_of_before_the_export_do_not_make_old_deals_seem_to_last():
    """An export by close date lacks them; the others count from its first day on."""
    world = World(n_per_year=6000)
    everything = world.deals(np.random.default_rng(4), first_close=-lifetimes.WARM_UP)
    exported = everything[everything["closed"] >= 0]
    old = BANDS.numbers(np.array([300.0]))[0]

    def log_hazard(deals: pd.DataFrame, first_close: int) -> float:
        counts = lifetimes.risk_counts(deals, lifetimes.AS_OF, BANDS, first_close=first_close)
        risk = hazards.risk_set(counts, LAYOUT)
        of_old = risk[risk.band == old]
        return np.log(of_old.n_closed.sum() / of_old.n_days.sum())

    complete = log_hazard(everything, -lifetimes.WARM_UP)
    assert log_hazard(exported, 0) == pytest.approx(complete, abs=0.1)
    assert log_hazard(exported, -lifetimes.WARM_UP) < complete - 0.2


@pytest.mark.parametrize("by_age", [0.0, 0.25])
def test_a_start_does_not_change_the_fit(deals, by_age):
    spread = Spread(by_age=by_age)
    model = fitted(deals, spread)
    counts = lifetimes.risk_counts(deals, lifetimes.AS_OF, BANDS)
    risk = hazards.risk_set(counts, LAYOUT)
    earlier = fitted(deals[deals["created"] < 500], spread)
    again = hazards.fit(risk, LAYOUT, spread, earlier)
    for found, expected in zip(again.coefficients, model.coefficients, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_effects_that_change_with_age_are_found():
    rng = np.random.default_rng(5)
    world = World(spread=0.0)
    deals = world.deals(rng)
    cycle = deals["closed"] - deals["created"]
    effect = np.where(deals["source"] == 0, np.log(cycle / 60), 0.0)
    deals["is_won"] = rng.random(len(deals)) < expit(effect)
    old = pd.DataFrame({**{name: [1] for name in FEATURES}, "cohort": [1], "clock_days": [200]})
    both = pd.concat([old.assign(source=0), old.assign(source=1)])
    changing = targets_of(fitted(deals, Spread(by_age=0.5)), both).probability()
    constant = targets_of(fitted(deals, Spread()), both).probability()
    assert changing[0] - changing[1] > 0.2 > constant[0] - constant[1] + 0.05


@pytest.mark.slow
def test_the_interval_covers_the_true_probability():
    covered = []
    for seed in range(12):
        world = World(slow_lose=0.8)
        deals = world.deals(np.random.default_rng([10, seed]))
        open_deals = lifetimes.open_deals(deals)
        _, low, high = targets_of(fitted(deals), open_deals).interval()
        truth = world.true_probability(open_deals)
        covered.append(((low <= truth) & (truth <= high)).mean())
    assert 0.9 <= np.mean(covered) <= 0.995


def test_log_odds_of_an_interval_hold_the_probability(deals, model):
    probability, low, high = targets_of(model, lifetimes.open_deals(deals)).interval()
    assert ((low < probability) & (probability < high)).all()
    np.testing.assert_allclose(logit(high) - logit(probability), logit(probability) - logit(low))
