from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight, survdiff

from support.simulate import RULES
from winrate.statistics.claims import holm_in_two_parts
from winrate.statistics.stage_changes import WINDOW_TOTALS, WINDOWS, stage_changes
from winrate.statistics.stage_conversion import ALL, EXITS, REP

STRICT = replace(RULES, max_other_q_value=0.01)
QUARTER = pd.Timestamp("2026-01-01")
REGIONS = np.array(["APAC", "EMEA", "LATAM", "NA"])
HORIZON = 40


# ---- the share of deals that went on


def simulated_totals(
    rng: np.random.Generator,
    n_deals: int = 4000,
    n_reps: int = 20,
    icc: float = 0.1,
    change: float = 0.0,
    change_in: str = ALL,
    shares_of_reps: float = 5.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Totals of two windows, and the exits that say the order of the stages.

    A rep works one of four regions, goes on with a share of the deals that differs between reps
    (`icc`), and enters another share of the deals in each window. change: added to the share in
    the later window, in all regions or in one.
    """
    shares = {"Qualified": 0.75, "Demo": 0.6, "Proposal": 0.5}
    regions = np.array(["APAC", "EMEA", "LATAM", "NA"])
    rows = []
    spread = (1 - icc) / icc if icc else 1e9
    for place, (stage, share) in enumerate(shares.items()):
        rate = rng.beta(share * spread, (1 - share) * spread, n_reps)
        for window in ("before", "after"):
            mix = rng.dirichlet(np.full(n_reps, shares_of_reps))
            n_entered = rng.multinomial(n_deals // 2, mix)
            region = regions[np.arange(n_reps) % 4]
            has_changed = (window == "after") & ((change_in == ALL) | (region == change_in))
            n_on = rng.binomial(n_entered, np.clip(rate + change * has_changed, 0, 1))
            following = [*shares, "Won"][place + 1]
            for left_for, n in ((following, n_on), ("Lost", n_entered - n_on)):
                rows += [
                    (stage, left_for, window, f"rep_{rep}", region[rep], n[rep])
                    for rep in range(n_reps)
                ]
    deals = pd.DataFrame(
        rows, columns=["deal_stage", "left_for", "window", "sales_rep_id", "region", "n"]
    )
    of_all = deals.assign(**{ALL: ALL})
    totals = pd.concat(
        of_all.pivot_table(
            index=["deal_stage", "left_for", feature], columns="window", values="n", aggfunc="sum"
        )
        .rename_axis(index={feature: "level"})
        .reset_index()
        .assign(feature=feature)
        for feature in (ALL, "sales_rep_id", "region")
    )
    totals = totals.rename(columns={"before": "n_before", "after": "n_after"}).assign(
        **{f"{name}_{window}": 0 for name in ("days", "squared_days") for window in WINDOWS},
        comparison="last two quarters",
        is_primary=True,
        before_name="2025 Q2 to 2025 Q3",
        after_name="2025 Q4 to 2026 Q1",
        horizon_days=50,
    )
    exits = deals.groupby(["deal_stage", "left_for"])["n"].sum().rename("n_deals").reset_index()
    exits = exits.assign(feature=ALL, level=ALL, quarter_start=QUARTER, days_in_stage=5)
    return totals[WINDOW_TOTALS], exits[EXITS]


def changes_of(*arguments: object, **options: object) -> pd.DataFrame:
    totals, exits = simulated_totals(*arguments, **options)
    return stage_changes(totals, exits, ["region"], STRICT)


def test_a_fall_of_all_deals_is_named_once_and_no_region_for_it():
    table = changes_of(np.random.default_rng([61, 1]), icc=0, change=-0.15)
    claims = table[table["statement"].notna()]
    assert claims["feature"].tolist() == [ALL] * 3
    assert set(claims["evidence"]) == {"fell"}
    statement = claims.set_index("deal_stage").loc["Demo", "statement"]
    assert statement.startswith("Of the 2,000 deals that entered the stage Demo in 2025 Q4 to")
    assert "went on within 50 days, against" in statement


def test_a_fall_of_one_region_is_named_as_that_of_the_region():
    table = changes_of(np.random.default_rng([61, 2]), icc=0, change=-0.3, change_in="APAC")
    of_regions = table[table["feature"] == "region"]
    fell = of_regions[of_regions["evidence"] == "fell more"]
    assert set(fell["level"]) == {"APAC"}
    assert len(fell) >= 2
    assert (fell["relative_change_pp"] < fell["change_pp"] + 10).all()


def test_a_large_fall_is_found_where_there_are_few_reps():
    table = changes_of(np.random.default_rng([61, 4]), icc=0, n_reps=6, change=-0.35)
    assert set(table.loc[table["feature"] == ALL, "evidence"]) == {"fell"}


def test_small_windows_are_not_compared():
    table = changes_of(np.random.default_rng([61, 3]), n_deals=60, change=-0.4)
    assert set(table["evidence"]) == {"too few deals"}
    assert table["p_value"].isna().all()


@pytest.mark.slow
@pytest.mark.parametrize(("n_reps", "icc"), [(10, 0.1), (40, 0.2)])
def test_a_claim_is_rare_where_nothing_has_changed(n_reps, icc):
    """Reps differ, and enter other shares of the deals in each window. The level is 1%."""
    runs = 100
    totals = []
    for run in range(runs):
        rng = np.random.default_rng([62, n_reps, int(100 * icc), run])
        of_run, exits = simulated_totals(rng, n_reps=n_reps, icc=icc)
        totals.append(of_run.assign(comparison=str(run)))
    table = stage_changes(pd.concat(totals), exits, ["region"], STRICT)
    corrected = [
        holm_in_two_parts(of_run["p_value"], of_run["feature"] == ALL).min()
        for _, of_run in table.groupby("comparison")
    ]
    # A binomial count with a mean of 1% of 100 is at most 5 in 99.9% of cases.
    assert sum(q < STRICT.max_other_q_value for q in corrected) <= 5


def test_without_a_history_there_is_no_row():
    totals, exits = (table.head(0) for table in simulated_totals(np.random.default_rng(1)))
    assert stage_changes(totals, exits, [], STRICT).empty


# ---- the days in the stage


def simulated_times(
    seed: Sequence[int],
    n_runs: int = 1,
    n_reps: int = 20,
    rep_sd: float = 0.0,
    slower_by: float = 1.0,
    slower_in: str = ALL,
) -> pd.DataFrame:
    """Deals that entered a stage, one row each, in as many histories (`comparison`).

    A rep works one of four regions, has deals in the stage for shorter or longer than others
    (`rep_sd`, of the logarithm of the mean) and enters another share of the deals in each window.
    slower_by: the days of the later window are as many times as long, in all regions or in one.
    """
    rng = np.random.default_rng(seed)
    n_deals = 600
    mean_days = 20 * np.exp(rng.normal(0, rep_sd, (n_runs, n_reps)))
    windows = []
    for window in WINDOWS:
        upper = rng.dirichlet(np.full(n_reps, 5.0), n_runs).cumsum(axis=1)
        rep = (rng.random((n_runs, n_deals))[:, :, None] > upper[:, None, :-1]).sum(axis=2)
        region = REGIONS[rep % len(REGIONS)]
        is_slower = (window == "after") & ((slower_in == ALL) | (region == slower_in))
        mean = np.take_along_axis(mean_days, rep, axis=1) * np.where(is_slower, slower_by, 1)
        run = np.repeat(np.arange(n_runs), n_deals)
        windows.append(
            pd.DataFrame(
                {
                    "comparison": run,
                    "window": window,
                    REP: rep.ravel(),
                    "region": region.ravel(),
                    "days": rng.exponential(mean).astype(int).ravel(),
                }
            )
        )
    return pd.concat(windows, ignore_index=True)


def time_changes(deals: pd.DataFrame) -> pd.DataFrame:
    """The rows of `stage_changes` for such deals."""
    counted = deals.assign(
        **{ALL: ALL},
        deal_stage="Demo",
        left_for=np.where(deals["days"] <= HORIZON, "Won", None),
        n=1,
        days=deals["days"].clip(upper=HORIZON),
        squared_days=deals["days"].clip(upper=HORIZON) ** 2,
    )
    parts = []
    for feature in (ALL, REP, "region"):
        keys = ["comparison", "deal_stage", "left_for", feature, "window"]
        sums = counted.groupby(keys, dropna=False)[["n", "days", "squared_days"]].sum()
        sums = sums.unstack("window", fill_value=0)
        sums.columns = [f"{name}_{window}" for name, window in sums.columns]
        parts.append(sums.reset_index().rename(columns={feature: "level"}).assign(feature=feature))
    totals = pd.concat(parts).assign(
        is_primary=True,
        before_name="2025 Q2 to 2025 Q3",
        after_name="2025 Q4 to 2026 Q1",
        horizon_days=HORIZON,
    )
    exits = pd.DataFrame({"deal_stage": ["Demo"], "left_for": "Won", "n_deals": 1})
    exits = exits.assign(feature=ALL, level=ALL, quarter_start=QUARTER, days_in_stage=5)
    return stage_changes(totals[WINDOW_TOTALS], exits[EXITS], ["region"], STRICT)


def test_mean_days_are_the_areas_below_the_survival_functions_of_statsmodels():
    """Deals that are in the stage after the horizon are censored there."""
    deals = simulated_times([63, 1], slower_by=1.3)
    row = time_changes(deals).iloc[0]
    has_left = (deals["days"] <= HORIZON).astype(int)
    for window in WINDOWS:
        own = deals["window"] == window
        survival = SurvfuncRight(deals.loc[own, "days"].clip(upper=HORIZON), has_left[own])
        step = np.searchsorted(survival.surv_times, np.arange(HORIZON), side="right")
        still_there = np.concatenate([[1.0], survival.surv_prob])[step]
        assert row[f"mean_days_{window}"] == pytest.approx(still_there.sum())
    assert row["change_days"] == pytest.approx(row["mean_days_after"] - row["mean_days_before"])


def test_the_days_are_tested_about_as_by_the_log_rank_test_of_statsmodels():
    """Of one rep, whose deals are independent; the days change by up to a quarter."""
    changes = np.linspace(0.8, 1.25, 40)
    deals = pd.concat(
        simulated_times([64, run], n_reps=1, slower_by=change).assign(comparison=run)
        for run, change in enumerate(changes)
    )
    of_all = time_changes(deals).query("feature == @ALL")
    ours = stats.norm.isf(of_all.sort_values("comparison", key=pd.to_numeric)["days_p_value"] / 2)
    log_rank = [
        np.sqrt(survdiff(own["days"].clip(upper=HORIZON), own["days"] <= HORIZON, own["window"])[0])
        for _, own in deals.groupby("comparison")
    ]
    assert np.corrcoef(ours, log_rank)[0, 1] > 0.95
    assert np.mean(ours) == pytest.approx(np.mean(log_rank), rel=0.1)


def test_a_stage_in_which_all_deals_stay_longer_is_slower_and_no_region_is_named_for_it():
    table = time_changes(simulated_times([65, 1], n_reps=10, slower_by=1.5))
    claims = table[table["days_statement"].notna()]
    assert claims["feature"].tolist() == [ALL]
    assert claims["days_evidence"].tolist() == ["slower"]
    statement = claims["days_statement"].iloc[0]
    assert statement.startswith("The 600 deals that entered the stage Demo in 2025 Q4 to 2026 Q1")
    assert "on average, of which no more than 40 count, against" in statement
    assert "days longer, more than expected by chance (95% interval" in statement
    faster = time_changes(simulated_times([65, 2], n_reps=10, slower_by=0.6))
    assert faster.loc[faster["feature"] == ALL, "days_evidence"].tolist() == ["faster"]


def test_a_region_in_which_deals_stay_longer_is_named():
    table = time_changes(simulated_times([65, 3], n_reps=40, slower_by=3, slower_in="EMEA"))
    of_regions = table[table["feature"] == "region"].set_index("level")
    assert of_regions.loc["EMEA", "days_evidence"] == "slowed more"
    assert "more than the change of the other deals" in of_regions.loc["EMEA", "days_statement"]
    assert "slowed more" not in set(of_regions["days_evidence"].drop("EMEA"))


def test_days_of_few_deals_or_of_few_that_leave_are_not_compared():
    deals = simulated_times([65, 4], slower_by=3)
    of_few = time_changes(deals.groupby("window").head(39))
    of_stayers = time_changes(deals.assign(days=deals["days"].where(deals.index % 100 == 0, 90)))
    for table in (of_few, of_stayers):
        assert set(table["days_evidence"]) == {"too few deals"}
        assert table["days_p_value"].isna().all()


def test_a_small_change_of_the_days_is_no_claim():
    deals = simulated_times([65, 5], n_reps=1)
    deals["days"] = 5 + (deals["days"] % 2) + (deals["window"] == "after") * 0.9
    row = time_changes(deals).iloc[0]
    assert row["days_q_value"] < 1e-6
    assert (row["days_evidence"], row["days_inconclusive_because"]) == (
        "inconclusive",
        "too small to act on",
    )


@pytest.mark.parametrize(("n_reps", "rep_sd"), [(10, 0.6), (40, 0.5)])
def test_days_that_have_not_changed_are_rarely_claimed_to_have(n_reps, rep_sd):
    """Reps differ, and enter other shares of the deals in each window."""
    table = time_changes(simulated_times([66, n_reps], n_runs=200, n_reps=n_reps, rep_sd=rep_sd))
    p_value = table.loc[table["feature"] == ALL, "days_p_value"]
    # Binomial counts with means of 10 and 2, which are at most so large in 99.9% of cases.
    assert (p_value < 0.05).sum() <= 21
    assert (p_value < 0.01).sum() <= 8
