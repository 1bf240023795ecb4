"""Exports as CRMs and people write them: what `make init` knows and a newcomer adds is enough."""

from collections import Counter
from pathlib import Path

import pytest

from support.crm_exports import SHAPES, Export, answered, crm_deals
from winrate.build import init
from winrate.build.build import BuildRequest

pytestmark = pytest.mark.usefixtures("compiled_project")


@pytest.fixture(scope="module")
def deals():
    """Some 300 deals of the sample."""
    return crm_deals()


def started(export: Export, to_folder: Path) -> tuple[str, str]:
    """What `make init` prints, and the mapping that it writes."""
    printed = init.init(BuildRequest(export.path, Path(), Path()), to_folder)
    return printed, (to_folder / "mapping.csv").read_text("utf-8")


@pytest.mark.parametrize("shape", SHAPES)
def test_an_export_of_this_shape_gives_the_deals_that_it_is_made_of(
    staging, tmp_path, deals, shape
):
    export = SHAPES[shape](tmp_path, deals)
    _, offered = started(export, tmp_path / "my_crm")
    own = tmp_path / "mapping.csv"
    own.write_text(answered(offered, export), encoding="utf-8")
    result = staging.run(export.path, own)
    assert result.column("select message from internal.export_errors") == []
    reasons = Counter(result.rows("select is_skipped, reason_code from quality.rejected_deals"))
    assert reasons == {
        (is_skipped, code): n
        for is_skipped, rows in ((False, export.rejected), (True, export.skipped))
        for code, n in rows.items()
    }
    types = {"deal_amount": "double", "crm_probability": "double"}
    columns = [f"cast({name} as {types.get(name, 'text')})" for name in export.deals]
    found = result.rows(f"select {', '.join(columns)} from staging.stg_deals order by deal_id")
    expected = export.deals.sort_values("deal_id").astype(object).where(export.deals.notna(), None)
    assert found == list(expected.itertuples(index=False, name=None))


@pytest.mark.parametrize("shape", ["salesforce_report", "salesforce_data_loader"])
def test_salesforce_says_when_the_fiscal_year_starts(staging, tmp_path, deals, shape):
    result = staging.run(SHAPES[shape](tmp_path, deals).path)
    query = "select start_month, start_month_from, n_periods > 100 from internal.fiscal_calendars"
    assert result.rows(query) == [(1, "fiscal periods", True)]


def test_stages_are_offered_and_totals_and_footers_are_none(tmp_path, deals):
    export = SHAPES["salesforce_formatted_report"](tmp_path, deals)
    printed, offered = started(export, tmp_path / "my_crm")
    (stages,) = (part for part in offered.split("\n# ---- ") if part.startswith("Other stages"))
    assert sorted(stages.splitlines()[1:]) == [
        "#outcome,Needs Analysis,",
        "#outcome,Negotiation/Review,",
        "#outcome,Proposal/Price Quote,",
        "#outcome,Qualification,",
    ]
    assert "open stages  Proposal/Price Quote" in printed and "not known" not in printed
    assert "Next: look through" in printed


def test_columns_without_a_title_are_named_with_what_they_would_add(tmp_path, deals):
    printed, offered = started(SHAPES["hand_kept_list"](tmp_path, deals), tmp_path / "my_crm")
    for line in (
        "#column,Ref,deal_id",
        "# outcome is missing, and required.",
        "# closed_date would add the trend and changes of the win rate.",
        "#column,Signed?,",
    ):
        assert line in offered.splitlines()
    assert "missing     outcome" in printed and "Next: complete" in printed


def test_words_for_outcomes_are_offered_once_their_column_is_known(tmp_path, deals):
    export = SHAPES["hand_kept_list"](tmp_path, deals)
    own = tmp_path / "mapping.csv"
    own.write_text("kind,found,means\ncolumn,Ref,deal_id\ncolumn,Signed?,outcome\n")
    found = init.found_in(BuildRequest(export.path, Path(), Path(), mapping=own))
    assert found.unknown_words == ["No", "Yes"] and found.outcomes == []
