"""Builds with a stage history: what is planted is found, and every row is counted."""

import numpy as np
import pandas as pd
import pytest

from support.builds import built_once, rows, run_main
from support.paths import SAMPLE
from tools import sample

LATER = "2025-10-01"  # the later window of the primary comparison


@pytest.fixture(scope="module")
def history() -> pd.DataFrame:
    """The history of the sample, with fewer deals that go on from Proposal lately.

    Of those that were lost in Negotiation, half are lost in Proposal in the later window.
    """
    stages = sample.generate_stages()
    rng = np.random.default_rng(9)
    entered = stages.pivot(index="deal_id", columns="stage", values="entered_date")
    is_lost = entered["Closed Lost"].notna() & entered["Negotiation"].notna()
    is_late = is_lost & (entered["Proposal"] >= LATER)
    chosen = entered.index[is_late & (rng.random(len(entered)) < 0.6)]
    return stages[~(stages["deal_id"].isin(chosen) & (stages["stage"] == "Negotiation"))]


@pytest.fixture(scope="module")
def stages_path(tmp_path_factory, history):
    """The same as Salesforce's field history: other fields, a deal of another export, bad rows."""
    path = tmp_path_factory.mktemp("stages") / "stages.csv"
    old = history.groupby("deal_id")["stage"].shift()
    changes = history.assign(Field="Stage", old=old)[old.notna()]
    others = pd.DataFrame(
        [
            ("D00001", "Amount", "1", "2", "2025-01-01"),
            ("elsewhere", "Stage", "Demo", "Proposal", "2025-01-01"),
            ("D00002", "Stage", "Demo", "Proposal", "soon"),
            ("D00003", "Stage", "Demo", "", "2025-01-01"),
        ]
    )
    columns = ["deal_id", "Field", "old", "stage", "entered_date"]
    titles = ["Opportunity ID", "Field", "Old Value", "New Value", "Edit Date"]
    table = pd.concat([changes[columns].set_axis(titles, axis=1), others.set_axis(titles, axis=1)])
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def staged_build(tmp_path_factory, compiled_project, stages_path):
    return built_once(tmp_path_factory, "stages", SAMPLE, stages=stages_path)


def test_every_row_is_counted_once(staged_build, stages_path):
    n_rows = len(pd.read_csv(stages_path))
    query = """
        select n_read, n_accepted + n_rejected + n_skipped, n_rejected, n_other_fields,
            n_other_deals, n_lines
        from quality.stage_row_ledger
    """
    assert rows(staged_build, query) == [(n_rows, n_rows, 2, 1, 1, n_rows + 1)]
    query = "select reason_code from quality.rejected_stage_rows order by source_line"
    assert rows(staged_build, query) == [("bad_entered_date",), ("missing_stage",)]


def test_the_first_stage_is_the_old_one_of_the_first_change(staged_build, history):
    """The history itself has no row for it."""
    found = rows(
        staged_build,
        "select deal_id, deal_stage, cast(entered_date as text) from staging.stg_deal_stages",
    )
    is_open = ~history["stage"].str.startswith("Closed")
    moved = history["deal_id"].duplicated(keep=False)
    # Deals that never changed their stage are in no history of changes.
    expected = history[is_open & moved][["deal_id", "stage", "entered_date"]]
    assert sorted(found) == sorted(expected.itertuples(index=False, name=None))


def test_the_planted_changes_are_found_and_no_other(staged_build):
    """Deals that are lost in Proposal do not reach Negotiation, where they would be lost."""
    claims = "select feature, deal_stage, evidence from drivers.stage_conversion_change where "
    assert rows(staged_build, f"{claims} is_primary and statement is not null order by all") == [
        (None, "Negotiation", "rose"),
        (None, "Proposal", "fell"),
    ]
    alert = "select entity_id, amount_at_stake > 0 from alerts.alert_stage_bottleneck"
    assert rows(staged_build, alert) == [("Proposal", True)]


def test_the_page_shows_the_funnel(staged_build):
    page = (staged_build.parent / "report" / "index.html").read_text(encoding="utf-8")
    assert "The stages of the funnel" in page
    assert "entered the stage Proposal in" in page


def test_a_history_says_how_long_an_open_deal_is_in_its_stage(staged_build):
    query = """
        select count(*), count(case when open_deals.is_stage_date_known then 1 end)
        from staging.stg_deal_stages
        inner join scores.open_deals using (deal_id)
        where stg_deal_stages.is_current
    """
    ((n_current, n_known),) = rows(staged_build, query)
    assert n_current == n_known > 300


def test_rejected_rows_are_named_and_small_gaps_are_not(staged_build):
    query = "select message from quality.data_checks where check_name = 'stage_history_gaps'"
    found = [message for (message,) in rows(staged_build, query)]
    assert len(found) == 1
    assert found[0].startswith("2 of ")


def test_a_check_says_what_is_read(stages_path, compiled_project):
    printed = run_main("check", "--stages", stages_path).stdout
    assert "stage history" in printed
    assert "1 of them are changes of other fields" in printed
    assert "Closed Won" in printed
    assert "line " in printed and "'soon' cannot be read" in printed


def test_a_file_that_is_no_history_is_refused(tmp_path, compiled_project):
    path = tmp_path / "other.csv"
    path.write_text("Deal ID,Owner\nD1,Ann\n")
    run = run_main("build", "--stages", path, "--warehouse", tmp_path / "w.duckdb")
    assert run.returncode == 1
    assert f"{path}: a stage history without deal_stage, entered_date" in run.stderr
    missing = run_main("build", "--stages", tmp_path / "no.csv", "--warehouse", tmp_path / "w")
    assert "found no such file" in missing.stderr
