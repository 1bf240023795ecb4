"""The sample export has the effects that `tools.sample` plants, and no others."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import false_discovery_control
from statsmodels.genmod.generalized_linear_model import GLMResultsWrapper
from statsmodels.stats.proportion import proportions_ztest

from tools import sample
from winrate.config import folder

EXPORT = Path(__file__).parents[3] / "seeds" / "deals.csv"
AS_OF_DATE = pd.Timestamp(sample.AS_OF_DATE)
FEATURES = list(sample.LEVEL_SHARES)
BANDS = ["amount_band", "cycle_band"]


@pytest.fixture(scope="module")
def deals() -> pd.DataFrame:
    return pd.read_csv(EXPORT, parse_dates=["created_date", "closed_date"])


@pytest.fixture(scope="module")
def open_deals(deals: pd.DataFrame) -> pd.DataFrame:
    return deals[deals["outcome"].isna()]


@pytest.fixture(scope="module")
def closed_deals(deals: pd.DataFrame) -> pd.DataFrame:
    closed = deals[deals["outcome"].notna()]
    return closed.assign(
        is_won=closed["outcome"] == "Won",
        quarter=closed["closed_date"].dt.to_period("Q").astype(str),
        amount_band=pd.qcut(closed["deal_amount"], 4, labels=False),
        cycle_band=pd.cut(closed["sales_cycle_days"], [0, 30, 60, 90, np.inf], labels=False),
    )


def fit(closed: pd.DataFrame, features: list[str]) -> GLMResultsWrapper:
    design = sm.add_constant(pd.get_dummies(closed[features].astype(str), drop_first=True))
    is_won = closed["is_won"].astype(float)
    return sm.GLM(is_won, design.astype(float), sm.families.Binomial()).fit()


@pytest.fixture(scope="module")
def z_values(closed_deals: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Z of each level against the average deal (weighted effect coding)."""
    model = fit(closed_deals, FEATURES + BANDS)
    z_values = {}
    for feature in FEATURES + BANDS:
        shares = closed_deals[feature].astype(str).value_counts(normalize=True)
        for level in shares.index:
            contrast = pd.Series(0.0, index=model.params.index)
            for other, share in shares.items():
                if f"{feature}_{other}" in contrast.index:
                    contrast[f"{feature}_{other}"] = (other == level) - share
            z_values[feature, level] = model.t_test(contrast.to_numpy()).tvalue.item()
    return z_values


@pytest.fixture(scope="module")
def before_and_after(closed_deals: pd.DataFrame) -> list[pd.DataFrame]:
    """Deals closed in the two quarters before the decline, and in the two of it."""
    quarters = [["2025Q3", "2025Q4"], ["2026Q1", "2026Q2"]]
    return [closed_deals[closed_deals["quarter"].isin(pair)] for pair in quarters]


def test_committed_export_is_what_the_generator_writes(tmp_path):
    sample.main([str(tmp_path)])
    written = [path for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert len(written) == 5
    for path in written:
        committed = EXPORT.parent / path.relative_to(tmp_path)
        assert path.read_bytes() == committed.read_bytes(), path.name


def test_options_write_a_fiscal_year_and_a_second_currency(tmp_path, deals):
    sample.main([str(tmp_path), "--fiscal-year-start", "2", "--two-currencies"])
    config = folder.read(tmp_path / "sample")
    assert config.settings["fiscal_year_start_month"] == 2
    assert config.settings["reporting_currency"] == "USD"
    written = pd.read_csv(config.deals())
    is_euro = written["amount_currency"] == "EUR"
    assert (is_euro == (deals["region"] == "Europe")).all()
    in_dollars = written["deal_amount"] * np.where(is_euro, sample.EURO_RATE, 1)
    assert np.allclose(in_dollars, deals["deal_amount"], atol=0.6)


def test_another_seed_generates_other_deals():
    assert not sample.generate_deals(1).equals(sample.generate_deals(2))


def test_columns_ids_and_levels(deals, closed_deals):
    assert list(deals.columns) == sample.COLUMNS
    assert deals["deal_id"].is_unique and deals["deal_id"].is_monotonic_increasing
    assert deals["created_date"].is_monotonic_increasing
    assert deals["sales_rep_id"].nunique() == sample.N_REPS
    for feature, shares in sample.LEVEL_SHARES.items():
        assert set(closed_deals[feature]) == set(shares)


def test_volumes(closed_deals, open_deals):
    assert 4_900 <= len(closed_deals) <= 5_100
    assert 450 <= len(open_deals) <= 550
    stalled = (AS_OF_DATE - open_deals["created_date"]).dt.days > 120
    assert 10 <= stalled.sum() <= 30
    assert closed_deals["is_won"].mean() == pytest.approx(0.44, abs=0.01)


def test_newest_date_is_the_end_of_the_quarter(deals):
    assert deals[["created_date", "closed_date"]].max().max() == AS_OF_DATE


def test_open_deals_do_not_show_their_outcome(open_deals):
    assert open_deals[["closed_date", "sales_cycle_days", "outcome"]].isna().all(axis=None)
    assert set(open_deals["deal_stage"]) == set(sample.OPEN_STAGES)


def test_cycle_is_the_time_from_creation_to_close(closed_deals):
    days = (closed_deals["closed_date"] - closed_deals["created_date"]).dt.days
    assert (days == closed_deals["sales_cycle_days"]).all()
    assert days.between(1, sample.MAX_CYCLE_DAYS).all()
    assert days.mean() == pytest.approx(62, abs=2)


def test_pipeline_grows_in_every_quarter(deals):
    created = deals["created_date"].dt.to_period("Q").value_counts().sort_index()
    assert len(created) == 8
    assert (created.diff().dropna() > 0).all()


def test_planted_effects_are_found(z_values):
    for level, effect in sample.PLANTED_EFFECTS.items():
        assert z_values[level] * np.sign(effect) > 4.5, level


def test_levels_and_bands_without_an_effect_are_not_significant(z_values):
    # The other regions are above an average that APAC pulls down.
    shifted = {key for key in z_values if key[0] == "region"}
    for level in z_values.keys() - sample.PLANTED_EFFECTS.keys() - shifted:
        assert abs(z_values[level]) < 2, level


def test_open_deals_have_low_and_high_win_probabilities(closed_deals, open_deals):
    features = ["industry", "region", "lead_source"]
    model = fit(closed_deals, features)
    design = sm.add_constant(pd.get_dummies(open_deals[features]).astype(float))
    probabilities = model.predict(design[model.params.index])
    assert (probabilities < 0.2).any() and (probabilities > 0.6).any()


def test_win_rate_falls_in_the_last_two_quarters(closed_deals, before_and_after):
    before, after = (period["is_won"] for period in before_and_after)
    assert before.mean() - after.mean() > 0.05
    assert proportions_ztest([before.sum(), after.sum()], [len(before), len(after)])[1] < 0.01
    by_quarter = closed_deals.groupby("quarter")["is_won"].mean()
    assert by_quarter[-2:].max() < by_quarter[:-2].min()


def test_only_apac_declines(before_and_after):
    p_values = {}
    for feature, shares in sample.LEVEL_SHARES.items():
        for level in shares:
            wins = [period.loc[period[feature] == level, "is_won"] for period in before_and_after]
            _, p_values[feature, level] = proportions_ztest(
                [won.sum() for won in wins], [len(won) for won in wins]
            )
    q_values = dict(zip(p_values, false_discovery_control(list(p_values.values())), strict=True))
    assert {level for level, q in q_values.items() if q < 0.05} == {sample.DECLINE_LEVEL}


def test_decline_is_not_a_change_of_mix(before_and_after):
    shares = [(period["region"] == "APAC").mean() for period in before_and_after]
    assert shares[0] == pytest.approx(shares[1], abs=0.02)
