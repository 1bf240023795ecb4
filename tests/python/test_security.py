"""What data, file names and secrets must not be able to do."""

import struct
import tracemalloc
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from winrate import database, ingest, project, workbooks

# ---- a database that reads and writes nothing but itself


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """A database of one table."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table deals as select 'd1' as deal_id")
    return path


@pytest.fixture
def connection_of_a_build(warehouse) -> duckdb.DuckDBPyConnection:
    """A connection as dbt opens one for a model, by profiles.yml."""
    profiles = yaml.safe_load((project.ROOT / "profiles.yml").read_text(encoding="utf-8"))
    profile = profiles["winrate"]["outputs"]["duckdb"]
    options = {"schema": profile["schema"], "config_options": profile["config_options"]}
    environment = environments.create(DuckDBCredentials(path=str(warehouse), **options))
    yield environment.handle().cursor()
    environment.close()


@pytest.fixture
def connection_of_a_reader(warehouse) -> duckdb.DuckDBPyConnection:
    """A connection as the summary and the report open one."""
    with database.open_readonly(warehouse) as connection:
        yield connection


@pytest.mark.parametrize("opened_by", ["connection_of_a_build", "connection_of_a_reader"])
def test_a_connection_has_no_way_out_of_its_database(opened_by, request, tmp_path):
    connection = request.getfixturevalue(opened_by)
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    ways_out = [
        f"from read_csv('{tmp_path}/secret.csv')",
        f"from '{tmp_path}/secret.csv'",
        f"from read_text('{tmp_path}/secret.csv')",
        f"from glob('{tmp_path}/*')",
        "from read_blob('/proc/self/environ')",
        "from 'https://127.0.0.1:9/deals.parquet'",
        f"copy deals to '{tmp_path}/stolen.csv'",
        f"export database '{tmp_path}/stolen'",
        f"attach '{other}' as other",
        "attach 'host=127.0.0.1' as server (type postgres)",
        "install httpfs",
        "load httpfs",
        "create persistent secret key (type s3)",
        "set enable_external_access = true",
        f"set temp_directory = '{tmp_path}'",
        "reset lock_configuration",
    ]
    for statement in ways_out:
        with pytest.raises(duckdb.Error) as refused:
            connection.execute(statement).fetchall()
        assert not isinstance(refused.value, duckdb.ParserException)
    assert connection.execute("from deals").fetchall() == [("d1",)]
    assert sorted(tmp_path.rglob("*")) == before


# ---- workbooks that are bombs

LAUGHS = "<!DOCTYPE worksheet [<!ENTITY e0 'ha'>{}]>".format(
    "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 10))
)
PASSWORDS = "<!DOCTYPE worksheet [<!ENTITY e9 SYSTEM 'file:///etc/passwd'>]>"
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def workbook(tmp_path) -> Path:
    """A good workbook of one deal."""
    path = tmp_path / "deals.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["deal_id", "outcome"])
    book.active.append(["D-1", "Won"])
    book.save(path)
    assert [row["outcome"] for row in read_deals(path)] == ["Won"]
    return path


def read_deals(path: Path) -> list[dict]:
    return ingest.read_export(path, ["deal_id", "outcome"]).read_all().to_pylist()


def with_sheet(workbook: Path, change) -> Path:
    """The workbook with its sheet's XML changed by a function of text."""
    with zipfile.ZipFile(workbook) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    parts[SHEET] = change(parts[SHEET].decode()).encode()
    with zipfile.ZipFile(workbook, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return workbook


def assert_export_refused(path: Path, says: str) -> None:
    """In one sentence."""
    with pytest.raises(ingest.ExportError) as refused:
        read_deals(path)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("definition", [LAUGHS, PASSWORDS], ids=["billion laughs", "a file's text"])
def test_a_workbook_that_defines_entities_is_refused(workbook, definition):
    hostile = with_sheet(
        workbook, lambda xml: definition + xml.replace(">Won<", ">&e9;<").replace("Won", "&e9;")
    )
    assert_export_refused(hostile, "XML entities")


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(workbook, monkeypatch):
    blanks = " " * (workbooks.FREE_UNPACKED + 1)
    assert_export_refused(with_sheet(workbook, lambda xml: xml + blanks), "that unpack to 104,")
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 1000)
    assert_export_refused(with_sheet(workbook, str.strip), "that unpack to")


def test_no_more_is_unpacked_than_a_workbook_states(workbook):
    hostile = with_sheet(workbook, lambda xml: xml.replace("Won", "Won" * (20 << 20)))
    with zipfile.ZipFile(hostile) as archive:
        sizes = struct.pack("<L", archive.getinfo(SHEET).file_size)
    content = hostile.read_bytes()
    assert content.count(sizes) == 2  # beside the part, and in the directory
    hostile.write_bytes(content.replace(sizes, struct.pack("<L", 5000)))
    tracemalloc.start()
    assert_export_refused(hostile, "cannot be read")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 << 20  # bytes, of the 60 MB that the part unpacks to


def test_a_row_that_no_sheet_can_have_is_refused(workbook):
    far_below = with_sheet(workbook, lambda xml: xml.replace('<row r="2"', '<row r="999999999999"'))
    assert_export_refused(far_below, "a row below row 1,048,576")
