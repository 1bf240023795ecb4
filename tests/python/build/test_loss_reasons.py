"""Loss reasons and competitors of an export: what changed is found, and they are never a driver."""

import numpy as np
import pytest

from support.builds import built_once, rows
from support.exports import sample_deals

REASONS = ["Price", "Missing feature", "No decision / non-responsive", "Lost to competitor", ""]


@pytest.fixture(scope="module")
def deals():
    """The sample with loss reasons, of which one is more common in the last two quarters.

    The competitors that lost deals name are drawn at random.
    """
    deals = sample_deals()
    rng = np.random.default_rng(5)
    is_lost = deals["outcome"] == "Lost"
    reason = rng.choice(REASONS, len(deals), p=[0.3, 0.2, 0.15, 0.15, 0.2])
    is_late = deals["closed_date"].fillna("") >= "2026-01-01"
    reason = np.where(is_late & (rng.random(len(deals)) < 0.2), REASONS[2], reason)
    competitor = rng.choice(["Acme", "Initech", "None", ""], len(deals))
    return deals.assign(
        **{
            "Loss Reason": np.where(is_lost, reason, ""),
            "Primary Competitor": np.where(is_lost, competitor, ""),
        }
    )


@pytest.fixture(scope="module")
def planted(tmp_path_factory, compiled_project, deals):
    path = tmp_path_factory.mktemp("losses") / "deals.csv"
    deals.to_csv(path, index=False)
    return built_once(tmp_path_factory, "losses", path)


def test_the_planted_reason_rose_and_nothing_that_is_drawn_at_random(planted):
    found = rows(
        planted,
        """
        select dimension, reason, kind
        from drivers.loss_reasons
        where comparison = 'last two quarters' and feature is null and evidence = 'rose'
        order by all
        """,
    )
    assert found == [
        ("kind", "no decision", "no decision"),
        ("loss_reason", REASONS[2], "no decision"),
    ]
    of_competitors = "select distinct evidence from drivers.loss_reasons where dimension = "
    assert rows(planted, f"{of_competitors} 'competitor'") == [("inconclusive",)]


def test_every_lost_deal_of_the_period_is_counted_once_per_dimension(planted, deals):
    is_late = deals["closed_date"].fillna("").between("2026-01-01", "2026-06-30")
    lost = deals[is_late & (deals["outcome"] == "Lost")]
    counted = rows(
        planted,
        """
        select dimension, coalesce(feature, 'none'), sum(n_lost_after), max(n_all_lost_after)
        from drivers.loss_reasons
        where is_primary
        group by all
        order by all
        """,
    )
    assert {n_lost for _, _, n_lost, _ in counted} == {len(lost)}
    assert {n_all for _, feature, _, n_all in counted if feature == "none"} == {len(lost)}
    assert {feature for _, feature, _, _ in counted} == {
        *("none", "industry", "region", "product_type", "lead_source")
    }
    [(amount,)] = rows(
        planted,
        "select sum(lost_amount_after) from drivers.loss_reasons"
        " where is_primary and feature is null and dimension = 'kind'",
    )
    assert amount == lost["deal_amount"].astype(float).sum()


def test_the_page_has_the_claim(planted):
    page = (planted.parent / "report" / "index.html").read_text(encoding="utf-8")
    section = page[page.index("Why deals are lost") :]
    [(statement,)] = rows(
        planted,
        "select statement from drivers.loss_reasons"
        " where reason = 'no decision' and is_primary and feature is null",
    )
    assert statement.startswith("Of the deals lost in the last two quarters, ")
    assert section.index(statement) < section.index("Kind of loss")


def test_an_export_without_reasons_has_no_rows(plain_sample_warehouse):
    assert rows(plain_sample_warehouse, "select count(*) from drivers.loss_reasons") == [(0,)]


def test_a_reason_that_is_a_feature_is_known_only_at_close(own_warehouse):
    """It never leads to a score, a verdict or a driver that is known at creation."""
    query = "select distinct feature, known_at from drivers.win_rate_drivers"
    known_at = dict(rows(own_warehouse, query))
    at_creation = {"deal_segment", "discount_rate", "industry", "lead_source"}
    assert {name for name, known in known_at.items() if known == "creation"} == at_creation
    assert known_at["competitor"] == known_at["loss_reason"] == "close"
    scored = {name for (name,) in rows(own_warehouse, "select feature from scores.deal_reasons")}
    assert scored == at_creation
    assert rows(own_warehouse, "select verdict from drivers.model_verdict") != [("suspected leak",)]
    query = "select distinct feature from drivers.loss_reasons where feature is not null"
    assert {name for (name,) in rows(own_warehouse, query)} == at_creation - {"discount_rate"}
