"""The simulated deals have the truth that they state.

Tolerances are five standard errors or more.
"""

import numpy as np
import pandas as pd
import pytest

from tools.evidence import generators

N_DEALS = 20_000
MANY = 60_000
GENERATORS = [
    generators.noise,
    generators.year_of_deals,
    generators.reps_with_effects,
    generators.accounts_with_effects,
    generators.stage_tells_outcome,
    generators.missing_by_outcome,
    generators.uniform_decline,
    generators.mix_decline,
    generators.segment_decline,
    generators.one_sided_drivers,
    generators.never_wins,
    generators.one_year_export,
    generators.season,
    generators.trend_with_growing_source,
]


def drawn(generate, n_deals=N_DEALS, seed=1, **options) -> pd.DataFrame:
    return generate(np.random.default_rng(seed), n_deals, **options)


def closed(deals: pd.DataFrame) -> pd.DataFrame:
    known = deals.dropna(subset="is_won").astype({"is_won": float})
    return known.assign(is_late=known["closed_date"] >= generators.DECLINE_START)


def win_rates(deals: pd.DataFrame, by) -> pd.Series:
    return closed(deals).groupby(by)["is_won"].mean()


@pytest.mark.parametrize("generate", GENERATORS)
def test_every_generator_returns_deals_as_an_export_has_them(generate):
    deals = drawn(generate, 2000)
    assert list(deals) == generators.COLUMNS
    assert deals["deal_id"].is_unique and len(deals) == 2000
    is_open = deals["is_won"].isna()
    assert 0.02 < is_open.mean() < 0.3
    assert (deals["closed_date"].isna() == is_open).all()
    assert (deals["sales_cycle_days"].isna() == is_open).all()
    assert deals[["created_date", "closed_date"]].max().max() <= deals.attrs["as_of_date"]
    days = (deals["closed_date"] - deals["created_date"]).dt.days
    assert (days == deals["sales_cycle_days"])[~is_open].all()
    assert {"effects", "true_effect_pp", "cause"} <= deals.attrs["truth"].keys()
    pd.testing.assert_frame_equal(deals, drawn(generate, 2000))


def test_noise_has_the_same_win_rate_everywhere():
    deals = drawn(generators.noise)
    for feature in generators.LEVELS:
        assert win_rates(deals, feature).sub(0.45).abs().max() < 0.045
    skewed = drawn(generators.noise, skewed=True)
    assert win_rates(skewed, "region").sub(0.1).abs().max() < 0.045
    assert (skewed["region"] == "reg0").mean() == pytest.approx(0.8, abs=0.015)


def test_an_earlier_export_has_less():
    deals = drawn(generators.year_of_deals)
    day = pd.Timestamp("2025-09-30")
    earlier = generators.as_of(deals, day)
    assert earlier["created_date"].max() <= day and earlier["closed_date"].max() <= day
    later = deals.set_index("deal_id").loc[earlier["deal_id"], "closed_date"] > day
    assert earlier.loc[later.to_numpy(), "is_won"].isna().all()
    assert earlier.attrs["as_of_date"] == day and deals.attrs["as_of_date"] > day


def test_a_rep_works_one_region_and_an_account_has_one_industry():
    reps = drawn(generators.reps_with_effects)
    assert (reps.groupby("sales_rep_id")[["region", "industry"]].nunique() == 1).all(axis=None)
    assert win_rates(reps, "sales_rep_id").std() > 0.08
    accounts = drawn(generators.accounts_with_effects)
    assert (accounts.groupby("account_id")[["region", "industry"]].nunique() == 1).all(axis=None)
    assert accounts.groupby("account_id").size().mean() == pytest.approx(4, abs=0.2)


def test_the_last_stage_and_the_cycle_depend_on_the_outcome():
    deals = drawn(generators.stage_tells_outcome)
    rates = win_rates(deals, "deal_stage")
    assert 0 < rates["sta0"] < 0.1 and 0.8 < rates["sta4"] < 1
    cycles = closed(deals).groupby("is_won")["sales_cycle_days"].median()
    assert 1.2 < cycles[0.0] / cycles[1.0] < 1.4
    assert win_rates(deals, "region").std() < 0.02


def test_missing_values_depend_on_the_outcome():
    deals = drawn(generators.missing_by_outcome)
    missing = closed(deals).groupby("is_won")["industry"].agg(lambda of: (of == "Unknown").mean())
    assert missing.tolist() == pytest.approx([0.25, 0.08], abs=0.025)


def test_declines_have_their_cause():
    everywhere = drawn(generators.uniform_decline, MANY)
    change = win_rates(everywhere, ["region", "is_late"]).unstack()
    assert (change[True] - change[False]).between(-0.135, -0.035).all()

    mix = closed(drawn(generators.mix_decline, MANY))
    share = mix["lead_source"].eq("lea0").groupby(mix["is_late"]).mean()
    assert share.tolist() == pytest.approx([0.2, 0.45], abs=0.02)
    rates = mix.groupby([mix["lead_source"] == "lea0", "is_late"])["is_won"].mean().unstack()
    assert (rates[True] - rates[False]).abs().max() < 0.04

    segment = drawn(generators.segment_decline, MANY)
    change = win_rates(segment, ["region", "is_late"]).unstack()
    change = change[True] - change[False]
    assert change["reg0"] < -0.15 and change.drop("reg0").abs().max() < 0.05
    from_there = segment["region"].eq("reg0").groupby(segment["lead_source"]).mean()
    assert from_there["lea0"] == pytest.approx(0.6, abs=0.02)


def test_the_true_effects_of_drivers_are_what_many_deals_show():
    deals = drawn(generators.one_sided_drivers, 200_000)
    truth = deals.attrs["truth"]
    assert truth["effects"] == {("lead_source", "lea0"): -0.6, ("industry", "ind0"): 0.6}
    for (feature, level), effect in truth["true_effect_pp"].items():
        rates = win_rates(deals, feature)
        observed = 100 * (rates[level] - closed(deals)["is_won"].mean())
        assert observed == pytest.approx(effect, abs=1.2)


def test_a_source_may_never_win():
    deals = drawn(generators.never_wins)
    assert win_rates(deals, "lead_source")["lea3"] == 0
    assert (deals["lead_source"] == "lea3").mean() == pytest.approx(0.05, abs=0.01)


def test_time_has_the_planted_effects():
    fast = closed(drawn(generators.one_year_export))
    assert fast.groupby(fast["sales_cycle_days"] > 60)["is_won"].mean().diff().iloc[1] < -0.1

    seasonal = closed(drawn(generators.season, MANY))
    rates = seasonal.groupby(seasonal["closed_date"].dt.quarter == 4)["is_won"].mean()
    assert rates.tolist() == pytest.approx([0.45, 0.51], abs=0.02)

    trend = closed(drawn(generators.trend_with_growing_source))
    is_second = trend["created_date"] > pd.Timestamp("2025-06-30")
    rates = trend.groupby(is_second)["is_won"].mean()
    assert rates.tolist() == pytest.approx([0.5, 0.38], abs=0.025)
    share = trend["lead_source"].eq("lea0").groupby(is_second).mean()
    assert share.tolist() == pytest.approx([0.1, 0.4], abs=0.025)


def test_the_sample_has_the_same_columns():
    deals = generators.sample(3)
    assert list(deals) == generators.COLUMNS
    assert deals["account_id"].isna().all()
    assert deals["is_won"].mean() == pytest.approx(0.44, abs=0.035)
