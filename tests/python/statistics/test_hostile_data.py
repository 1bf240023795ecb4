"""Small data with nested, repeated, rare and separating levels, through every public function."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.simulate import RULES, profiles_of, rep_totals
from winrate.statistics.change import COUNTS
from winrate.statistics.change_model import win_rate_change_causes, win_rate_change_model
from winrate.statistics.drivers import win_rate_drivers
from winrate.statistics.interactions import segment_pairs
from winrate.statistics.reps import rep_performance
from winrate.statistics.verdict import model_verdict

FEATURES = ["f0", "f1", "f2"]
OTHERS = ["sales_rep_id", "closed_quarter"]


def hostile_deals(seed: int) -> pd.DataFrame:
    """Deals whose win rates depend on all columns, up to separation."""
    rng = np.random.default_rng(seed)
    n_deals = int(rng.choice([5, 20, 60, 200, 600]))
    deals = pd.DataFrame(
        {
            name: rng.choice([f"level {level}" for level in range(rng.integers(1, 12))], n_deals)
            for name in [*FEATURES, *OTHERS]
        }
    )
    if seed % 3 == 0:
        deals["f1"] = "repeats " + deals["f0"]
    if seed % 3 == 1:
        deals.loc[: n_deals // 4, ["f0", "f1"]] = "Unknown"
    log_odds = np.full(n_deals, rng.choice([-3.0, 0.0, 2.0]))
    for name in deals:
        effects = rng.normal(0, rng.choice([0, 0.5, 3, 10]), deals[name].nunique())
        log_odds += effects[pd.factorize(deals[name])[0]]
    is_won = rng.random(n_deals) < 1 / (1 + np.exp(-log_odds))
    return deals.assign(is_won=is_won.astype(int), is_after=rng.random(n_deals) < 0.5)


@pytest.mark.parametrize("seed", range(12))
def test_hostile_data_give_finite_tables_without_warnings(seed):
    deals = hostile_deals(seed)
    rules = replace(RULES, min_outcomes=1, min_deals_per_level=[1, 30][seed % 2])
    at_creation, at_close = FEATURES[:2], FEATURES[2:]
    profiles = profiles_of(deals, at_creation)
    close_profiles = profiles_of(deals.drop(columns=OTHERS), FEATURES)
    counts = {
        f"{name}_{window}": is_in * number
        for window, is_in in (("before", ~deals["is_after"]), ("after", deals["is_after"]))
        for name, number in (("n", 1), ("n_won", deals["is_won"]))
    }
    windows = deals.assign(**counts).groupby(at_creation, as_index=False)[COUNTS].sum()
    windows = windows.assign(comparison="last quarter")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = model_verdict(profiles, at_creation, rules)
        drivers = win_rate_drivers(
            profiles, close_profiles, at_creation, at_close, verdict["verdict"][0], rules
        )
        causes = win_rate_change_causes(windows, at_creation, {}, rules)
        tables = [
            drivers,
            causes,
            win_rate_change_model(windows, at_creation, {}, rules),
            verdict,
            segment_pairs(profiles, at_creation, verdict["verdict"][0], rules, 12),
            rep_performance(rep_totals(deals), profiles, at_creation, rules),
        ]
    for table in tables:
        assert not np.isinf(table.select_dtypes("float64")).any(axis=None)
        assert not table["statement"].str.contains("nan").any()
    estimated = drivers[drivers["effect_pp"].notna()]
    assert (estimated["effect_pp_low"] <= estimated["effect_pp"] + 1e-9).all()
    assert (estimated["effect_pp"] <= estimated["effect_pp_high"] + 1e-9).all()
    total = windows[COUNTS].sum()
    parts = causes["contribution_pp"]
    if parts.notna().any():
        rates = [total[f"n_won_{window}"] / total[f"n_{window}"] for window in ("before", "after")]
        assert parts.sum() == pytest.approx(100 * (rates[1] - rates[0]), abs=1e-5)
