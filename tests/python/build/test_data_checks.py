"""Data quality issues are found, explained in a sentence, and kept out of the models."""

import re

import numpy as np
import pytest
import yaml

from support.builds import built_once, rows
from support.exports import sample_deals
from winrate import project
from winrate.build import summary

DOC = project.ROOT / "docs" / "checks.md"
MODELS = project.ROOT / "models" / "quality"
CHECKS = sorted(path.stem.removeprefix("check_") for path in (MODELS / "checks").glob("*.sql"))


@pytest.fixture(scope="module")
def with_issues(tmp_path_factory, compiled_project):
    """A build of the sample with an issue in nearly every feature."""
    path = tmp_path_factory.mktemp("with_issues") / "deals.csv"
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
    return built_once(tmp_path_factory, "with_issues", path)


def test_every_issue_is_found(with_issues):
    found = rows(
        with_issues, "select check_name, feature, level from quality.data_checks order by all"
    )
    assert found == [
        ("cells_not_read", "sales_cycle_days", None),
        ("column_is_missing", None, None),  # the sample has no accounts
        ("cycle_disagrees_with_dates", "sales_cycle_days", None),
        ("feature_names_outcome", "deal_stage", None),
        ("feature_repeats_another", "product_type", None),
        ("level_is_determined", "lead_source", "Tender"),
        ("level_is_new", "region", "Nordics"),
    ]


def test_the_summary_of_a_build_counts_the_issues(with_issues):
    text = summary.summary_text(
        summary.read_facts(with_issues),
        with_issues,
        with_issues,
        with_issues.parent,
        importance_max_deals=1,
    )
    assert "7 found; see quality.data_checks" in text


def test_one_unparsed_cell_is_shown(with_issues):
    query = "select n_deals, message from quality.data_checks where check_name = 'cells_not_read'"
    sentence = (
        "sales_cycle_days could not be parsed in 2 deals, such as 'a while': the value counts as "
        "missing."
    )
    assert rows(with_issues, query) == [(2, sentence)]


def test_a_feature_with_an_issue_is_not_modelled_and_the_others_are(with_issues):
    evidence = dict(
        rows(
            with_issues,
            "select feature || ' ' || level, evidence from drivers.win_rate_drivers"
            " where evidence in ('helps', 'hurts')",
        )
    )
    assert evidence["lead_source Referral"] == "helps"
    assert evidence["industry HealthTech"] == "hurts"
    assert not [name for name in evidence if name.startswith(("deal_stage", "product_type"))]
    # Without the leaking stage, the features discriminate no better than those of the sample do.
    assert rows(with_issues, "select auc < 0.8 from drivers.model_verdict") == [(True,)]
    assert rows(with_issues, "select count(*) from alerts.alert_stage_bottleneck") == [(0,)]


def test_the_sample_has_no_issue(sample_warehouse):
    assert rows(sample_warehouse, "select check_name from quality.data_checks") == []


def test_without_accounts_the_sample_has_no_issue_but_that(plain_sample_warehouse):
    query = "select check_name, severity, message from quality.data_checks"
    found = rows(plain_sample_warehouse, query)
    sentence = (
        "No column of the export is read as account_id. It would add intervals that allow for "
        "deals of one account being alike."
    )
    assert found == [("column_is_missing", "info", sentence)]


def test_the_table_holds_every_check():
    query = (MODELS / "data_checks.sql").read_text(encoding="utf-8")
    assert sorted(re.findall(r"'check_(\w+)'", query)) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_a_description_and_a_unit_test(check):
    text = (MODELS / "checks" / f"check_{check}.yml").read_text(encoding="utf-8")
    properties = yaml.safe_load(text)
    (model,) = properties["models"]
    assert model["name"] == f"check_{check}" and model["description"]
    cases = [case for case in properties["unit_tests"] if case["model"] == model["name"]]
    assert any(case["expect"]["rows"] for case in cases)


def sections() -> dict[str, str]:
    """The sections of docs/checks.md by their heading."""
    parts = re.split(r"^## (.+)\n", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_check_has_a_section_and_every_section_a_check():
    assert sorted(sections()) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_section_has_an_example_a_reason_and_a_remedy(check):
    paragraphs = re.findall(r"^\*\*(\w+)\.\*\* \S", sections()[check], re.MULTILINE)
    assert paragraphs == ["Example", "Reason", "Remedy"]
