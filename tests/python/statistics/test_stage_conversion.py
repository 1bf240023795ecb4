import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from winrate.statistics.stage_conversion import ALL, EXITS, stage_conversion, stage_order

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
    assert stage_conversion(pd.DataFrame(columns=EXITS), NO_REPS, 0).empty
