"""What would fool a model is caught, named in a sentence, and not modelled."""

import numpy as np
import pytest

from support.builds import built_once, rows
from support.exports import sample_deals
from winrate.build import summary


@pytest.fixture(scope="module")
def trapped(tmp_path_factory, compiled_project):
    """A build of the sample with a trap in nearly every feature."""
    path = tmp_path_factory.mktemp("trapped") / "deals.csv"
    deals = sample_deals()
    is_closed = deals["outcome"].notna()
    # Names that seeds/stage_outcomes.csv does not know; those it knows never become a feature.
    closed_stage = deals["outcome"].map({"Won": "Signed", "Lost": "Gone"})
    deals["deal_stage"] = np.where(is_closed, closed_stage, deals["deal_stage"])
    deals["product_type"] = "sells to " + deals["industry"]
    is_late = deals["closed_date"].fillna("2026-06-30") >= "2026-01-01"
    is_new = is_late & (deals["region"] == "Europe")
    deals["region"] = np.where(is_new, "Nordics", deals["region"])
    no_bid = deals.index[is_closed & (deals["lead_source"] == "Outbound")][:60]
    deals.loc[no_bid, "lead_source"] = "Tender"
    deals.loc[no_bid, "outcome"] = "Lost"
    deals.loc[0, "sales_cycle_days"] = "999"
    deals.loc[[1, 5], "sales_cycle_days"] = ["about a month", "a while"]
    deals.to_csv(path, index=False)
    return built_once(tmp_path_factory, "trapped", path)


def test_every_trap_is_named(trapped):
    found = rows(trapped, "select check_name, feature, level from quality.data_checks")
    assert found == [
        ("cells_not_read", "sales_cycle_days", None),
        ("cycle_disagrees_with_dates", "sales_cycle_days", None),
        ("feature_names_outcome", "deal_stage", None),
        ("feature_repeats_another", "product_type", None),
        ("level_is_determined", "lead_source", "Tender"),
        ("level_is_new", "region", "Nordics"),
    ]


def test_the_summary_of_a_build_counts_them(trapped):
    text = summary.summary_text(
        summary.read_facts(trapped), trapped, trapped, trapped.parent, importance_max_deals=1
    )
    assert "leaks and traps found: 6; see quality.data_checks" in text


def test_one_of_the_cells_that_cannot_be_read_is_shown(trapped):
    query = "select n_deals, message from quality.data_checks where check_name = 'cells_not_read'"
    sentence = (
        "sales_cycle_days cannot be read in 2 deals, such as 'a while': it counts as empty there."
    )
    assert rows(trapped, query) == [(2, sentence)]


def test_what_is_trapped_is_not_modelled_and_the_rest_is(trapped):
    evidence = dict(
        rows(
            trapped,
            "select feature || ' ' || level, evidence from drivers.win_rate_drivers"
            " where evidence in ('helps', 'hurts')",
        )
    )
    assert evidence["lead_source Referral"] == "helps"
    assert evidence["industry HealthTech"] == "hurts"
    assert not [name for name in evidence if name.startswith(("deal_stage", "product_type"))]
    # The stage is out, so what is left must not tell won from lost nearly perfectly.
    assert rows(trapped, "select auc < 0.8 from drivers.model_verdict") == [(True,)]
    assert rows(trapped, "select count(*) from alerts.alert_stage_bottleneck") == [(0,)]


def test_sound_data_have_no_trap(sample_warehouse):
    assert rows(sample_warehouse, "from quality.data_checks") == []
