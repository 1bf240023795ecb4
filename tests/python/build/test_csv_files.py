"""`make export`: the public tables as files that a spreadsheet can open without harm."""

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from support.builds import rows, run_main, run_winrate
from winrate.build import csv_files


@pytest.fixture(scope="module")
def exported(tmp_path_factory, sample_warehouse) -> Path:
    """The folder of the exported sample."""
    folder = tmp_path_factory.mktemp("exported") / "below" / "folder"
    run = run_winrate("export", "--warehouse", sample_warehouse, "--folder", folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture
def warehouse(tmp_path, sample_warehouse) -> Path:
    """A copy of the sample that a test may change."""
    return Path(shutil.copy(sample_warehouse, tmp_path / "warehouse.duckdb"))


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file, as any program reads them."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    return header, lines


def test_each_public_table_is_a_file_with_its_columns_and_rows(exported, sample_warehouse):
    assert {path.stem for path in exported.iterdir()} == set(csv_files.public_tables())
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        for name in csv_files.public_tables():
            header, lines = read(exported / f"{name}.csv")
            table = connection.sql(f"from {name}")
            assert header == table.columns, name
            assert len(lines) == len(table), name


def test_a_database_shows_public_tables_only_outside_the_schema_internal(sample_warehouse):
    shown = rows(
        sample_warehouse,
        """
        select table_schema || '.' || table_name from information_schema.tables
        where table_schema != 'internal'
        """,
    )
    assert sorted(shown) == [(name,) for name in csv_files.public_tables()]


def test_rows_stand_in_an_order_of_their_own(exported):
    _, lines = read(exported / "staging.stg_deals.csv")
    assert len(lines) == 5500
    assert [line[0] for line in lines] == sorted(line[0] for line in lines)


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\nA",
    "  =1+1",
    "\u00a0=1",
    "\ufeff=1",
    "\uff1d1+1",
    '=HYPERLINK("http://x.test";"a,b")',
]
HARMLESS = ["", "a=b", "North America", "1-2", 'say "x", y', "two\nlines", "'quoted", "é€"]


def test_text_that_would_be_a_formula_gets_an_apostrophe_and_no_other_does(warehouse, tmp_path):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from drivers.importance")
        for text in FORMULAS + HARMLESS:
            connection.execute("insert into drivers.importance values (?, -1.5)", [text])
        connection.execute("insert into drivers.importance values (null, -2.5)")
    csv_files.export_tables(warehouse, tmp_path / "export")
    _, lines = read(tmp_path / "export" / "drivers.importance.csv")
    expected = [f"'{text}" for text in FORMULAS] + HARMLESS
    assert sorted(lines) == sorted([[text, "-1.5"] for text in expected] + [["", "-2.5"]])


def test_an_export_that_fails_replaces_no_file(warehouse, tmp_path):
    folder = tmp_path / "export"
    csv_files.export_tables(warehouse, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from alerts.alert_rules")
        connection.execute("drop table scores.scored_deals")
    run = run_main("export", "--warehouse", warehouse, "--folder", folder)
    assert run.returncode == 1
    assert "scored_deals" in run.stderr and run.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_view_that_reads_a_file_is_not_exported(warehouse, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("feature,coefficient\nsecret,1.5\n")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table drivers.importance")
        connection.execute(f"create view drivers.importance as from read_csv('{secret}')")
    with pytest.raises(csv_files.TablesError, match="what was there still stands"):
        csv_files.export_tables(warehouse, tmp_path / "export")
    assert list((tmp_path / "export").iterdir()) == []


def test_a_missing_database_and_a_folder_that_is_a_file_are_one_sentence(warehouse, tmp_path):
    with pytest.raises(csv_files.TablesError, match="is not there; run `make build` first"):
        csv_files.export_tables(tmp_path / "missing.duckdb", tmp_path / "export")
    assert not (tmp_path / "export").exists()
    taken = tmp_path / "taken"
    taken.write_text("")
    with pytest.raises(csv_files.TablesError, match="cannot be written to"):
        csv_files.export_tables(warehouse, taken)
