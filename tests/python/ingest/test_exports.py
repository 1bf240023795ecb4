"""Exports of all kinds: each row is accepted, rejected or skipped as declared, and counted."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.export_cases import (
    CASES,
    COLUMNS,
    GOOD,
    LOST,
    OPEN,
    WON,
    Case,
    csv_text,
    parquet,
    workbook,
)
from support.staged import Staged, Staging
from winrate.ingest.records import ExportError
from winrate.project import SettingsError

N_GENERATED = 125  # of each of four kinds


def staged(staging: Staging, case: Case, folder) -> Staged:
    """The export of a case, staged; raises ExportError where it is refused.

    A case that declares rejected rows may reject more than max_rejected_share of its few rows.
    """
    result = staging.run(case.write(folder), case.write_mapping(folder), **case.settings)
    allowed = "rejected_rows" if case.rejected else ""
    errors = result.column(
        f"select message from internal.export_errors where error_code != '{allowed}'"
    )
    if errors:
        raise ExportError("; ".join(errors))
    return result


def assert_conserved(result: Staged) -> None:
    """Rows read are accepted, rejected or skipped, and every line of the file is in one."""
    ledger = result.rows(
        "select n_read, n_accepted + n_rejected + n_skipped, n_lines, n_lines_read"
        " from quality.row_ledger"
    )
    ((n_read, n_accounted, n_lines, n_lines_read),) = ledger
    assert n_read == n_accounted
    assert n_lines in (n_lines_read, None)
    assert result.rows("select count(*) from internal.raw_deals") == [(n_read,)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_export_becomes_what_was_declared(staging, tmp_path, case):
    if case.refused is not None:
        with pytest.raises((ExportError, SettingsError)) as refusal:
            staged(staging, case, tmp_path)
        assert case.refused in str(refusal.value)
        return
    result = staged(staging, case, tmp_path)
    assert not result.rows("select * from quality.rejected_deals where reason is null")
    unused = "select source_line, reason_code from quality.rejected_deals where is_skipped = "
    assert dict(result.rows(unused + "false")) == case.rejected
    assert dict(result.rows(unused + "true")) == case.skipped
    assert sorted(result.column("select deal_id from staging.stg_deals")) == sorted(case.accepted)
    for (deal_id, column), value in case.values.items():
        (found,) = result.column(
            f"select {column} from staging.stg_deals where deal_id = '{deal_id}'"
        )
        assert found == value or str(found) == value, (deal_id, column)
    assert_conserved(result)
    n_declared = len(case.accepted) + len(case.rejected) + len(case.skipped)
    assert result.column("select n_read from quality.row_ledger") == [n_declared]


def test_every_case_is_another_and_all_ways_out_are_shown(record_figure):
    assert len({case.name for case in CASES}) == len(CASES) >= 60
    codes = {code for case in CASES for code in [*case.rejected.values(), *case.skipped.values()]}
    refused = [case for case in CASES if case.refused is not None]
    assert len(refused) >= 10 and len(codes) >= 18
    record_figure("fixture exports with a declared result", len(CASES))
    record_figure("... of which refused as a whole", len(refused))
    record_figure("... reasons for which a row is rejected or skipped in them", len(codes))


# ---------- generated exports

CELLS = {
    "deal_id": ["d1", "d2", "D1", "", "=1+1", "x" * 300],
    "created_date": ["2024-01-10", "10.01.2024", "45301", "2024-02-30", "", "soon", "1/10/2024"],
    "closed_date": ["2024-03-20", "20.03.2024", "", "2023-01-01", "2204-01-01", "3/20/2024"],
    "deal_amount": ["1200.50", "$1,200.50", "(5)", "1e400", "1_000", "", "N/A", "0", "-0.01"],
    "outcome": ["Won", "lost ", "OPEN", "", "maybe", "Closed Won"],
    "deal_stage": ["Demo", "Closed Lost", "closed won", "", "Qualified"],
    "industry": [
        "FinTech",
        "fintech ",
        "Fin Tech",
        'a "b"',
        "a,b",
        "a;b",
        "two\nlines",
        "é",
        "\u2028",
    ],
}
DEAL = st.fixed_dictionaries(
    {name: st.sampled_from(CELLS[name]) for name in CELLS}, optional={}
).map(lambda cells: WON | cells)
DEALS = st.lists(DEAL, min_size=1, max_size=12)
ODD_LINES = st.lists(
    st.sampled_from(
        [
            "",
            " ",
            ",,,,,,,,,,",
            '"',
            'a,"b',
            "a,b",
            "\0",
            "Grand Total,5",
            ",".join(COLUMNS),
            'd9,"2024-01-10',
            'x"y',
            "é" * 50,
            '"a\nb"',
            "," * 40,
        ]
    ),
    max_size=5,
)
generated = settings(
    max_examples=N_GENERATED,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def physical_lines(text: str) -> int:
    """Lines of a text, counted as Python splits a file, which is not how it was read."""
    return len(text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n"))


def assert_every_line_is_somewhere(staging, path, text: str) -> None:
    """Whatever the file holds: it is refused as a whole, or every line of it is in a row."""
    try:
        result = staging.run(path)
    except ExportError as refusal:
        assert str(path) in str(refusal)
        return
    assert_conserved(result)
    assert result.column("select n_lines from quality.row_ledger") == [physical_lines(text)]


@pytest.mark.slow
@generated
@given(
    cells=DEALS,
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_cells_hold_every_deal_is_accounted_for(
    staging, tmp_path_factory, cells, line_end, delimiter, encoding
):
    text = csv_text([*GOOD, *cells], delimiter=delimiter, line_end=line_end)
    path = tmp_path_factory.mktemp("cells") / "deals.csv"
    path.write_bytes(text.encode(encoding))
    result = staging.run(path)
    assert_conserved(result)
    assert result.column("select n_read from quality.row_ledger") == [len(GOOD) + len(cells)]


@pytest.mark.slow
@generated
@given(cells=DEALS, odd=ODD_LINES, seed=st.integers(0, 2**16))
def test_whatever_lines_are_damaged_every_line_is_accounted_for(
    staging, tmp_path_factory, cells, odd, seed
):
    lines = [*csv_text(cells).splitlines(), *odd]
    random.Random(seed).shuffle(lines)
    text = "\n".join([",".join(COLUMNS), *lines, ""])
    path = tmp_path_factory.mktemp("lines") / "deals.csv"
    path.write_bytes(text.encode())
    assert_every_line_is_somewhere(staging, path, text)


@pytest.mark.slow
@generated
@given(
    cells=DEALS, cut=st.integers(0, 2_000), junk=st.text(alphabet="\"\n\r\0,;'a\ufffd", max_size=8)
)
def test_wherever_bytes_are_lost_or_added_every_line_is_accounted_for(
    staging, tmp_path_factory, cells, cut, junk
):
    text = csv_text([WON, LOST, OPEN, *cells])
    place = cut % len(text)
    text = text[:place] + junk + text[place + len(junk) // 2 :]
    path = tmp_path_factory.mktemp("bytes") / "deals.csv"
    path.write_bytes(text.encode())
    assert_every_line_is_somewhere(staging, path, text)


@pytest.mark.slow
@generated
@given(cells=DEALS, blank_rows=st.integers(0, 3), is_workbook=st.booleans())
def test_sheets_and_parquet_files_lose_no_row(
    staging, tmp_path_factory, cells, blank_rows, is_workbook
):
    deals = [*GOOD, *cells]
    blank = [[None] * len(COLUMNS)] * blank_rows
    rows = [*blank, *([deal[name] for name in COLUMNS] for deal in deals)]
    folder = tmp_path_factory.mktemp("tables")
    if is_workbook:
        path = workbook([COLUMNS, *rows])(folder)
    else:
        path = parquet(dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))(folder)
    if is_workbook and any(deal["deal_id"].startswith("=") for deal in deals):
        with pytest.raises(ExportError, match="never calculated"):
            staging.run(path)
        return
    result = staging.run(path)
    assert_conserved(result)
    assert result.column("select n_read from quality.row_ledger") == [len(rows)]


def test_the_generated_exports_are_counted(record_figure):
    record_figure("generated exports, each line accounted for", 4 * N_GENERATED)
    assert 4 * N_GENERATED >= 500
