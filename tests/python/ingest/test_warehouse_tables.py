"""Tables of Fivetran's dbt packages, read from a DuckDB file and from a folder of Parquet files."""

import duckdb
import pytest

from winrate.ingest import warehouse_tables
from winrate.ingest.records import ExportError


@pytest.fixture
def warehouse(tmp_path):
    """Makes a DuckDB file with statements; returns its path."""

    def make(*statements: str):
        path = tmp_path / "crm.duckdb"
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return make


HUBSPOT = (
    "create schema marts",
    "create table marts.hubspot__deals as select 1 as deal_id, 'Demo' as pipeline_stage_label",
    "create view marts.hubspot__deal_stages as select 1 as deal_id, 'Demo' as deal_stage_name",
)


def test_tables_are_found_in_any_schema_and_copied(warehouse, tmp_path):
    source = warehouse_tables.find(warehouse(*HUBSPOT), tmp_path)
    assert source == (
        tmp_path / "hubspot__deals.parquet",
        tmp_path / "hubspot__deal_stages.parquet",
    )
    copied = duckdb.sql(f"select * from '{source.deals}'").fetchall()
    assert copied == [(1, "Demo")]


def test_a_folder_of_parquet_files_is_read_in_place(warehouse, tmp_path):
    copies = tmp_path / "copies"
    copies.mkdir()
    warehouse_tables.find(warehouse(*HUBSPOT), copies)
    (copies / "hubspot__deal_stages.parquet").unlink()
    source = warehouse_tables.find(copies, tmp_path)
    assert source == (copies / "hubspot__deals.parquet", None)


def test_what_is_no_such_warehouse_is_refused(warehouse, tmp_path):
    sentences = {
        tmp_path / "no.duckdb": "found no such file",
        tmp_path: "found none of the tables; expected one of salesforce__opportunity_enhanced",
    }
    (tmp_path / "text.duckdb").write_text("deal_id\n")
    sentences[tmp_path / "text.duckdb"] = "found a file that is no DuckDB database"
    for path, sentence in sentences.items():
        with pytest.raises(ExportError) as error:
            warehouse_tables.find(path, tmp_path)
        assert str(error.value).startswith(f"{path}: {sentence}")


def test_a_table_in_two_schemas_and_two_packages_are_refused(warehouse, tmp_path):
    path = warehouse(*HUBSPOT, "create table main.hubspot__deals as select 1 as deal_id")
    with pytest.raises(ExportError, match="hubspot__deals in the schemas main, marts"):
        warehouse_tables.find(path, tmp_path)
    path = warehouse("create table salesforce__opportunity_enhanced as select 1 as opportunity_id")
    with pytest.raises(ExportError, match="found salesforce__opportunity_enhanced, hubspot__deals"):
        warehouse_tables.find(path, tmp_path)
