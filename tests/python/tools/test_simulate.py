"""The studies of `make evidence`, smaller: the claims hold, and the truths are the right ones."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from tools import simulate

N_RUNS = 60


def average(study, seeds):
    """In one process: pytest runs as many tests at once as there are cores."""
    return simulate.average(study, seeds, n_processes=1)


@pytest.mark.slow
def test_few_builds_of_noise_claim_anything():
    # One study for the verdict, the drivers, the changes and the pairs.
    n_runs = 100
    claims = average(partial(simulate.claims_on_noise, 1500), range(n_runs)) * n_runs
    allowed = stats.binom.ppf(0.975, n_runs, 0.05)
    assert (claims <= allowed).all(), claims


def test_large_drivers_are_found_and_named_alone():
    found = average(partial(simulate.drivers_found, 4000, 0.8), range(10))
    assert found["sensitivity"] == 1
    assert found["false"] <= 0.05


@pytest.mark.slow
def test_the_intervals_of_effects_hold_the_truth():
    covered = average(partial(simulate.effects_covered, 3000), range(N_RUNS))["covered"]
    # 29 intervals in each of 60 builds.
    assert 0.93 <= covered <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("scenario", simulate.SCENARIOS)
def test_a_planted_change_is_detected_and_attributed_to_its_segment(scenario):
    found = average(partial(simulate.change_explained, scenario, 8000), range(30))
    assert found["right verdict"] >= 0.8
    assert found["right segment on top"] >= 0.8
    # Two segments in each of 30 builds: the 0.1% point below 95%.
    assert found[["rate covered", "total covered"]].min() >= 0.85


@pytest.mark.slow
def test_the_truth_of_a_scenario_is_what_many_deals_show():
    for scenario, (effects, effects_after, shares_after, *_) in simulate.SCENARIOS.items():
        deals = simulate.simulated_deals(400_000, 1, effects, effects_after, shares_after)
        counts = simulate.window_counts(deals, ["region", "lead_source"])
        table = simulate.change.win_rate_change_segments(counts, simulate.RULES)
        table = table[table["comparison"] == simulate.PRIMARY].set_index(["feature", "level"])
        for key, truth in simulate.true_segment_effects(scenario).items():
            estimate = table.loc[key, ["mix_effect_pp", "rate_effect_pp", "total_effect_pp"]]
            np.testing.assert_allclose(estimate.astype(float), list(truth.values()), atol=0.4)
