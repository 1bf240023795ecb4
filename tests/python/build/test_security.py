"""What data, file names and secrets must not be able to do."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from itertools import cycle
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import jinja2
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from dbt.adapters.duckdb import environments
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from support.builds import built, built_once, rows
from support.exports import sample_deals
from support.page import Page
from support.project_copy import copy_project
from support.reading import rows_read
from support.shared import shared_folder
from tools import audit
from winrate import database, project, wording
from winrate.ingest import masking, reader, unpacking
from winrate.state import store

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
    profiles = (project.ROOT / "profiles.yml").read_text(encoding="utf-8")
    rendered = jinja2.Environment().from_string(profiles.replace("| as_number", ""))
    settings = yaml.safe_load(rendered.render(env_var=lambda name, default: default))
    profile = settings["winrate"]["outputs"]["duckdb"]
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
    wanted = reader.WantedColumns(["deal_id", "outcome"])
    return rows_read(path, wanted)


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
    with pytest.raises(reader.ExportError) as refused:
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
    blanks = " " * (unpacking.FREE_UNPACKED + 1)
    assert_export_refused(with_sheet(workbook, lambda xml: xml + blanks), "that unpack to 104,")
    monkeypatch.setattr(unpacking, "MAX_UNPACKED", 1000)
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
    "right \u202eto left",
    "\N{FACE WITH TEARS OF JOY} \N{COMBINING ACUTE ACCENT}",
    "bell \a and \x1b[31mred\x1b[0m",
    "long " * 2000 + "text",
]
LEVELS = ["industry", "region", "product_type", "lead_source", "deal_stage"]
CHECKED = ["created_date", "deal_amount", "outcome"]
NAMED = ["sales_rep_id", "deal_id", "deal_name", "account_name", "owner_name"]
FILE_NAME = 'we\'ird {{ 1+1 }} "x" $(touch pwned) `touch pwned` <b>\nname.csv'


def hostile_deals() -> pd.DataFrame:
    """The sample with each of its names replaced by several hostile ones, so that its story stays.

    Below it one row per hostile text and column whose text is checked: all are to be rejected. A
    creation date is needed while a deal is open.
    """
    deals = sample_deals()
    rng = np.random.default_rng(7)
    hostile = np.array(HOSTILE, dtype=object)
    for column in [*LEVELS, "sales_rep_id"]:
        codes, names = pd.factorize(deals[column])
        of_name = [hostile[place :: len(names)] for place in range(len(names))]
        choices = [of_name[code] if len(of_name[code]) else hostile for code in codes]
        deals[column] = [choice[rng.integers(len(choice))] for choice in choices]
    deals["deal_id"] = [f"{text} {number}" for number, text in zip(deals.index, cycle(HOSTILE))]
    deals["deal_name"] = deals["account_name"] = deals["deal_id"].to_numpy()[::-1]
    deals["owner_name"] = deals["sales_rep_id"]
    deals["stage_entered_date"] = deals["deal_id"]
    deals["{{ 7*7 }}"] = deals['<script>"; drop table deals; --'] = deals["industry"]
    bad = [
        deals.iloc[[number]].assign(
            **({"outcome": None} if column == "created_date" else {}),
            **{column: text, "deal_id": f"bad {column} {number}"},
        )
        for column in CHECKED
        for number, text in enumerate(HOSTILE)
    ]
    return pd.concat([deals, *bad])


@pytest.fixture(scope="session")
def hostile_warehouse(tmp_path_factory, compiled_project) -> Path:
    """A build of hostile names, from a file of a hostile name."""
    path = tmp_path_factory.mktemp("hostile") / FILE_NAME
    hostile_deals().to_csv(path, index=False)
    return built_once(tmp_path_factory, "hostile", path, chart_files=True, has_all_tables=True)


COLUMNS = """
    select table_schema, table_name, column_name
    from information_schema.columns
    where table_schema != 'internal'
"""


def test_text_from_the_data_never_becomes_a_name(
    hostile_warehouse, sample_warehouse, record_figure
):
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
    for column in CHECKED:
        quoted = {f"{column} '{text}'" for text in HOSTILE}
        assert all(any(reason.startswith(text) for (reason,) in reasons) for text in quoted)
    unread = rows(hostile_warehouse, "select distinct column_name from internal.unparsed_cells")
    assert unread == [("stage_entered_date",)]
    n_columns = len([*LEVELS, *CHECKED, *NAMED, "stage_entered_date"])
    record_figure("Hostile texts tried, each in every text column of an export", len(HOSTILE))
    record_figure("Text columns of an export that hold them", n_columns)


def test_text_from_the_data_is_never_live_on_the_page(
    hostile_warehouse, sample_warehouse, record_figure
):
    hostile, sample = (
        Page(warehouse.parent / "report" / "index.html")
        for warehouse in (hostile_warehouse, sample_warehouse)
    )
    for text in HOSTILE:  # all of it is there, as text, but for what turns its direction
        assert " ".join(wording.printable(text).split()) in hostile.text
    assert hostile.scripts[0] == sample.scripts[0] and len(hostile.scripts) == 2
    live = markup(hostile) - markup(sample)
    live |= marks_in_figures(hostile) - marks_in_figures(sample)
    for name in ("win_rate_drivers.svg", "original_recipe.svg"):
        live |= svg_markup(hostile_warehouse, name) - svg_markup(sample_warehouse, name)
    live -= {("ul", None), ("li", None)}  # the list of data checks, which the sample has not
    assert live == set()
    record_figure("Live markup from data on the page and in the chart files", len(live))


def test_hostile_names_in_messages_are_short_and_on_one_line(hostile_warehouse):
    query = "select message from alerts.alerts where condition = 'deal_stalled'"
    messages = [message for (message,) in rows(hostile_warehouse, query)]
    assert len(messages) > 10 and any("long long" in message for message in messages)
    assert max(map(len, messages)) < 4 * 60 + 100  # name, id, owner and stage
    assert all(message.isprintable() for message in messages)


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


SETTINGS_WITH_NAMES = ("DEALS", "WAREHOUSE", "REPORT", "TARGET", "STATE")


def test_make_passes_names_on_as_they_are(tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    (tmp_path / "python").chmod(0o755)
    name = f"{tmp_path}/$(shell touch pwned) {FILE_NAME}"
    for command in ("build", "report"):
        make = subprocess.run(
            [
                *("make", "--old-file=.venv/.ready", f"BIN={tmp_path}", command),
                *(f"{setting}={name}" for setting in SETTINGS_WITH_NAMES),
            ],
            cwd=project.ROOT,
            capture_output=True,
            text=True,
        )
        passed_on = make.stdout.split("\0")
        assert f"--warehouse={name}" in passed_on and f"--report={name}" in passed_on
        assert command == "report" or {f"--deals={name}", f"--state={name}"} <= {*passed_on}
    assert not (project.ROOT / "pwned").exists()


# ---- secrets and names that must not leave


def build_in(folder: Path, deals: Path, *options: object, **environment: str) -> str:
    """What `winrate build` of a copy of the project prints, kept in the folder too."""
    own = {name: value for name, value in os.environ.items() if name != "DBT_TARGET_PATH"}
    run = subprocess.run(
        [sys.executable, "-m", "winrate", "build", "--deals", deals, *options],
        cwd=folder,
        env=own | {"PYTHONPATH": str(folder / "python")} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (folder / "printed.txt").write_text(run.stdout, encoding="utf-8")
    return run.stdout


def places_of(words: list[str], folder: Path) -> list[Path]:
    """The files of a folder in which one of the words stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"dbt.log", "run_results.json", "manifest.json"}
    texts = {path: path.read_bytes() for path in files}
    return [path for path, text in texts.items() if any(word.encode() in text for word in words)]


CANARY = "canary-7d1f0c52"
SECRETS = (
    "SLACK_WEBHOOK_URL",
    "AWS_SECRET_ACCESS_KEY",
    "PGPASSWORD",
    "DBT_ENV_SECRET_TOKEN",
    "DBT_ENV_CUSTOM_ENV_TOKEN",
    masking.KEY_VARIABLE,
)
CANARIES = dict.fromkeys(SECRETS, CANARY)
NAMES = ["Zebulon Quix", "Ottoline Vantongerloo", "Prunella Wexcombe", "Ignatius Oyelaran-Zack"]
SHORT_NAME = "Zeb Quix"  # of the first
ACCOUNTS = ["Brontide Foundry", "Quokkaworks", "Velarium Textiles"]
SHORT_ACCOUNT = "Brontide Fdry"  # of the first
DEALS = "Wisteria Gloaming"  # and a number
WORDS = [
    word for name in [*NAMES, SHORT_NAME, *ACCOUNTS, SHORT_ACCOUNT, DEALS] for word in name.split()
]


@pytest.fixture(scope="session")
def named_deals(tmp_path_factory) -> Path:
    """A small export with names of people, accounts and deals, in rows that can be used or not."""
    path = tmp_path_factory.mktemp("named") / "deals.csv"
    deals = sample_deals().head(300)
    rep = deals["sales_rep_id"].factorize()[0] % len(NAMES)
    deals["sales_rep_id"] = [NAMES[place] for place in rep]
    deals["Owner Email"] = deals["owner_name"] = deals["manager"] = deals["sales_rep_id"]
    account = deals["deal_id"].factorize()[0] % len(ACCOUNTS)
    deals["account_id"] = [f"{ACCOUNTS[place].split()[0]}-{place}" for place in account]
    deals["account_name"] = [ACCOUNTS[place] for place in account]
    deals["deal_name"] = [f"{DEALS} {number}" for number in range(len(deals))]
    deals.loc[:4, "outcome"] = "perhaps"
    deals.loc[10:14, "sales_rep_id"] = SHORT_NAME
    deals.loc[12:14, "account_name"] = SHORT_ACCOUNT
    deals.loc[15:17, "deal_name"] = ["", "n/a", f" {DEALS} 3 "]
    deals.loc[5:9, "sales_rep_id"] = ["", "n/a", f" {NAMES[0]} ", f"{NAMES[1]}  ", NAMES[2].upper()]
    unreadable = "".join(f'D-{name},2025-01-01,"{name}\n{name},{name}\n' for name in NAMES)
    text = deals.to_csv(index=False) + unreadable
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def rep_mapping(tmp_path_factory) -> Path:
    """A mapping that says whose the short names are."""
    path = tmp_path_factory.mktemp("mapping") / "mapping.csv"
    lines = [
        "kind,found,means",
        f"sales_rep_id,{SHORT_NAME},{NAMES[0]}",
        f"account_name,{SHORT_ACCOUNT},{ACCOUNTS[0]}",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def masked_build(tmp_path_factory, named_deals, rep_mapping) -> Path:
    """The folder of a build with `mask_reps` and `mask_names`, with secrets in its environment.

    The build before it failed, and a copy of what that left is in the folder `failed_build`.
    """
    with shared_folder(tmp_path_factory, "masked") as folder:
        if not (folder / "warehouse.duckdb").exists():
            settings = copy_project(folder) / "dbt_project.yml"
            text = settings.read_text(encoding="utf-8")
            for setting in masking.PREFIXES:
                assert f"{setting}: false" in text
                text = text.replace(f"{setting}: false", f"{setting}: true")
            settings.write_text(text)
            model = folder / "models/raw/raw_deals.py"
            working = model.read_text(encoding="utf-8")
            model.write_text("def model(dbt, session):\n    return {}['this model fails']\n")
            assert "this model fails" in build_in(folder, named_deals, **CANARIES)
            shutil.copytree(folder, failed_build(folder))
            model.write_text(working)
            printed = build_in(folder, named_deals, "--mapping", rep_mapping, **CANARIES)
            assert (folder / "warehouse.duckdb").exists(), printed
    return folder


def test_the_state_of_a_masked_build_has_keys_in_place_of_names(masked_build):
    [record] = store.read_records(masked_build / "warehouse.state")
    reps = pq.read_table(record.path).column("sales_rep_id").unique().to_pylist()
    assert len(reps) == len(NAMES) + 1  # some deals have no rep
    assert all(rep == "Unknown" or re.fullmatch("rep_[0-9a-f]{10}", rep) for rep in reps)
    assert CANARY not in str(record.facts)


def failed_build(masked_build: Path) -> Path:
    """The folder of the build that failed before the masked one."""
    return masked_build.with_name("failed_build")


def test_builds_tell_no_secret_of_their_environment(masked_build, record_figure):
    assert places_of([CANARY], masked_build) == []
    failing = failed_build(masked_build)
    assert "this model fails" in (failing / "printed.txt").read_text(encoding="utf-8")
    assert places_of([CANARY], failing) == []
    assert "found a folder" in build_in(failing, failing / "models", **CANARIES)
    assert places_of([CANARY], failing) == []
    record_figure(
        "Secrets in the environment of three builds: output, logs, artifacts, database, report",
        f"{len(SECRETS)} planted, 0 found",
    )


def test_masked_names_are_nowhere(masked_build, record_figure):
    assert places_of(WORDS, masked_build) == []
    warehouse = masked_build / "warehouse.duckdb"
    tables = rows(
        warehouse,
        "select table_schema, table_name, list(column_name) from information_schema.columns"
        " where data_type = 'VARCHAR' group by all",
    )
    for schema, table, columns in tables:  # what the file holds compressed
        text = ", ".join(f'"{column}"' for column in columns)
        holds = " or ".join(f"contains(concat_ws('|', {text}), '{word}')" for word in WORDS)
        query = f"select count(*) from {schema}.{table} where {holds}"
        assert rows(warehouse, query) == [(0,)], (schema, table)
    record_figure(
        "Tables and views searched for masked names", f"{len(tables)} searched, 0 with a name"
    )


def test_masked_reps_have_the_figures_of_their_names(
    masked_build, named_deals, rep_mapping, tmp_path, compiled_project
):
    query = "select * exclude statement from drivers.rep_performance"
    named = rows(built(tmp_path, named_deals, mapping=rep_mapping), query)
    assert len(named) == len(NAMES) + 1  # 'Unknown'
    expected = {
        name if name == "Unknown" else masking.masked_name(name, "rep", CANARY): figures
        for name, *figures in named
    }
    masked = {name: figures for name, *figures in rows(masked_build / "warehouse.duckdb", query)}
    assert masked.keys() == expected.keys()
    for name, figures in masked.items():
        # Sums over reps are in another order, which moves last digits.
        assert figures == [
            pytest.approx(figure, rel=1e-9, nan_ok=True) if isinstance(figure, float) else figure
            for figure in expected[name]
        ]


def test_masked_deals_and_accounts_have_a_key_each(masked_build, named_deals):
    query = "select deal_id, deal_name, account_id, account_name from staging.stg_deals"
    found = {deal: names for deal, *names in rows(masked_build / "warehouse.duckdb", query)}
    named = pd.read_csv(named_deals, dtype=str, nrows=300).set_index("deal_id")
    for deal_id, names in found.items():
        deal, account_id, account = named.loc[deal_id, ["deal_name", "account_id", "account_name"]]
        account = ACCOUNTS[0] if account == SHORT_ACCOUNT else account
        assert names == [
            None if pd.isna(deal) else masking.masked_name(deal, "deal", CANARY),
            masking.masked_name(account_id, "account", CANARY),
            masking.masked_name(account, "account", CANARY),
        ]
    assert {None, masking.masked_name(f"{DEALS} 3", "deal", CANARY)} < {
        deal for deal, *_ in found.values()
    }


@pytest.mark.parametrize(
    ("masks", "masked"),
    [
        ([], []),
        (["mask_reps"], ["sales_rep_id", "owner_name"]),
        (["mask_names"], ["deal_name", "account_name"]),
    ],
)
def test_each_setting_masks_its_columns_and_the_text_of_lines(masks, masked, tmp_path):
    columns = ["deal_id", "sales_rep_id", "owner_name", "team", "deal_name", "account_name"]
    path = tmp_path / "deals.csv"
    path.write_text(f"{','.join(columns)}\n{','.join(columns)[::-1]}\n", encoding="utf-8")
    wanted = reader.WantedColumns(columns, per_deal=frozenset(["deal_id", "deal_name"]))
    settings = {name: name in masks for name in masking.PREFIXES}
    records = reader.read_export(path, wanted, reads_plain_rows=False)
    batch = masking.mask_records(records, masking.masked_columns(settings), []).read_next_batch()
    [row] = batch.to_pylist()
    texts = {text["column_name"]: text["text"] for text in row["new_texts"]} | {
        "deal_id": row["deal_id"],
        "deal_name": row["deal_name"],
    }
    cells = dict(zip(columns, ",".join(columns)[::-1].split(","), strict=True))
    changed = [name for name in columns if texts[name] != cells[name]]
    assert changed == masked
    assert row["raw_text"] == (masking.NOT_KEPT if masked else ",".join(columns)[::-1])


def test_a_key_depends_on_the_name_and_the_secret_alone():
    def key(name: str, secret: str = "") -> str:
        return masking.masked_name(name, "rep", secret)

    assert key("Zebulon Quix") == key(" Zebulon Quix\t") == key("zebulon  QUIX")
    assert key("0055e000001AbCd") != key("0055e000001aBcD")
    assert key("Zebulon Quix") == "rep_693cf50922"
    keys = {key(name, secret) for name in NAMES for secret in ("", "one", "two")}
    assert len(keys) == 3 * len(NAMES)


# ---- what is in the repository, and what is installed

KEYS = re.compile(
    r"AKIA[0-9A-Z]{16}|xox[abposr]-[0-9A-Za-z-]{10}|gh[pousr]_[0-9A-Za-z]{36}"
    r"|hooks\.slack\.com/services/|webhook\.office\.com/|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|(?i:password|passwd|secret|token|api_key)['\"]?\s*[:=]\s*['\"][^'\"\s{]{8}"
    r"|[a-z]+://[^/\s:@'\"]+:[^/\s@'\"{]+@"
)
LOADERS = re.compile(
    r"\b(pickle|joblib|marshal|shelve|dill)\b|\b(eval|exec)\(|shell=True|yaml\.load\(|os\.system"
)


def test_the_patterns_find_a_key_and_a_loader():
    for text in (
        "AKIA" + "A" * 16,
        "https://hooks.slack." + "com/services/T0/B0",
        "-----BEGIN RSA" + " PRIVATE KEY-----",
        "password" + "='correct-horse'",
        "postgres://me:" + "word@server/db",
    ):
        assert KEYS.search(text), text
    assert not KEYS.search("secret=os.environ['KEY']")
    assert LOADERS.search("import pickle") and LOADERS.search("eval(text)")


def test_the_repository_holds_no_key_and_python_loads_no_code_from_data():
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project.ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    paths = [project.ROOT / name for name in listed.stdout.split("\0") if name]
    assert len(paths) > 100
    for path in filter(Path.is_file, paths):
        text = path.read_bytes().decode(errors="replace")
        found = [match.group() for match in KEYS.finditer(text)]
        assert not found, (path, found)
        if path.suffix == ".py" and "tests" not in path.parts:
            assert not LOADERS.search(text), path
        assert path.suffix not in {".pkl", ".pickle", ".joblib", ".npy"}, path


def test_the_bill_of_materials_lists_the_lock_and_no_address_of_an_own_index(
    tmp_path, monkeypatch, record_figure
):
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, f"https://me:{CANARY}@127.0.0.1/simple")
    path = tmp_path / "sbom.cdx.json"
    n_packages = audit.write_sbom(path)
    text = path.read_text(encoding="utf-8")
    assert CANARY not in text
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "winrate")
    listed = {(component["name"], component["version"]) for component in bill["components"]}
    lock = audit.LOCK.read_text(encoding="utf-8")
    locked = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", lock, re.MULTILINE)
    hashed = [
        file["content"]
        for component in bill["components"]
        for ref in component["externalReferences"]
        for file in ref["hashes"]
    ]
    assert sorted(hashed) == sorted(re.findall(r"--hash=sha256:(\w+)", lock))
    assert n_packages == len(locked)
    missing = set(locked) - listed
    assert not missing and not listed - set(locked)
    record_figure("Packages of the lock that the bill of materials lacks", len(missing))


UNANSWERED = {"name": "duckdb", "skip_reason": "not found"}
SOUND = {"name": "numpy", "version": "2.4.6", "vulns": []}
VULNERABLE = {
    "name": "pyyaml",
    "version": "5.3",
    "vulns": [{"id": "CVE-2020-14343", "fix_versions": ["5.4"]}],
}


@pytest.mark.parametrize(
    ("packages", "says", "exit_code"),
    [
        (None, "not checked, since pip-audit reached no database", 2),
        ([UNANSWERED, UNANSWERED], "not checked, since pip-audit's database gave no answer", 2),
        ([SOUND, SOUND], "none in 2 of 2 packages", 0),
        ([SOUND, UNANSWERED], "none in 1 of 2 packages.\nNot checked: 1", 0),
        (
            [SOUND, VULNERABLE],
            "1 in 2 of 2 packages.\n  pyyaml 5.3: CVE-2020-14343, fixed in 5.4",
            1,
        ),
    ],
    ids=["no database", "no answer", "none known", "some unanswered", "one known"],
)
def test_an_audit_says_what_is_known_and_what_was_not_checked(packages, says, exit_code):
    text, code = audit.findings(packages and {"dependencies": packages})
    assert says in text
    assert code == exit_code
