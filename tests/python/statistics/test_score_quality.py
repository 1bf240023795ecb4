import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from support.simulate import RULES
from winrate.statistics import score_quality
from winrate.statistics.claims import SIGNAL
from winrate.statistics.verdict import NO_SIGNAL

AS_OF = pd.Timestamp("2026-06-30")
FEATURES = ["region"]


def backtest(
    n_deals: int = 3000,
    seed: int = 0,
    skill: float = 1.0,
    bias: float = 0.0,
    days_ago: tuple[int, ...] = (300,),
    scale: float = 60.0,
) -> pd.DataFrame:
    """One deal per row, open on one score date. scale: mean days until it closes."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(0, 1, n_deals)
    probability = 1 / (1 + np.exp(-effect))
    score_date = AS_OF - pd.to_timedelta(rng.choice(days_ago, n_deals), "D")
    days = rng.exponential(scale, n_deals).astype(int) + 1
    is_won = rng.random(n_deals) < probability
    is_known = days <= (AS_OF - score_date).days
    age = rng.integers(0, 400, n_deals)
    return pd.DataFrame(
        {
            "score_date": score_date,
            "region": rng.choice(["APAC", "EMEA"], n_deals),
            "deal_age_days": age,
            "start_date": score_date - pd.to_timedelta(age, "D"),
            "days_until_close": pd.Series(days, dtype="Int64").where(is_known),
            "is_won": pd.Series(is_won.astype(int), dtype="Int64").where(is_known),
            "n_deals": 1,
            "followed_probability": 1 / (1 + np.exp(-skill * effect - bias)),
            "followed_baseline": 0.5,
            "would_be_won": is_won & (days <= max(days_ago)),
            "slow_days": days,
        }
    )


def overall(rows: pd.DataFrame) -> pd.Series:
    """The measures of all rows together."""
    rows = rows.assign(region="EMEA")
    table = score_quality.score_quality(rows, AS_OF, [], RULES)
    return table.set_index(["feature", "level"]).loc[("all", "all")]


def test_the_measures_are_those_of_scikit_learn_where_all_outcomes_are_known():
    rows = backtest(scale=5.0)
    assert rows["is_won"].notna().all()
    found = overall(rows)
    won, predicted = rows["is_won"].astype(int), rows["followed_probability"]
    assert found["n_followed"] == len(rows) and found["n_won"] == won.sum()
    assert found["auc"] == pytest.approx(roc_auc_score(won, predicted))
    assert found["brier"] == pytest.approx(brier_score_loss(won, predicted))
    assert found["brier_of_baseline"] == pytest.approx(0.25)
    assert found["log_loss"] == pytest.approx(log_loss(won, predicted))
    assert found["mean_observed"] == pytest.approx(won.mean())
    error = (found["mean_observed_high"] - found["mean_observed_low"]) / 2 / 1.96
    assert error == pytest.approx(np.sqrt(won.mean() * (1 - won.mean()) / len(won)), rel=0.02)


def test_brier_is_miscalibration_less_discrimination_plus_uncertainty():
    found = overall(backtest(bias=0.7))
    observed = found["mean_observed"]
    parts = found["miscalibration"] - found["discrimination"] + observed * (1 - observed)
    assert found["brier"] == pytest.approx(parts)
    assert found["miscalibration"] > 0.02


@pytest.mark.parametrize(("skill", "bias"), [(1.0, 0.0), (2.0, 0.0), (1.0, 0.8)])
def test_the_calibration_line_finds_what_was_planted(skill, bias):
    found = overall(backtest(n_deals=20_000, skill=skill, bias=bias, scale=5.0))
    assert found["calibration_slope"] == pytest.approx(1 / skill, abs=0.05)
    assert found["calibration_intercept"] == pytest.approx(-bias / skill, abs=0.05)


def test_the_smooth_calibration_error_of_one_wrong_probability_is_its_error():
    won = np.repeat([1.0, 0.0], 500)
    found = score_quality.smooth_calibration_error(np.full(1000, 0.3), won, np.ones(1000))
    assert found == pytest.approx(0.2, abs=0.01)
    right = score_quality.smooth_calibration_error(np.full(1000, 0.5), won, np.ones(1000))
    assert right < 0.02


def test_deals_of_later_dates_do_not_distort_the_observed_share():
    """Without weights, deals that take long to close, here the lost ones, would be missing."""
    rows = backtest(n_deals=40_000, days_ago=(300, 200, 100, 30), scale=150.0)
    would_be_won = rows.pop("would_be_won") & (rows["slow_days"] <= 100)
    rows["is_won"] = would_be_won.astype("Int64").where(rows["is_won"].notna())
    found = overall(rows)
    unweighted = rows["is_won"].dropna().mean()
    assert unweighted > would_be_won.mean() + 0.05
    low, high = found[["mean_observed_low", "mean_observed_high"]]
    assert low < would_be_won.mean() < high


def test_a_deal_that_was_open_on_several_dates_is_one_cluster():
    once = backtest(scale=5.0)
    copies = [
        once.assign(
            score_date=once["score_date"] + pd.Timedelta(days=days),
            days_until_close=once["days_until_close"] - days,
        )
        for days in (0, 1, 2)
    ]
    often = pd.concat(copies, ignore_index=True)
    often = often[often["days_until_close"] > 0]
    first, again = overall(once), overall(often)
    width = first["mean_observed_high"] - first["mean_observed_low"]
    assert again["mean_observed_high"] - again["mean_observed_low"] > 0.9 * width
    assert again["auc_high"] - again["auc_low"] > 0.9 * (first["auc_high"] - first["auc_low"])


def test_the_error_of_the_auc_is_its_spread_over_simulated_backtests():
    found = []
    for seed in range(200):
        rows = backtest(n_deals=300, seed=seed, scale=5.0).assign(deal=range(300))
        found.append(score_quality._auc(score_quality.Backtest.of(rows, AS_OF, ["deal"])))
    values, errors = np.transpose(found)
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)


def test_rows_are_all_by_age_by_date_and_of_the_largest_levels():
    table = score_quality.score_quality(backtest(days_ago=(300, 200)), AS_OF, FEATURES, RULES)
    levels = table.groupby("feature")["level"].agg(list).to_dict()
    assert levels["all"] == ["all"]
    assert levels["deal_age_days"][:2] == ["0-29 days", "30-59 days"]
    assert levels["deal_age_days"][-1] == "360 days and more"
    assert levels["score_date"] == ["2025-09-03", "2025-12-12"]
    assert levels["region"] == ["APAC", "EMEA"]
    assert (table["horizon_days"] == 300).all()
    assert table.loc[table["feature"] == "region", "n_deals"].sum() == 3000


def test_few_outcomes_are_counted_and_not_measured():
    row = overall(backtest(n_deals=60))
    assert row["n_deals"] == 60
    assert row[["auc", "brier", "mean_observed", "brier_skill_z"]].isna().all()
    nothing = score_quality.score_quality(backtest().head(0), AS_OF, FEATURES, RULES)
    assert nothing.empty and "auc" in nothing


def test_scores_are_withheld_unless_they_beat_the_baseline():
    quality = score_quality.score_quality(backtest(), AS_OF, FEATURES, RULES)
    assert score_quality.withheld_because(quality, SIGNAL, None) is None
    noise = score_quality.score_quality(backtest(skill=-0.1), AS_OF, FEATURES, RULES)
    reason = score_quality.withheld_because(noise, SIGNAL, None)
    assert reason.startswith("on 3,000 deals") and reason.endswith(
        "no better than the age of a deal alone"
    )


def test_the_verdict_and_the_holdout_decide_where_the_past_cannot():
    quality = score_quality.score_quality(backtest(), AS_OF, FEATURES, RULES)
    few = score_quality.score_quality(backtest(n_deals=60), AS_OF, FEATURES, RULES)
    assert score_quality.withheld_because(quality, NO_SIGNAL, "no signal") == "no signal"
    assert score_quality.withheld_because(few, SIGNAL, "on the holdout") == "on the holdout"
    assert score_quality.withheld_because(few, SIGNAL, None) is None


def test_a_calibration_curve_has_bins_of_equal_size():
    curve = score_quality.calibration(backtest(), AS_OF, FEATURES, RULES)
    everything = curve[curve["age_band"] == "all"]
    assert everything["bin"].tolist() == list(range(1, 11))
    assert np.ptp(everything["n_deals"]) <= 1
    assert everything["mean_predicted"].is_monotonic_increasing
    inside = everything["mean_predicted"].between(
        everything["mean_observed_low"], everything["mean_observed_high"]
    )
    assert inside.sum() >= 8


def test_grades_compare_deals_of_the_same_age():
    rows = pd.DataFrame(
        {
            "age_days": np.repeat([5, 40, 200], [100, 100, 4]),
            "win_probability": np.concatenate(
                [np.linspace(0.5, 0.9, 100), np.linspace(0.1, 0.5, 100), [0.01] * 4]
            ),
            "n_deals": 1,
        }
    )
    closed = pd.DataFrame({"win_probability": [0.2, 0.4, 0.6, 0.8], "n_deals": [10, 10, 10, 10]})
    edges = score_quality.grade_edges(rows, closed, [0, 30, 180], 30).set_index("age_from_days")
    assert edges.loc[-1].tolist() == [0.2, 0.4, 0.6]
    assert edges.loc[0, "lowest_b"] == pytest.approx(0.7, abs=0.01)
    assert edges.loc[30, "lowest_b"] == pytest.approx(0.3, abs=0.01)
    # Four deals are too few: those of the band before are added.
    assert edges.loc[180, "lowest_b"] == pytest.approx(0.29, abs=0.02)
    none = score_quality.grade_edges(rows.head(0), closed, [0, 30], 30).set_index("age_from_days")
    assert none.loc[30].tolist() == none.loc[-1].tolist()
