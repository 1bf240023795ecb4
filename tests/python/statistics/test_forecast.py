import itertools

import numpy as np
import pandas as pd
import pytest

from tools.evidence import forecasts
from tools.evidence.lifetimes import SETTINGS, World
from winrate.statistics import forecast, hazards, score_models

QUANTILES = list(forecast.QUANTILES)


@pytest.fixture(scope="module")
def given():
    rng = np.random.default_rng(1)
    return forecasts.tables(World(slow_lose=0.8).deals(rng), rng)


def forecast_of(given: dict[str, pd.DataFrame], entity_types=("owner",)) -> pd.DataFrame:
    found = forecast.forecasts(**given, settings=SETTINGS, entity_types=list(entity_types))
    return found.set_index(["horizon", "entity_type", "entity_id"]).sort_index()


@pytest.fixture(scope="module")
def found(given):
    return forecast_of(given)


def test_expected_amounts_are_probability_times_amount(given, found):
    [(_, model)] = score_models.models_of(given["models"], given["counts"], SETTINGS)
    targets = hazards.Targets(model, model.layout.encoded(given["targets"]))
    deals = given["deals"]
    for horizon, days in {**forecasts.DAYS, "in the end": np.inf}.items():
        amounts = deals["amount"] * targets.probability(float(days))
        assert found.loc[(horizon, "all", "all"), "expected_amount"] == pytest.approx(amounts.sum())
        of_owners = found.loc[(horizon, "owner"), "expected_amount"]
        pd.testing.assert_series_equal(
            of_owners, amounts.groupby(deals["owner"]).sum(), check_names=False, atol=0.01
        )


def test_quantiles_rise_and_the_total_is_surer_than_its_parts(found):
    assert (found["p10_amount"] < found["p50_amount"]).all()
    assert (found["p50_amount"] < found["p90_amount"]).all()
    width = (found["p90_amount"] - found["p10_amount"]) / found["expected_amount"]
    for horizon in forecasts.DAYS:
        assert width[horizon]["all"].max() < width[horizon]["owner"].min()


def test_quantiles_of_few_deals_are_those_of_the_exact_distribution(given):
    """Every outcome of eight deals, for draws of the coefficients that are not linearised."""
    deals = given["deals"].head(8).assign(amount=[1.0, 2, 4, 8, 16, 32, 64, 128])
    found = forecast_of({**given, "deals": deals}, ())
    [(_, model)] = score_models.models_of(given["models"], given["counts"], SETTINGS)
    profiles = model.layout.encoded(given["targets"].head(8))
    rng = np.random.default_rng(2)
    outcomes = np.array(list(itertools.product([0, 1], repeat=8)))
    totals = outcomes @ deals["amount"].to_numpy()
    for horizon, days in {**forecasts.DAYS, "in the end": np.inf}.items():
        chance = np.zeros(len(outcomes))
        for _ in range(300):
            drawn = tuple(
                rng.multivariate_normal(own, covariance)
                for own, covariance in zip(model.coefficients, model.covariances, strict=True)
            )
            draw = hazards.HazardModel(model.risk, model.layout, model.spread, drawn)
            probability = hazards.Targets(draw, profiles).probability(float(days))
            chance += np.where(outcomes == 1, probability, 1 - probability).prod(axis=1) / 300
        of_horizon = found.loc[(horizon, "all", "all")]
        for name, share in forecast.QUANTILES.items():
            below = chance[totals < of_horizon[name] - 1e-9].sum()
            up_to = chance[totals <= of_horizon[name] + 1e-9].sum()
            assert below - 0.025 <= share <= up_to + 0.025


def test_deals_that_are_not_drawn_one_by_one_hardly_change_the_quantiles(given, found, monkeypatch):
    monkeypatch.setattr(forecast, "MAX_SINGLE", 160)
    assert len(given["deals"]) > 2 * forecast.MAX_SINGLE
    together = forecast_of(given)
    for horizon in (*forecasts.DAYS, "in the end"):
        usual, others = (each.loc[(horizon, "all", "all")] for each in (found, together))
        width = usual["p90_amount"] - usual["p10_amount"]
        assert (usual[QUANTILES] - others[QUANTILES]).abs().max() < 0.06 * width
    difference = (together[QUANTILES] - found[QUANTILES]).abs().max(axis=1)
    width = found["p90_amount"] - found["p10_amount"]
    assert (difference / width).mean() < 0.06


def test_only_as_many_deals_are_drawn_as_is_allowed_and_those_are_the_largest(given, monkeypatch):
    """So that the cost of many deals is one pass, whatever the number of runs."""
    drawn = []
    original = hazards.Targets.drawn

    def counted(targets, *arguments):
        drawn.append(len(targets.clock))
        return original(targets, *arguments)

    monkeypatch.setattr(hazards.Targets, "drawn", counted)
    monkeypatch.setattr(forecast, "MAX_SINGLE", 80)
    n_horizons = len(forecast_of(given, ()))
    assert sum(drawn) == 80 * n_horizons
    is_single = forecast._are_largest(given["deals"], ["owner"])
    amounts = given["deals"]["amount"]
    of_owners = amounts.groupby(given["deals"]["owner"])
    assert (of_owners.rank(ascending=False)[is_single] <= 10).all()


def test_the_order_of_rows_does_not_matter(given, found):
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in given.items()}
    pd.testing.assert_frame_equal(forecast_of(shuffled), found)


def test_deals_without_an_amount_or_a_model_have_no_forecast(given):
    assert forecast_of({**given, "deals": given["deals"].head(0)}).empty
    assert forecast_of({**given, "models": given["models"].head(0)}).empty


def test_past_dates_have_no_forecast_in_the_end(given):
    dates = given["dates"].assign(is_as_of=False)
    horizons = forecast_of({**given, "dates": dates}).index.get_level_values("horizon")
    assert set(horizons) == set(forecasts.DAYS)


def test_probabilities_move_with_the_coefficients(given):
    """The delta method, against coefficients that really deviate."""
    [(_, model)] = score_models.models_of(given["models"], given["counts"], SETTINGS)
    profiles = model.layout.encoded(given["targets"].head(200))
    deviations = model.deviations(np.random.default_rng(4), 20)
    drawn = hazards.Targets(model, profiles).drawn(deviations, 45.0)
    for number in range(20):
        coefficients = tuple(
            own + deviation[:, number]
            for own, deviation in zip(model.coefficients, deviations, strict=True)
        )
        moved = hazards.HazardModel(model.risk, model.layout, model.spread, coefficients)
        expected = hazards.Targets(moved, profiles).probability(45.0)
        np.testing.assert_allclose(drawn[:, number], expected, atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("world", [World(slow_lose=0.8), World(median=120.0, slow_lose=0.8)])
def test_p10_to_p90_holds_80_percent_of_the_amounts(world):
    found = pd.concat([forecasts.of_world(world, seed) for seed in range(40)])
    inside = found.groupby(["entity_type", "horizon"])["is_inside"].mean()
    assert inside["owner"].between(0.75, 0.85).all()
    assert inside["all"].between(0.62, 0.93).all()  # 40 amounts: 80% and three standard errors
