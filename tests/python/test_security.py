"""What data, file names and secrets must not be able to do."""

import re
import struct
import subprocess
import tracemalloc
import zipfile
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from conftest import Page, built, rows
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


# ---- text from the data stays text

HOSTILE = [
    '"; drop table deals; --',
    "'; drop table deals; --",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    """'"><img src=x onerror=alert(1)>""",
    '<a href="javascript:alert(1)">offer</a>',
    "<b>bold</b> &lt;i&gt; &amp;",
    "javascript:alert(1)",
    "{{ 7*7 }}",
    "{% raw %}",
    "{{ env_var('HOME') }}",
    "$title ${7*7} %(x)s %{y} \\",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "line\u2028separator",
    "\u202eright to left",
    "\N{FACE WITH TEARS OF JOY} \N{COMBINING ACUTE ACCENT}",
    "bell \a and \x1b[31mred\x1b[0m",
    "long " * 2000 + "text",
]
SAMPLE = project.ROOT / "seeds" / "deals.csv"
LEVELS = ["industry", "region", "product_type", "lead_source", "deal_stage"]
CHECKED = ["created_date", "closed_date", "deal_amount", "outcome"]
FILE_NAME = "we'ird {{ 1+1 }} \"x\" $(touch pwned) `touch pwned` <b>\nname.csv"


def hostile_deals() -> pd.DataFrame:
    """The sample with each of its names replaced by several hostile ones, so that its story stays.

    Below it one row per hostile text and column whose text is checked: all are to be rejected.
    """
    deals = pd.read_csv(SAMPLE, dtype=str)
    rng = np.random.default_rng(7)
    hostile = np.array(HOSTILE, dtype=object)
    for column in [*LEVELS, "sales_rep_id"]:
        codes, names = pd.factorize(deals[column])
        of_name = [hostile[place :: len(names)] for place in range(len(names))]
        choices = [of_name[code] if len(of_name[code]) else hostile for code in codes]
        deals[column] = [choice[rng.integers(len(choice))] for choice in choices]
    deals["deal_id"] = [f"{text} {number}" for number, text in zip(deals.index, cycle(HOSTILE))]
    deals["{{ 7*7 }}"] = deals['<script>"; drop table deals; --'] = deals["industry"]
    bad = [
        deals.iloc[[number]].assign(**{column: text, "deal_id": f"bad {column} {number}"})
        for column in CHECKED
        for number, text in enumerate(HOSTILE)
    ]
    return pd.concat([deals, *bad])


@pytest.fixture(scope="module")
def hostile_warehouse(tmp_path_factory) -> Path:
    """A build of hostile names, from a file of a hostile name."""
    folder = tmp_path_factory.mktemp("hostile")
    hostile_deals().to_csv(folder / FILE_NAME, index=False)
    return built(folder, folder / FILE_NAME)


COLUMNS = "select table_schema, table_name, column_name from information_schema.columns"


def test_text_from_the_data_never_becomes_a_name(hostile_warehouse, sample_warehouse):
    assert set(rows(hostile_warehouse, COLUMNS)) == set(rows(sample_warehouse, COLUMNS))
    for column in LEVELS:
        query = f"select distinct {column} from staging.stg_deals"
        assert {level for (level,) in rows(hostile_warehouse, query)} == set(HOSTILE)
        query = f"select level from drivers.win_rate_drivers where feature = '{column}'"
        assert {level for (level,) in rows(hostile_warehouse, query)} == set(HOSTILE)
    reps = "select sales_rep_id from drivers.rep_performance"
    assert {rep for (rep,) in rows(hostile_warehouse, reps)} == set(HOSTILE)
    assert rows(
        hostile_warehouse, "select source_file, n_accepted, n_rejected from quality.row_ledger"
    ) == [(FILE_NAME, 5500, len(HOSTILE) * len(CHECKED))]
    reasons = rows(hostile_warehouse, "select reason from quality.rejected_deals")
    for text in HOSTILE:
        assert sum(text in reason for (reason,) in reasons) == len(CHECKED)


def test_text_from_the_data_is_never_live_on_the_page(hostile_warehouse, sample_warehouse):
    hostile, sample = (
        Page(warehouse.parent / "report" / "index.html")
        for warehouse in (hostile_warehouse, sample_warehouse)
    )
    for text in HOSTILE:  # what is hostile is there, as text
        assert "".join(text.split()) in "".join(hostile.text.split())
    assert markup(hostile) <= markup(sample)
    assert hostile.scripts[0] == sample.scripts[0] and len(hostile.scripts) == 2
    assert marks_in_figures(hostile) <= marks_in_figures(sample)
    for name in ("win_rate_drivers.svg", "original_recipe.svg"):
        assert svg_markup(hostile_warehouse, name) <= svg_markup(sample_warehouse, name)


def markup(page: Page) -> set[tuple[str, str | None]]:
    """The elements of a page, and the names of their attributes."""
    return {(tag, name) for tag, attributes in page.elements for name in (None, *attributes)}


def marks_in_figures(page: Page) -> set[str]:
    """What Plotly would take for markup in any text of the figures."""

    def marks(node: object) -> set[str]:
        if isinstance(node, str):
            return set(re.findall("<[^>]*>?", node))
        children = node.values() if isinstance(node, dict) else node
        return set().union(*map(marks, children)) if isinstance(node, dict | list) else set()

    return marks(page.figures)


def svg_markup(warehouse: Path, name: str) -> set[str]:
    """The elements of a chart file, and the names of their attributes."""
    drawing = ElementTree.parse(warehouse.parent / "report" / name)
    return {word for element in drawing.iter() for word in (element.tag, *element.attrib)}


def test_make_passes_names_on_as_they_are(tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    (tmp_path / "python").chmod(0o755)
    name = f"{tmp_path}/$(shell touch pwned) {FILE_NAME}"
    for command in ("build", "report"):
        make = subprocess.run(
            [
                *("make", "--old-file=.venv/.ready", f"BIN={tmp_path}", command),
                *(f"{setting}={name}" for setting in ("DEALS", "WAREHOUSE", "REPORT", "TARGET")),
            ],
            cwd=project.ROOT,
            capture_output=True,
            text=True,
        )
        passed_on = make.stdout.split("\0")
        assert f"--warehouse={name}" in passed_on and f"--report={name}" in passed_on
        assert command == "report" or f"--deals={name}" in passed_on
    assert not (project.ROOT / "pwned").exists()
