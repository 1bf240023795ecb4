"""The four shapes of a stage history, and files that are none."""

from pathlib import Path

import pandas as pd
import pytest

from winrate import project
from winrate.ingest import stage_history
from winrate.ingest.records import ExportError

VARIABLES = project.project_vars()


@pytest.fixture
def written(tmp_path):
    """Writes rows of cells as a CSV file; returns its path."""

    def write(*rows: tuple[str, ...], suffix: str = "csv") -> Path:
        path = tmp_path / f"stages.{suffix}"
        table = pd.DataFrame(rows[1:], columns=rows[0])
        if suffix == "csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, index=False)
        return path

    return write


def entries(path: Path, mapping: Path | None = None) -> list[tuple]:
    table = stage_history.read_stage_history(path, mapping, VARIABLES).read_all()
    names = ["deal_id", "old_stage", "deal_stage", "entered_date", "skip_code"]
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def test_a_row_per_deal_and_stage(written):
    path = written(("Deal ID", "Stage", "Date"), ("D1", "Demo", "2024-03-05"))
    assert entries(path) == [("D1", None, "Demo", "2024-03-05", None)]


def test_salesforce_opportunity_history(written):
    path = written(
        ("Id", "OpportunityId", "StageName", "Amount", "CreatedDate"),
        ("008A", "006A", "Demo", "10", "2024-03-05T09:00:00.000Z"),
        ("008B", "006A", "Demo", "20", "2024-03-06T09:00:00.000Z"),
    )
    assert [row[0] for row in entries(path)] == ["006A", "006A"]
    assert [row[2] for row in entries(path)] == ["Demo", "Demo"]


@pytest.mark.parametrize(
    "titles",
    [
        ("Id", "OpportunityId", "Field", "OldValue", "NewValue", "CreatedDate"),
        ("Name", "Opportunity ID", "Field / Event", "Old Value", "New Value", "Edit Date"),
        ("id", "opportunity_id", "field", "old_value", "new_value", "created_date"),
    ],
)
def test_salesforce_field_history_has_changes_of_other_fields_too(written, titles):
    path = written(
        titles,
        ("x", "006A", "StageName", "Qualified", "Demo", "2024-03-05"),
        ("x", "006A", "Amount", "10", "20", "2024-03-06"),
        ("x", "006A", "Close Date", "", "2024-05-01", "2024-03-06"),
    )
    assert entries(path)[0] == ("006A", "Qualified", "Demo", "2024-03-05", None)
    assert [row[-1] for row in entries(path)[1:]] == [stage_history.OTHER_FIELD] * 2


def test_fivetran_deal_stages(written):
    path = written(
        ("deal_id", "pipeline_stage_label", "date_stage_entered", "date_stage_exited"),
        ("77", "Demo", "2024-03-05 09:00:00", "2024-04-01 09:00:00"),
        suffix="parquet",
    )
    assert entries(path) == [("77", None, "Demo", "2024-03-05 09:00:00", None)]


def test_hubspot_export_with_a_column_per_stage(written):
    path = written(
        (
            *("Record ID", "Deal Stage", 'Date entered "Demo (Sales Pipeline)"'),
            "Date entered 'Closed won (Sales Pipeline)'",
        ),
        ("1", "Demo", "2024-03-05 09:00", ""),
        ("2", "Closed won", "2024-03-05 09:00", "2024-04-01 09:00"),
        ("3", "Demo", "", ""),
    )
    assert entries(path) == [
        ("1", None, "Demo (Sales Pipeline)", "2024-03-05 09:00", None),
        ("2", None, "Demo (Sales Pipeline)", "2024-03-05 09:00", None),
        ("2", None, "Closed won (Sales Pipeline)", "2024-04-01 09:00", None),
        ("3", None, None, None, stage_history.NO_DATE),
    ]
    table = stage_history.read_stage_history(path, None, VARIABLES).read_all()
    assert table["n_lines"].to_pylist() == [1, 1, 0, 1]


def test_hubspot_properties_of_the_second_version_replace_those_of_the_first(written):
    path = written(
        ("hs_object_id", "hs_date_entered_12", "hs_v2_date_entered_12", "hs_date_entered_34"),
        ("1", "1709633153000", "1709633159000", "1710000000000"),
    )
    assert [row[2:4] for row in entries(path)] == [
        ("12", "1709633159000"),
        ("34", "1710000000000"),
    ]


def test_a_mapping_says_what_a_title_means(written, tmp_path):
    mapping = tmp_path / "mapping.csv"
    mapping.write_text("kind,found,means\nstage_column,Moved On,entered_date\n")
    path = written(("Deal ID", "Stage", "Moved On", "Date"), ("D1", "Demo", "2024-03-05", "2020"))
    assert entries(path, mapping) == [("D1", None, "Demo", "2024-03-05", None)]


def test_a_file_that_is_no_history_is_refused_by_what_it_lacks(written):
    path = written(("Deal ID", "Owner"), ("D1", "Ann"))
    with pytest.raises(ExportError) as error:
        entries(path)
    assert "without deal_stage, entered_date" in str(error.value)
    assert "found Deal ID, Owner" in str(error.value)
    assert "stage_column,<title>,<column>" in str(error.value)


def test_an_export_of_deals_is_refused_as_a_history_unless_a_mapping_says_so(written, tmp_path):
    path = written(
        ("Deal ID", "Stage", "Lead Source", "Created Date"), ("D1", "Demo", "Web", "2024-03-05")
    )
    with pytest.raises(ExportError) as error:
        entries(path)
    assert "found an export of deals, with Lead Source" in str(error.value)
    mapping = tmp_path / "mapping.csv"
    mapping.write_text("kind,found,means\nstage_column,Created Date,entered_date\n")
    assert entries(path, mapping) == [("D1", None, "Demo", "2024-03-05", None)]


def test_a_wide_file_without_ids_is_refused(written):
    path = written(("Deal Name", "hs_date_entered_12"), ("x", "2024-03-05"))
    with pytest.raises(ExportError, match="deal_id is missing"):
        entries(path)


def test_without_a_file_there_is_no_row():
    assert stage_history.read_stage_history("", None, VARIABLES).read_all().num_rows == 0
    assert stage_history.history_lines("", None, VARIABLES).num_rows == 0
