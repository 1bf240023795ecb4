"""Reading an export loses nothing, and refuses in one sentence what cannot be used."""

import csv
import io
import os
import re
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.reading import rows_read
from winrate import project
from winrate.ingest import mapping, sheet_rows, text_files, typed_cells
from winrate.ingest.header import WantedColumns, normalise_header
from winrate.ingest.reader import check_export, read_export
from winrate.ingest.records import ExportError
from winrate.ingest.typed_cells import cell_text

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "data"
COLUMNS = ["deal_id", "lead_source", "outcome"]
HEADER = "deal_id,lead_source,outcome"


@pytest.fixture
def export(tmp_path):
    """Writes an export of the given content (text is saved as UTF-8, unchanged)."""

    def write(content, name="deals.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def workbook(tmp_path):
    """Writes a workbook of one sheet; `change` may alter it before it is saved."""

    def write(rows, change=lambda book: None):
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        change(book)
        path = tmp_path / "deals.xlsx"
        book.save(path)
        return path

    return write


def rows_of(path, required=COLUMNS, optional=()):
    """The rows of an export as tuples: source line, raw text, read error, then the cells."""
    rows = rows_read(path, WantedColumns(required, optional))
    return [tuple(row[name] for name in row if name != "n_lines") for row in rows]


def ledger_of(path):
    """Source line, raw text and read error of each row, of which unreadable ones have no cells."""
    rows = rows_of(path)
    assert all(set(cells) == {None} for _, _, error, *cells in rows if error)
    return [row[:3] for row in rows]


# ---------- names and cells


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("deal_id", "deal_id"),
        ("Deal ID", "deal_id"),
        ("DEAL-ID", "deal_id"),
        (" Deal_Id ", "deal_id"),
        ("DealID", "deal_id"),
        ("dealId", "deal_id"),
        ("CRMDealId", "crm_deal_id"),
        ("Deal\nID", "deal_id"),
        ("Deal\N{NO-BREAK SPACE}ID", "deal_id"),
        ("Amount (US$)", "amount_us"),
        ("Q3Amount", "q3_amount"),
        ("Größe", "größe"),
        ("__", ""),
        ("", ""),
    ],
)
def test_header_spelling_does_not_matter(title, name):
    assert normalise_header(title) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (False, "false"),
        (4253, "4253"),
        (4253.0, "4253"),
        (4253.5, "4253.5"),
        (0.1, "0.1"),
        (3.3000000000000003, "3.3"),
        (1234567.1, "1234567.1"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
        (float("nan"), None),
        (float("inf"), "inf"),
        (datetime(2023, 11, 24), "2023-11-24"),
        (datetime(2023, 11, 24, tzinfo=UTC), "2023-11-24 00:00:00+00:00"),
        (datetime(2023, 11, 24, 9, 5), "2023-11-24 09:05:00"),
        (datetime(2023, 11, 24, 9, 5, 0, 250), "2023-11-24 09:05:00.000250"),
        (date(2023, 11, 24), "2023-11-24"),
        (date(823, 1, 2), "0823-01-02"),
        (Decimal("1E+3"), "1000"),
        (Decimal("12.50"), "12.5"),
        (Decimal("1200.500000000000000000"), "1200.5"),
        (Decimal("1200.000"), "1200"),
        (Decimal("0E-18"), "0"),
        (Decimal("NaN"), None),
        (" as is ", " as is "),
        (b"Partner \xff", r"Partner \xff"),
    ],
)
def test_typed_cells_read_as_in_a_csv_export(value, text):
    assert cell_text(value) == text


# ---------- dialects of text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encoding_delimiter_and_line_ends_are_recognised(export, encoding, delimiter, line_end):
    records = [["Deal ID", "Lead Source", "Outcome"], ["d1", "Café €", "Won"]]
    lines = [delimiter.join(cells) for cells in records]
    lines.append(delimiter.join(["d2", f'"a,b;c{delimiter}"', "Lost"]))
    path = export("".join(line + line_end for line in lines).encode(encoding))
    assert rows_of(path) == [
        (2, lines[1], None, "d1", "Café €", "Won"),
        (3, lines[2], None, "d2", f"a,b;c{delimiter}", "Lost"),
    ]


def test_line_ends_may_be_mixed_and_the_last_one_missing(export):
    path = export(HEADER + "\r\nd1,a,Won\rd2,b,Won\nd3,c,Won\r\n\r\nd4,d,Lost")
    lines = [(row[0], row[2], row[3]) for row in rows_of(path)]
    assert lines == [
        (2, None, "d1"),
        (3, None, "d2"),
        (4, None, "d3"),
        (5, "blank_line", None),
        (6, None, "d4"),
    ]


def test_only_line_ends_end_a_line(export):
    exotic = "a\x0bb\x0cc\x1cd\x85e\u2028f"
    assert rows_of(export(f"{HEADER}\nd1,{exotic},Won\n")) == [
        (2, f"d1,{exotic},Won", None, "d1", exotic, "Won")
    ]


@pytest.mark.parametrize("name", ["deals.csv", "deals.CSV", "deals.Tsv", "deals.txt"])
def test_delimiter_is_told_by_the_header_not_by_the_extension(export, name):
    path = export("deal_id\tlead_source\toutcome, final\td,e,f\nd1\tInbound\tWon\t\n", name)
    assert rows_of(path, ["deal_id", "lead_source"])[0][3:] == ("d1", "Inbound")


def test_encoding_is_decided_over_the_whole_file(export):
    body = "".join(f"d{i},Inbound,Won\n" for i in range(200_000))
    path = export(f"{HEADER}\n{body}last,Café,Won\n".encode("cp1252"))
    assert rows_of(path)[-1][3:] == ("last", "Café", "Won")


@pytest.mark.parametrize(
    ("content", "source"),
    [
        (b"\xef\xbb\xbf%b\nd1,Caf\xc3\xa9 \xe9,Won\n", r"Café \xe9"),
        (b"%b\nd1,Caf\xe9 \x81,Won\n", r"Café \x81"),
    ],
    ids=["marked UTF-8", "cp1252"],
)
def test_bytes_that_the_encoding_does_not_know_are_kept_as_their_code(export, content, source):
    assert rows_of(export(content % HEADER.encode()))[0][4] == source


# ---------- columns


def test_columns_come_as_asked_for_whatever_their_order_in_the_file(export):
    path = export("Outcome,Notes,Lead Source,DealID\nWon,x,Inbound,d1\n")
    assert rows_read(path, WantedColumns(COLUMNS, ["region"])) == [
        {
            "source_line": 2,
            "n_lines": 1,
            "raw_text": "Won,x,Inbound,d1",
            "read_error": None,
            "deal_id": "d1",
            "lead_source": "Inbound",
            "outcome": "Won",
            "region": None,
        }
    ]


def test_blank_cells_are_null_and_others_stay_as_they_are(export):
    path = export(f'{HEADER}\nd1,,\nd2,  ,\t\nd3, In bound ,"  "\n')
    assert [row[3:] for row in rows_of(path)] == [
        ("d1", None, None),
        ("d2", None, None),
        ("d3", " In bound ", None),
    ]


def test_columns_that_nobody_asked_for_count_and_may_repeat(export):
    path = export("deal_id,note,note,\nd1,a,b,\nd2,a,b\n")
    assert [row[2] for row in rows_of(path, ["deal_id"])] == [None, "wrong_column_count"]


def test_check_says_where_the_columns_are(export):
    path = export("\n\nOutcome,Deal ID,Notes\nWon,d1,\n")
    header = check_export(path, WantedColumns(["deal_id"], ["outcome", "region"]))
    assert header.source_line == 3
    assert header.titles == ("Outcome", "Deal ID", "Notes")
    assert header.positions == {"deal_id": 1, "outcome": 0, "region": None}


def test_rows_come_in_batches(export, monkeypatch):
    monkeypatch.setattr(typed_cells, "BATCH_ROWS", 100)
    path = export(HEADER + "\n" + "".join(f"d{i},Inbound,Won\n" for i in range(250)))
    batches = list(read_export(path, WantedColumns(COLUMNS), reads_plain_rows=False))
    assert [len(batch) for batch in batches] == [100, 100, 50]
    texts = [new and [each["text"] for each in new] for new in batches[1]["new_texts"].to_pylist()]
    assert texts == [None] * 100, "a text is told once"
    lines = [line for batch in batches for line in batch["source_line"].to_pylist()]
    assert lines == list(range(2, 252))


# ---------- damage


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "d1,Inbound\nd2,Inbound,Won,x\nd3,a,Won\n",
            [
                (2, "d1,Inbound", "wrong_column_count"),
                (3, "d2,Inbound,Won,x", "wrong_column_count"),
                (4, "d3,a,Won", None),
            ],
            id="short and long lines",
        ),
        pytest.param(
            'd1,"a, ""b""",Won\nd2,5" pipe,Won\n',
            [(2, 'd1,"a, ""b""",Won', None), (3, 'd2,5" pipe,Won', None)],
            id="quotes that can be read",
        ),
        pytest.param(
            'd1,"a\r\n\r\nb",Won\r\nd2,a,Won\r\n',
            [(2, 'd1,"a\r\n\r\nb",Won', None), (5, "d2,a,Won", None)],
            id="a cell of several lines",
        ),
        pytest.param(
            'd1,"a,Won\nd2,a,Won\nd3,a,Won\n',
            [(2, 'd1,"a,Won', "unreadable_quotes"), (3, "d2,a,Won", None), (4, "d3,a,Won", None)],
            id="a quote that is never closed",
        ),
        pytest.param(
            'd1,"a,Won\nd2,"b, c",Won\n',
            [(2, 'd1,"a,Won', "unreadable_quotes"), (3, 'd2,"b, c",Won', None)],
            id="a quote that the next record's quote seems to close",
        ),
        pytest.param(
            'd1,"5 pipe,Won\nd2,a,Won\nd3,a,Won\nd4,5",Won\n',
            [
                (2, 'd1,"5 pipe,Won', "unreadable_quotes"),
                (3, "d2,a,Won", None),
                (4, "d3,a,Won", None),
                (5, 'd4,5",Won', None),
            ],
            id="rows between two stray quotes of one column",
        ),
        pytest.param(
            'd1,"a\nb",Won,x\nd2,a,Won\n',
            [
                (2, 'd1,"a', "unreadable_quotes"),
                (3, 'b",Won,x', None),
                (4, "d2,a,Won", None),
            ],
            id="several lines that do not fit the header",
        ),
        pytest.param(
            'd1,"a" b,Won\nd2,a,Won\n',
            [(2, 'd1,"a" b,Won', "unreadable_quotes"), (3, "d2,a,Won", None)],
            id="text after a closing quote",
        ),
        pytest.param(
            '\nd1,a,Won\n \t \n,,\n"","",""\nd2,a,Won\n\n\n',
            [
                (2, "", "blank_line"),
                (3, "d1,a,Won", None),
                (4, " \t ", "blank_line"),
                (5, ",,", "blank_line"),
                (6, '"","",""', "blank_line"),
                (7, "d2,a,Won", None),
                (8, "", "blank_line"),
                (9, "", "blank_line"),
            ],
            id="blank lines",
        ),
        pytest.param(
            "d1,a\0b,Won\nd2,a,Won\n",
            [(2, "d1,a\0b,Won", "nul_character"), (3, "d2,a,Won", None)],
            id="a NUL",
        ),
        pytest.param(
            "d1,a,Won\nTotal: 1 deal",
            [(2, "d1,a,Won", None), (3, "Total: 1 deal", "wrong_column_count")],
            id="a footer",
        ),
    ],
)
def test_damage_is_kept_with_its_line_and_reason(export, body, expected):
    assert ledger_of(export(f"{HEADER}\n{body}")) == expected


def test_blank_lines_above_the_header_are_rows_too(export):
    assert ledger_of(export(f"\n\n{HEADER}\nd1,a,Won\n")) == [
        (1, "", "blank_line"),
        (2, "", "blank_line"),
        (4, "d1,a,Won", None),
    ]


@pytest.mark.parametrize("damaged", ['d9,"Inbound,Won', '"d9,Inbound,Won', 'd9,Inbound,"Won'])
def test_an_unclosed_quote_amid_many_rows_costs_one_line(export, damaged):
    lines = [f"d{i},Inbound,Won" for i in range(5_000)]
    lines[2_500] = damaged
    rows = rows_of(export("\n".join([HEADER, *lines]) + "\n"))
    assert [row[1] for row in rows] == lines
    assert [(row[0], row[2]) for row in rows if row[2]] == [(2_502, "unreadable_quotes")]


@pytest.mark.parametrize("n_lines", [1_000, 1_001, 5_000])
def test_a_note_may_have_thousands_of_lines(export, n_lines):
    note = "\n".join(["note, with a comma"] * n_lines)
    rows = rows_of(export(f'{HEADER}\nd1,"{note}",Won\nd2,a,Won\n'))
    assert rows[0][2:5] == (None, "d1", note)
    assert rows[1:] == [(n_lines + 2, "d2,a,Won", None, "d2", "a", "Won")]


def test_a_note_may_have_more_letters_than_a_cell_of_excel(export):
    note = "x" * 1_000_000
    assert rows_of(export(f'{HEADER}\nd1,"{note}",Won\n'))[0][2:5] == (None, "d1", note)


@pytest.mark.parametrize(
    "note",
    [
        "Dear all,\nwe agreed on price, date, terms\nRegards",
        "We agreed on price, date, terms\nand on the date, place, guests",
        "They asked for:\nfirst,second,third\nand got it\nin March",
    ],
)
@pytest.mark.parametrize("column", range(3))
def test_lines_of_a_note_may_have_as_many_commas_as_a_row(export, note, column):
    cells = ["d1", "Inbound", "Won"]
    cells[column] = note
    line = ",".join(f'"{cell}"' for cell in cells)
    assert rows_of(export(f"{HEADER}\n{line}\nd2,a,Won\n"))[0][2:] == (None, *cells)


def test_the_search_for_the_end_of_a_note_has_a_limit(export, monkeypatch):
    monkeypatch.setattr(text_files, "MAX_RECORD_LINES", 2_000)
    lines = ['d1,"note', *["more"] * 2_000, 'end",Won']
    rows = rows_of(export("\n".join([HEADER, "d0,a,Won", *lines])))
    assert [row[1] for row in rows[1:]] == lines
    assert rows[1][2] == "unreadable_quotes"


@pytest.mark.parametrize("n_rows", [10, 2_500])
def test_rows_between_stray_quotes_are_rows_however_many(export, n_rows):
    lines = ['d1,"5 pipe,Won', *(f"d{i},a,Won" for i in range(n_rows)), 'd2,5",Won']
    rows = rows_of(export("\n".join([HEADER, *lines])))
    assert [row[1] for row in rows] == lines
    assert [row[0] for row in rows if row[2]] == [2]


def test_cells_of_several_lines_may_follow_each_other_without_end(export):
    records = [f'd{i},"a\n\nb",Won' for i in range(1_500)]
    rows = rows_of(export("\n".join([HEADER, *records])))
    assert [row[:3] for row in rows] == [(3 * i + 2, r, None) for i, r in enumerate(records)]


def test_quotes_left_open_on_every_line_cost_each_its_own_line(export):
    lines = ['x","y'] * 3_000
    rows = rows_of(export("\n".join([HEADER, "d1,a,Won", *lines])))
    assert [row[1] for row in rows[1:]] == lines
    assert {row[2] for row in rows[1:]} == {"unreadable_quotes"}


@settings(deadline=None)
@given(st.lists(st.sampled_from(['"', '""', ",", "\n", "\r", "\r\n", " ", "a", "d1,a,Won", "é"])))
def test_every_physical_line_is_in_exactly_one_row(tmp_path_factory, pieces):
    body = "first,a,Won\n" + "".join(pieces)
    path = tmp_path_factory.mktemp("lines") / "deals.csv"
    path.write_bytes(f"{HEADER}\n{body}".encode())

    physical = physical_lines(body)
    kept = []
    for source_line, raw_text, *_ in rows_of(path):
        assert source_line == len(kept) + 2
        kept += physical_lines(raw_text) or [""]
    assert kept == physical


def physical_lines(text):
    """The lines of a text without their ends; what follows the last end is none if empty."""
    lines = re.split("\r\n|\r|\n", text)
    return lines[:-1] if lines[-1] == "" else lines


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.text(alphabet='a" é\n\r;', max_size=8)] * 2), min_size=1))
def test_whatever_is_written_as_csv_reads_back_as_it_was(tmp_path_factory, cells):
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *(("d1", *pair) for pair in cells)])
    path = tmp_path_factory.mktemp("written") / "deals.csv"
    path.write_bytes(text.getvalue().encode())
    expected = [tuple(cell if cell.strip() else None for cell in pair) for pair in cells]
    assert [row[4:] for row in rows_of(path)] == expected


# ---------- workbooks and Parquet


def test_sheet_rows_are_padded_trimmed_and_numbered_as_in_the_sheet(workbook):
    path = workbook(
        [
            [],
            ["Deal ID", "Lead Source", "Outcome"],
            ["d1", "Inbound"],
            [],
            ["d2", 'say "a, b"', "Won", None, "  "],
            ["d3", "Inbound", "Won", "surplus"],
            ["d4", None, "Won"],
        ]
    )
    assert rows_of(path) == [
        (1, ",,", "blank_line", None, None, None),
        (3, "d1,Inbound,", None, "d1", "Inbound", None),
        (4, ",,", "blank_line", None, None, None),
        (5, 'd2,"say ""a, b""",Won', None, "d2", 'say "a, b"', "Won"),
        (6, "d3,Inbound,Won,surplus", "wrong_column_count", None, None, None),
        (7, "d4,,Won", None, "d4", None, "Won"),
    ]


def test_sheet_cells_are_text(workbook):
    values = [4253, 4253.0, 0.5, True, datetime(2023, 11, 24), datetime(2023, 11, 24, 9, 5), "007"]
    names = [f"c{i}" for i in range(len(values))]
    assert rows_of(workbook([names, values]), names)[0][3:] == (
        "4253",
        "4253",
        "0.5",
        "true",
        "2023-11-24",
        "2023-11-24 09:05:00",
        "007",
    )


@pytest.mark.parametrize(
    ("cell", "asks_for_calculation", "found"),
    [
        ("<f>A2*2</f>", False, "never calculated, such as =A2*2 in column B"),
        ("<f>A2*2</f><v />", False, "never calculated, such as =A2*2 in column B"),
        ('<f t="array" ref="B2:B3">A2:A3</f><v />', False, "such as =A2:A3 in column B"),
        ("<f>A2*2</f><v>0</v>", True, "never calculated, such as =A2*2 in column B"),
        ("<f>A2*2</f><v>0</v>", False, "0"),
        ("<f>A2*2</f><v>7</v>", True, "7"),
        ('<f t="shared" si="0" /><v>7</v>', True, "7"),
        ("<v>0</v>", True, "0"),
    ],
)
def test_formulas_without_a_value_are_no_blank_cells(workbook, cell, asks_for_calculation, found):
    """As openpyxl and XlsxWriter leave them; the latter with 0."""
    path = workbook([["Deal ID", "Amount"], ["d1", 8]])
    with ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    sheet, book = "xl/worksheets/sheet1.xml", "xl/workbook.xml"
    parts[sheet] = re.sub(r'<c r="B2"[^>]*><v>8</v>', f'<c r="B2">{cell}', parts[sheet])
    assert cell in parts[sheet] and 'fullCalcOnLoad="1"' in parts[book]
    if not asks_for_calculation:
        parts[book] = parts[book].replace('fullCalcOnLoad="1"', "")
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    if len(found) > 1:
        with pytest.raises(ExportError, match=re.escape(found)):
            rows_of(path, ["deal_id", "amount"])
    else:
        assert [row[-1] for row in rows_of(path, ["deal_id", "amount"])] == [found]


def test_the_first_visible_sheet_is_read(workbook):
    def hide_first(book):
        book.active.sheet_state = "hidden"
        book.create_sheet("Deals").append(COLUMNS)
        book["Deals"].append(["d1", "Inbound", "Won"])
        book.active = book["Deals"]

    path = workbook([COLUMNS, ["hidden", "Inbound", "Won"]], hide_first)
    assert [row[3] for row in rows_of(path)] == ["d1"]


def test_a_formatted_cell_far_below_the_data_adds_no_rows(workbook):
    def format_far_below(book):
        book.active["A50000"].number_format = "0.00"

    path = workbook([COLUMNS, ["d1", "Inbound", "Won"]], format_far_below)
    assert [row[0] for row in rows_of(path)] == [2]


def test_a_wrong_dimension_in_a_workbook_is_not_believed(workbook, monkeypatch):
    size = openpyxl.worksheet.dimensions.SheetDimension
    monkeypatch.setattr(size, "__init__", lambda self, ref=None: setattr(self, "ref", "A1:B2"))
    path = workbook([COLUMNS, *([f"d{i}", "Inbound", "Won"] for i in range(5))])
    book = openpyxl.load_workbook(path, read_only=True)
    assert book.active.max_row == 2, "the workbook should understate its size"
    assert [row[3] for row in rows_of(path)] == [f"d{i}" for i in range(5)]


@pytest.mark.parametrize("number", ["2", "1"], ids=["twice the same row", "a row above"])
def test_a_sheet_with_rows_out_of_order_is_refused(workbook, number):
    """Openpyxl would drop the row."""
    path = workbook([["Deal ID", "Lead Source", "Outcome"], ["d1", "a", "Won"], ["d2", "b", "Won"]])
    with ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(
        b'<row r="3"', f'<row r="{number}"'.encode()
    )
    with ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert_refused(read_export, path, "rows that are out of order", "saved as .xlsx")


def test_a_merged_cell_has_its_value_in_all_its_rows(workbook):
    def merge(book):
        for cells in ("A1:A2", "B1:C1", "A3:A5", "A6:A9", "B4:C4"):
            book.active.merge_cells(cells)

    path = workbook(
        [
            ["Owner", "Deal"],
            [None, "Lead Source", "Deal ID"],
            ["Ann", "Inbound", "d1"],
            [None, "Partner", "covered by the cell on the left"],
            [None, None, "d3"],
            ["Bob", None, "d4"],
            [],
            [None, None, "d5"],
        ],
        merge,
    )
    assert [row[3:] for row in rows_of(path, ["deal_id", "owner", "lead_source"])][1:] == [
        ("d1", "Ann", "Inbound"),
        (None, "Ann", "Partner"),
        ("d3", "Ann", None),
        ("d4", "Bob", None),
        (None, None, None),
        ("d5", "Bob", None),
    ]


def test_merged_cells_are_found_across_chunks(monkeypatch):
    sheet = b"<mergeCells>" + b"".join(
        b'<mergeCell ref="AB%d:AC%d"/>' % (n, n + 1) for n in range(1, 60)
    )
    for size in (40, 64, 100):
        monkeypatch.setattr(sheet_rows, "CHUNK", size)
        found = list(sheet_rows._merged_columns(io.BytesIO(sheet)))
        assert found == [(n, n + 1, 28) for n in range(1, 60)]


def test_the_width_of_a_sheet_takes_no_memory(workbook):
    def write_far_right(book):
        for number in range(3, 2_000):
            book.active.cell(number, 16_384, " " if number % 2 else "x")

    path = workbook([COLUMNS, ["d1", "Inbound", "Won"]], write_far_right)
    tracemalloc.start()
    rows = rows_of(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert rows[1:3] == [
        (3, ",,", "blank_line", None, None, None),
        (4, ",,,x", "wrong_column_count", None, None, None),
    ]
    assert peak < 20 << 20  # bytes; 2,000 lists of so many cells take 260 MB


def test_parquet_cells_are_text(export, tmp_path):
    columns = {
        "Deal ID": pa.array(["d1", None, " d3"]),
        "amount": pa.array([10.0, None, 0.5]),
        "days": pa.array([3, None, 4]),
        "is_won": pa.array([True, None, False]),
        "created": pa.array([date(2024, 1, 31), None, date(2024, 2, 29)]),
        "closed": pa.array(
            [datetime(2024, 2, 1), None, datetime(2024, 3, 1, 12)], pa.timestamp("ns")
        ),
        "price": pa.array([Decimal("1.50"), None, Decimal("2.00")]),
        "stage": pa.array(["a, b", None, "c"]).dictionary_encode(),
        "code": pa.array([b"x", None, b"y"]),
    }
    path = tmp_path / "deals.PARQUET"
    pq.write_table(pa.table(columns), path)
    names = ["deal_id", *list(columns)[1:]]
    first = ("d1", "10", "3", "true", "2024-01-31", "2024-02-01", "1.5", "a, b", "x")
    last = (" d3", "0.5", "4", "false", "2024-02-29", "2024-03-01 12:00:00", "2", "c", "y")
    assert rows_of(path, names) == [
        (2, ",".join(first).replace("a, b", '"a, b"'), None, *first),
        (3, "," * 8, "blank_line", *[None] * 9),
        (4, ",".join(last), None, *last),
    ]


def test_nested_columns_of_parquet_are_left_out_or_refused(tmp_path):
    columns = {
        "deal_id": ["d1"],
        "contacts": [[{"name": "Ann"}]],
        "lead_source": ["Inbound"],
        "outcome": ["Won"],
    }
    path = tmp_path / "deals.parquet"
    pq.write_table(pa.table(columns), path)
    assert rows_of(path) == [(2, "d1,,Inbound,Won", None, "d1", "Inbound", "Won")]
    pq.write_table(pa.table(columns | {"outcome": [{"name": "Won"}]}), path)
    assert_refused(
        read_export, path, "nested values in the column outcome, struct<name", ".parquet"
    )


def test_parquet_of_more_rows_than_its_bytes_can_tell_is_refused(tmp_path):
    path = tmp_path / "deals.parquet"
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        batch = pa.RecordBatch.from_arrays(
            [pa.repeat(name, 1_000_000) for name in COLUMNS], schema=schema
        )
        for _ in range(20):
            writer.write_batch(batch)
    assert_refused(read_export, path, "bytes that unpack to 120,000,000 or more", ".parquet")


def test_the_reference_data_reads_alike_from_csv_and_from_a_workbook():
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference data is not on this machine ({REFERENCE})")
    columns = (REFERENCE / "deals_5000.csv").read_text().split("\n", 1)[0].split(",")
    from_csv, from_sheet = (
        rows_read(REFERENCE / f"deals_5000{suffix}", WantedColumns(columns))
        for suffix in (".csv", ".xlsx")
    )
    assert len(from_csv) == 5_000
    assert not any(row["read_error"] for row in from_csv)
    assert from_csv == from_sheet


# ---------- refusals


@pytest.mark.parametrize(
    ("name", "content", "found", "expected"),
    [
        ("none.csv", None, "no such file", "expected one of .csv"),
        ("deals.pdf", "x", "the extension .pdf", ".xlsx, .xlsm, .parquet, .gz"),
        ("deals", "x", "no extension", ".xlsx, .xlsm, .parquet, .gz"),
        ("deals.csv", "", "an empty file", "expected a header"),
        ("deals.csv", b"\xef\xbb\xbf", "an empty file", "expected a header"),
        ("deals.csv", "\n \r\n,,\n", "an empty file", "expected a header"),
        ("deals.xlsx", "", "an empty file", "expected a header"),
        ("deals.csv", HEADER, "no rows below", "expected at least one row"),
        ("deals.csv", HEADER + "\n\n \n", "no rows below", "expected at least one row"),
        (
            "deals.csv",
            "Deal ID,Outcome,Notes\nd1,Won,x\n",
            "the required column lead_source is missing; found Deal ID, Outcome, Notes",
            "expected deal_id, lead_source, outcome, or their titles in MAPPING.",
        ),
        (
            "deals.csv",
            "Id;Outcome\nd1;Won\n",
            "the required columns deal_id, lead_source are missing; found Id, Outcome",
            "expected deal_id, lead_source, outcome, or their titles in MAPPING.",
        ),
        (
            "deals.csv",
            "Deal ID,lead_source,outcome,DealId\nd1,a,Won,d1\n",
            "the column deal_id more than once, as 'Deal ID' and 'DealId'",
            "expected it once",
        ),
        ("deals.csv", f'"{HEADER}\nd1,a,Won\n', "a header that cannot be read", "names deal_id"),
        ("deals.parquet", "PAR1" + HEADER, "content that cannot be read", "saved as .parquet"),
        (
            "deals.csv",
            "sorted,with the,header\n" * 25 + f"{HEADER}\nd1,a,Won\n",
            "columns deal_id, lead_source, outcome are missing; found sorted, with the, header",
            "looked for in the first 25 lines: if it is below them, put it first.",
        ),
        (
            "deals.csv",
            f"d1,2024-01-10,Won\nd2,2024-01-11,Lost\n{HEADER}\nd3,2024-01-12,Won\n",
            "found 2 rows of data above the header in line 3",
            "expected the header first: move it to the top.",
        ),
    ],
)
@pytest.mark.parametrize("read", [check_export, read_export])
def test_refusals_name_the_file_what_was_found_and_what_was_expected(
    export, tmp_path, name, content, found, expected, read
):
    path = tmp_path / name if content is None else export(content, name)
    assert_refused(read, path, found, expected)


def assert_refused(read, path, found, expected):
    """`read` refuses the file in one line that says what was found and what was expected."""
    with pytest.raises(ExportError) as refusal:
        read(path, WantedColumns(COLUMNS))
    sentence = str(refusal.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".") and "\n" not in sentence
    assert found in sentence
    assert "expected" in sentence and expected in sentence


def test_titles_above_the_header_are_no_rows_of_data(export):
    rows = ledger_of(export(f"Deals,by source,and end\nhs_id,hs_source,hs_end\n{HEADER}\nd1,a,Won"))
    assert [row[2] for row in rows] == ["above_header", "above_header", None]


def test_a_header_below_in_another_order_is_refused_when_it_is_reached(export):
    path = export(f"{HEADER}\n" + "d1,a,Won\n" * 100 + "lead_source,deal_id,outcome\na,d2,Won\n")
    assert_refused(
        lambda *args: read_export(*args).read_all(),
        path,
        "the titles of the header again in line 102, in another order",
        "expected the columns of all rows in one order",
    )


def test_a_name_of_bytes_that_are_no_utf_8_is_refused_at_once(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    with pytest.raises(ExportError, match="a name that is not UTF-8; rename it"):
        check_export(path, WantedColumns(COLUMNS))
    with pytest.raises(project.SettingsError, match="a name that is not UTF-8; rename it"):
        mapping.own_titles(path, project.project_vars())


@pytest.mark.parametrize("name", ["exports", "exports.csv"])
def test_a_folder_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    assert_refused(read_export, tmp_path / name, "found a folder", "one file of .csv")


@pytest.mark.parametrize("name", ["pipe.csv", "device.csv"])
def test_a_pipe_and_a_device_are_refused_and_not_waited_for(tmp_path, name):
    path = tmp_path / name
    os.mkfifo(path) if name == "pipe.csv" else path.symlink_to("/dev/zero")
    assert_refused(read_export, path, "found a pipe or a device", "expected a file")
    with pytest.raises(project.SettingsError, match=f"{path}: found a folder, a pipe or a device"):
        mapping.read_mappings(path, project.project_vars())


def test_a_file_without_permission_is_refused(export, monkeypatch):
    def deny(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    path = export(HEADER + "\nd1,a,Won\n")
    monkeypatch.setattr(Path, "open", deny)  # file modes do not stop an administrator
    assert_refused(read_export, path, "permission denied", "that this user can open")


def test_an_empty_sheet_and_one_without_rows_are_refused(workbook):
    assert_refused(read_export, workbook([]), "an empty file", "a header and rows")
    assert_refused(read_export, workbook([COLUMNS]), "no rows below", "at least one row")


def test_parquet_without_rows_is_refused(tmp_path):
    path = tmp_path / "deals.parquet"
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in COLUMNS}), path)
    assert_refused(read_export, path, "no rows below", "at least one row")


def test_damage_inside_parquet_is_refused_when_it_is_reached(tmp_path):
    path = tmp_path / "deals.parquet"
    rows = {name: [f"{name}{i * 7919}" for i in range(200_000)] for name in COLUMNS}
    pq.write_table(pa.table(rows), path, row_group_size=100_000)
    content = bytearray(path.read_bytes())
    middle = len(content) * 3 // 4
    content[middle : middle + 100_000] = bytes(100_000)
    path.write_bytes(content)
    assert_refused(
        lambda *args: read_export(*args).read_all(), path, "cannot be read", "saved as .parquet"
    )
