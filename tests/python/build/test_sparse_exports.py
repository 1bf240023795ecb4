"""Exports that lack columns and dates: what they lack is said once and appears nowhere else."""

import numpy as np
import pandas as pd
import pytest

from support.builds import built_once, rows
from support.exports import sample_deals
from winrate.build import summary

# The tables with a row per feature, rep, stage or lead source.
BY_FEATURE = [
    *("drivers.win_rate_drivers", "drivers.win_rate_by_segment", "drivers.loss_concentration"),
    *("drivers.win_rate_change_model", "drivers.win_rate_change_segments", "drivers.pipeline_mix"),
    *("drivers.sales_velocity", "scores.deal_reasons"),
]


@pytest.fixture(scope="module")
def sparse(tmp_path_factory, compiled_project):
    """A build of the sample without reps, amounts, regions and stages.

    A third of the lost deals have no close date and so no sales cycle, and the industry is filled
    in when a deal closes.
    """
    deals = sample_deals()
    rng = np.random.default_rng(1)
    is_lost = deals["outcome"] == "Lost"
    deals.loc[is_lost & (rng.random(len(deals)) < 1 / 3), "closed_date"] = None
    is_told = rng.random(len(deals)) < 0.97
    told = deals["outcome"].map({"Won": "Signed by phone", "Lost": "No answer"}).fillna("Ringing")
    deals["industry"] = np.where(is_told, told, rng.permutation(told))
    lacks = ["sales_rep_id", "deal_amount", "region", "deal_stage", "sales_cycle_days"]
    deals = deals.drop(columns=lacks)
    path = tmp_path_factory.mktemp("sparse") / "deals.csv"
    deals.to_csv(path, index=False)
    return built_once(tmp_path_factory, "sparse", path)


@pytest.fixture(scope="module")
def barest(tmp_path_factory, compiled_project):
    """A build of nothing but ids and outcomes."""
    path = tmp_path_factory.mktemp("barest") / "deals.csv"
    sample_deals()[["deal_id", "outcome"]].to_csv(path, index=False)
    return built_once(tmp_path_factory, "barest", path)


def checks(warehouse) -> dict[str, list[tuple[str, str]]]:
    """The rows of quality.data_checks by check: severity and message."""
    query = "select check_name, severity, message from quality.data_checks order by all"
    found: dict[str, list[tuple[str, str]]] = {}
    for name, severity, message in rows(warehouse, query):
        found.setdefault(name, []).append((severity, message))
    return found


def test_deals_without_a_close_date_count_in_the_win_rate_and_not_by_close_date(sparse):
    deals = sample_deals()
    n_won, n_lost = ((deals["outcome"] == outcome).sum() for outcome in ("Won", "Lost"))
    assert rows(sparse, "select n_won, n_lost from drivers.model_verdict") == [(n_won, n_lost)]
    by_basis = dict(
        rows(
            sparse,
            "select basis, sum(n_deals) from drivers.win_rate_trend"
            " where grain = 'quarter' group by basis",
        )
    )
    assert by_basis["created"] == n_won + n_lost
    [(severity, message)] = checks(sparse)["date_is_missing"]
    n_undated = n_won + n_lost - by_basis["closed"]
    assert severity == "warning"
    assert message.startswith(f"{n_undated:,.0f} closed deals have no usable close date: 0.0% of")
    assert f"{100 * n_won / (n_won + n_lost):.1f}%." in message


def test_each_deal_without_a_close_date_is_a_row_of_the_drivers_and_has_a_score(sparse):
    by_feature = rows(
        sparse,
        "select feature, sum(n_deals) from drivers.win_rate_drivers group by feature",
    )
    n_closed = (sample_deals()["outcome"].notna()).sum()
    assert {n_deals for _, n_deals in by_feature} == {n_closed}
    without_score = "select count(*) from scores.scored_deals where win_probability is null"
    assert rows(sparse, without_score) == [(0,)]


@pytest.mark.parametrize("table", BY_FEATURE)
def test_a_column_that_the_export_lacks_has_no_row(sparse, table):
    found = {feature for (feature,) in rows(sparse, f"select distinct feature from {table}")}
    assert found.isdisjoint({"region", "deal_stage", "deal_amount"})
    assert "lead_source" in found


@pytest.mark.parametrize("table", ["drivers.rep_performance", "drivers.stage_funnel"])
def test_without_reps_and_stages_their_tables_are_empty(sparse, table):
    assert rows(sparse, f"select count(*) from {table}") == [(0,)]


def test_no_alert_is_about_what_is_not_there(sparse):
    messages = [message for (message,) in rows(sparse, "select message from alerts.alerts")]
    about = [message for message in messages if "Column" in message or "Stage" in message]
    assert about == []


def test_what_is_missing_is_said_once_with_what_it_would_add(sparse):
    messages = [message for _, message in checks(sparse)["column_is_missing"]]
    assert [message.split(". ")[0].rsplit(" ", 1)[1] for message in messages] == [
        *("account_id", "deal_amount", "deal_stage", "region", "sales_rep_id"),
    ]
    assert messages[1].endswith("It would add every figure in money.")


def test_a_feature_that_is_filled_in_at_the_close_is_named_on_top_and_is_no_driver(sparse):
    [(verdict, suspect, statement)] = rows(
        sparse, "select verdict, suspected_feature, statement from drivers.model_verdict"
    )
    assert (verdict, suspect) == ("signal", "industry")
    assert "Industry is suspected to leak the outcome" in statement
    [(severity, message)] = checks(sparse)["feature_names_outcome"]
    assert severity == "warning"
    assert message in (sparse.parent / "report" / "index.html").read_text(encoding="utf-8")
    left_out = rows(
        sparse,
        "select distinct known_at, left_out_code, effect_pp from drivers.win_rate_drivers"
        " where feature = 'industry'",
    )
    assert left_out == [("close", "suspected_leak", None)]
    assert ("lead_source",) in rows(
        sparse,
        "select feature from drivers.win_rate_drivers where evidence in ('helps', 'hurts')",
    )
    for table in ("scores.deal_reasons", "drivers.win_rate_change_causes"):
        assert ("industry",) not in rows(sparse, f"select distinct feature from {table}")


def test_a_sales_cycle_that_is_missing_is_no_driver_and_makes_none(sparse):
    found = rows(
        sparse,
        "select level = 'Unknown', evidence, inconclusive_because, left_out_code"
        " from drivers.win_rate_drivers where feature = 'sales_cycle_days' group by all order by 1",
    )
    assert found == [
        (False, "inconclusive", None, None),
        (True, "inconclusive", None, "missing_at_close"),
    ]


def test_an_export_of_ids_and_outcomes_has_a_win_rate_and_no_more(barest):
    [(n_won, n_lost, statement)] = rows(
        barest, "select n_won, n_lost, statement from drivers.model_verdict"
    )
    outcomes = sample_deals()["outcome"].value_counts()
    assert (n_won, n_lost) == (outcomes["Won"], outcomes["Lost"])
    assert statement.startswith("There is no feature to compare")
    assert rows(barest, "select count(*) from alerts.alerts") == [(0,)]
    for table in [*BY_FEATURE, "drivers.win_rate_trend", "drivers.win_rate_change"]:
        if table != "drivers.sales_velocity":  # which has a row of all deals
            assert rows(barest, f"select count(*) from {table}") == [(0,)], table


def test_the_summary_of_a_build_says_first_what_changes_how_figures_are_read(sparse):
    facts = summary.read_facts(sparse)
    text = summary.summary_text(facts, sparse, sparse, sparse.parent, importance_max_deals=1)
    assert text.index("have no usable close date") < text.index("outcomes")
    assert pd.Series(facts.warnings).str.contains("suspected to leak|no usable close date").all()
