from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from support.simulate import RULES
from winrate.statistics.claims import holm_in_two_parts
from winrate.statistics.stage_conversion import (
    ALL,
    EXITS,
    WINDOW_TOTALS,
    stage_changes,
    stage_conversion,
    stage_order,
)

STRICT = replace(RULES, max_other_q_value=0.01)
NO_REPS = pd.DataFrame(columns=["sales_rep_id", "deal_stage", "left_for", "n_deals"])
QUARTER = pd.Timestamp("2026-01-01")
STAGES = ["Qualified", "Demo", "Proposal", "Negotiation"]


def moved(*moves: tuple[str, str | None, int]) -> pd.DataFrame:
    return pd.DataFrame(moves, columns=["deal_stage", "left_for", "n_deals"])


def exits_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `stage_conversion` for all deals, from `deal_stage`, `left_for`, `days_in_stage`."""
    table = rows.groupby(["deal_stage", "left_for", "days_in_stage"], dropna=False).size()
    table = table.rename("n_deals").reset_index()
    return table.assign(feature=ALL, level=ALL, quarter_start=QUARTER)[EXITS]


# ---- the order of the stages


def test_stages_are_in_the_order_in_which_few_moves_lead_back():
    moves = moved(
        ("Demo", "Proposal", 60),
        ("Proposal", "Demo", 20),
        ("Qualified", "Demo", 90),
        ("Qualified", "Proposal", 30),
        ("Proposal", "Negotiation", 50),
        ("Negotiation", "Won", 30),
        ("Negotiation", "Qualified", 2),
        ("Demo", "Lost", 30),
        ("Legal", None, 1),
    )
    order = stage_order(moves)
    assert [stage for stage in sorted(order, key=order.get) if stage != "Legal"] == STAGES


def test_deals_that_start_late_do_not_move_a_stage_forward():
    """Of deals that enter a stage first, most may be entered in a late one."""
    moves = moved(("Qualified", "Demo", 10), ("Demo", "Proposal", 10), ("Proposal", "Won", 900))
    assert stage_order(moves) == {"Qualified": 1, "Demo": 2, "Proposal": 3}


# ---- shares of the deals that entered a stage


def test_shares_and_their_errors_are_those_of_statsmodels():
    """Deals that are still in the stage are censored; three ways to leave it compete."""
    rng = np.random.default_rng([60, 1])
    n_deals, horizon = 400, 30
    left = rng.exponential(25, n_deals).astype(int)
    followed = rng.integers(0, 60, n_deals)
    cause = rng.choice([1, 2, 3], n_deals, p=[0.6, 0.1, 0.3])
    days, status = np.minimum(left, followed), np.where(left <= followed, cause, 0)
    names = np.array([None, "Proposal", "Qualified", "Lost"], dtype=object)
    moves = pd.DataFrame(
        {"deal_stage": ["Qualified", "Proposal"], "left_for": ["Demo", "Won"], "days_in_stage": 1}
    )
    deals = pd.DataFrame({"deal_stage": "Demo", "left_for": names[status], "days_in_stage": days})
    table = stage_conversion(exits_of(pd.concat([deals, *[moves] * 500])), NO_REPS, horizon)
    row = table[(table["deal_stage"] == "Demo") & table["quarter_start"].isna()].iloc[0]

    expected = CumIncidenceRight(days, status)
    last = np.flatnonzero(expected.times <= horizon)[-1]
    for place, share in enumerate(["went_on", "went_back", "lost"]):
        estimate = expected.cinc[place][last]
        assert row[f"{share}_rate"] == pytest.approx(estimate)
        width = row[f"{share}_rate_high"] - row[f"{share}_rate_low"]
        assert width == pytest.approx(2 * 1.96 * expected.cinc_se[place][last], rel=0.04)
    survival = SurvfuncRight(days, (status > 0).astype(int))
    last = np.flatnonzero(survival.surv_times <= horizon)[-1]
    assert row["still_there_rate"] == pytest.approx(survival.surv_prob[last])
    width = row["still_there_rate_high"] - row["still_there_rate_low"]
    assert width == pytest.approx(2 * 1.96 * survival.surv_prob_se[last], rel=0.04)
    assert row["median_days"] == survival.quantile(0.5)
    low, high = survival.quantile_ci(0.5, method="log")
    assert (row["median_days_low"], row["median_days_high"]) == pytest.approx((low, high), abs=1)
    shares = row[["went_on_rate", "went_back_rate", "lost_rate", "still_there_rate"]]
    assert shares.sum() == pytest.approx(1)


def test_no_share_is_given_where_no_deal_could_be_followed_for_so_long():
    deals = pd.DataFrame({"deal_stage": "Demo", "left_for": ["Won", None], "days_in_stage": [3, 9]})
    table = stage_conversion(exits_of(deals), NO_REPS, 10)
    assert table["went_on_rate"].isna().all()
    assert table["n_entered"].tolist() == [2, 2]  # of all quarters, and of the one


def test_reps_who_differ_widen_the_interval():
    deals = pd.DataFrame(
        {
            "deal_stage": "Demo",
            "left_for": ["Won"] * 200 + ["Lost"] * 200,
            "days_in_stage": 5,
            "sales_rep_id": [f"rep_{place // 40}" for place in range(400)],
        }
    )
    by_rep = deals.groupby(["sales_rep_id", "deal_stage", "left_for"]).size()
    by_rep = by_rep.rename("n_deals").reset_index()
    alike = stage_conversion(exits_of(deals), NO_REPS, 5).iloc[0]
    unlike = stage_conversion(exits_of(deals), by_rep, 5).iloc[0]
    widths = [row["went_on_rate_high"] - row["went_on_rate_low"] for row in (alike, unlike)]
    # Each rep wins all deals or none: the ten reps are worth ten deals.
    assert widths[1] > 5 * widths[0]


def test_without_a_history_there_is_no_row():
    totals, exits = (table.head(0) for table in simulated_totals(np.random.default_rng(1)))
    assert stage_conversion(exits, NO_REPS, 0).empty
    assert stage_changes(totals, exits, [], STRICT).empty


# ---- changes


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
