from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from support.simulate import RULES
from winrate.statistics import pipeline_health


def levels(**of_region: tuple[int, int, int]) -> pd.DataFrame:
    columns = ["n_open_deals", "n_won", "n_deals"]
    table = pd.DataFrame.from_dict(of_region, orient="index", columns=columns)
    return table.rename_axis("level").reset_index().assign(feature="region")


CHANGED = levels(a=(100, 400, 900), b=(300, 300, 600))
OF_OLD = levels(a=(200, 450, 600), b=(200, 250, 600))
UNCHANGED = levels(a=(120, 400, 800), b=(92, 300, 600))


def health(mix: pd.DataFrame, **totals: float) -> pd.Series:
    row = {
        "last_quarter": "2026 Q2",
        "n_deals": mix["n_deals"].sum(),
        "n_won": mix["n_won"].sum(),
        "n_open_deals": mix["n_open_deals"].sum(),
        "n_created_last_quarter": 500,
        "n_created_year_before": 500,
        "created_amount_last_quarter": 5e6,
        "created_amount_year_before": 5e6,
        "squared_amount_last_quarter": 6e10,
        "squared_amount_year_before": 6e10,
    } | totals
    found = pipeline_health.pipeline_health(pd.DataFrame([row]), pipeline_mix(mix), RULES)
    return found.iloc[0]


def pipeline_mix(levels: pd.DataFrame) -> pd.DataFrame:
    return pipeline_health.pipeline_mix(levels, ["region"], RULES)


# ---- the mix


def test_shares_sum_to_one_and_the_whole_mix_is_tested():
    table = pipeline_mix(CHANGED)
    assert table[["share_open", "share_won", "share_closed"]].sum().tolist() == [1, 1, 1]
    assert list(table["evidence"]) == ["less than was won", "more than was won"]
    assert table["difference_pp"].sum() == pytest.approx(0)
    expected = chi2_contingency([[100, 300], [400, 300]], correction=False).pvalue
    assert table["feature_p_value"].tolist() == pytest.approx([expected] * 2)


def test_a_level_or_a_volume_that_may_differ_by_chance_says_so():
    strict = replace(RULES, max_other_q_value=0.01)
    counts = levels(a=(115, 400, 900), b=(120, 300, 600))
    mix = pipeline_health.pipeline_mix(counts, ["region"], strict)
    assert (mix["evidence"] == "inconclusive").all()
    assert mix["difference_pp_high"][0] < 0 < mix["difference_pp_low"][1]
    assert set(mix["inconclusive_because"]) == {"may be chance among 2 levels"}
    row = health(UNCHANGED, n_created_last_quarter=570)
    assert row["n_created_ratio_low"] > 1 and row["volume_evidence"] == "inconclusive"
    assert "worth 5,000,000; may be chance among 4 tests)" in row["statement"]


def test_too_few_open_won_or_in_the_level_is_no_claim():
    few_open = pipeline_mix(levels(a=(29, 400, 900), b=(0, 300, 600)))
    assert (few_open["evidence"] == "too few deals").all()
    few_in_level = pipeline_mix(levels(a=(20, 9, 40), b=(300, 900, 1500)))
    assert few_in_level["evidence"].tolist() == ["too few deals", "less than was won"]


def test_nothing_open_or_nothing_won_has_no_test():
    for one in (
        levels(a=(0, 5, 9), b=(0, 6, 9)),
        levels(a=(5, 0, 9), b=(6, 0, 9)),
        levels(a=(5, 5, 9)),
    ):
        table = pipeline_mix(one)
        assert table["feature_p_value"].isna().all()
        assert (table["evidence"] == "too few deals").all()


# ---- health


def test_a_pipeline_as_large_as_a_year_before_with_the_mix_of_the_won_deals():
    row = health(UNCHANGED)
    assert row[["volume_evidence", "amount_evidence", "mix_evidence"]].eq("inconclusive").all()
    assert row["statement"] == (
        "New pipeline is not significantly different from a year before (2026 Q2: 500 deals worth "
        "5,000,000, against 500 worth 5,000,000), and the mix of the 212 open deals is not "
        "significantly different from the won deals."
    )


def test_more_pipeline_of_another_mix_is_qualified():
    row = health(CHANGED, n_created_last_quarter=700, created_amount_last_quarter=7.2e6)
    assert (row["volume_evidence"], row["amount_evidence"]) == ("more", "more")
    assert (row["mix_evidence"], row["closed_mix_evidence"]) == ("differs", "differs")
    assert row["statement"].startswith("More pipeline is created than a year before (2026 Q2: 700")
    assert row["statement"].endswith(
        ", but the mix of the 400 open deals differs from the won deals: Region a makes up 25.0% "
        "of them and 57.1% of the won deals."
    )


def test_an_open_mix_like_that_of_all_closed_deals_is_described_so():
    row = health(OF_OLD)
    assert (row["mix_evidence"], row["closed_mix_evidence"]) == ("differs", "inconclusive")
    assert row["statement"].endswith("it is not significantly different from all closed deals.")


def test_less_pipeline_is_named_as_such():
    row = health(UNCHANGED, n_created_last_quarter=350, created_amount_last_quarter=3e6)
    assert (row["volume_evidence"], row["amount_evidence"]) == ("less", "less")
    assert row["statement"].startswith("Less pipeline is created than a year before")
    assert row["n_created_ratio_high"] < 1


@pytest.mark.parametrize(
    ("totals", "says"),
    [
        ({"n_open_deals": 0, "n_created_last_quarter": 0}, "No deal is open"),
        (
            {"n_created_year_before": None, "created_amount_year_before": None},
            "no deals of the quarter a year before",
        ),
        ({"n_created_last_quarter": 3, "n_created_year_before": 4}, "Too few deals were created"),
    ],
    ids=["an export of closed deals", "less than a year of data", "few deals"],
)
def test_without_deals_to_compare_with_there_is_no_claim(totals, says):
    row = health(UNCHANGED, **totals)
    assert row["volume_evidence"] == "too few deals"
    assert says in row["statement"] and row["statement"].endswith(".")


def test_a_year_of_nothing_after_a_year_of_deals_is_less():
    row = health(UNCHANGED, n_created_last_quarter=0, created_amount_last_quarter=0)
    assert (row["n_created_ratio"], row["volume_evidence"]) == (0, "less")
    assert np.isnan(row["created_amount_ratio"])


def test_the_interval_of_the_amount_holds_the_true_ratio():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(1000):
        row = {}
        for name in ("last_quarter", "year_before"):
            amounts = rng.lognormal(10, 0.8, rng.poisson(300))
            row[f"created_amount_{name}"] = amounts.sum()
            row[f"squared_amount_{name}"] = (amounts**2).sum()
        found = pipeline_health._amount_ratio(row)
        held.append(found["created_amount_ratio_low"] < 1 < found["created_amount_ratio_high"])
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
