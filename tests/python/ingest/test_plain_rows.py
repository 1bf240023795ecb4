"""Plain rows, read many at a time, are what the careful readers make of them."""

import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.export_cases import CASES
from support.reading import rows_read
from winrate import project
from winrate.ingest import mapping, text_files, typed_cells
from winrate.ingest.header import MAX_HEADER_RECORD, WantedColumns
from winrate.ingest.reader import read_export
from winrate.ingest.records import ExportError
from winrate.project import SettingsError

COLUMNS = ["deal_id", "note", "outcome"]
WANTED = WantedColumns(["deal_id", "outcome"], ["note", "region"])
ABOVE = [f"d{number},a,Won" for number in range(MAX_HEADER_RECORD - 1)]  # the careful readers' part
GOOD = "e1,b,Lost"


def n_plain(path) -> int:
    """How many rows of an export come as plain rows."""
    return sum(batch["raw_text"].null_count for batch in read_export(path, WANTED))


def assert_read_alike(path) -> None:
    assert rows_read(path, WANTED) == rows_read(path, WANTED, reads_plain_rows=False)


def written(folder, lines, line_end="\n", encoding="utf-8"):
    path = folder / "deals.csv"
    path.write_bytes(line_end.join([",".join(COLUMNS), *ABOVE, *lines, ""]).encode(encoding))
    return path


@pytest.mark.parametrize(
    ("lines", "n_expected"),
    [
        pytest.param([GOOD] * 3, 3, id="plain"),
        pytest.param(['"e1","b, ""b""",Lost'] * 3, 3, id="quoted_cells"),
        pytest.param(['e1,"",Lost', "e2,,", 'e3,""" ,""",Won'], 3, id="blank_and_quoted_quotes"),
        pytest.param([GOOD, "e2,b", GOOD, GOOD], 3, id="too_few_cells"),
        pytest.param([GOOD, "e2,b,Lost,c", GOOD], 2, id="too_many_cells"),
        pytest.param([GOOD, "e2,b,Lost,", GOOD], 2, id="a_delimiter_at_the_end"),
        pytest.param([GOOD, "", GOOD], 2, id="blank_line"),
        pytest.param([GOOD, ",,", GOOD], 2, id="blank_cells"),
        pytest.param([GOOD, ",b,Lost", " ,b,Lost", GOOD], 2, id="no_id"),
        pytest.param([GOOD, '"e2","b\nb",Lost', GOOD], 2, id="two_lines"),
        pytest.param([GOOD, 'e2,"b,Lost', GOOD], 2, id="unclosed_quote"),
        pytest.param([GOOD, 'e2,b"b,Lost', 'e3,"b"b,Lost', GOOD], 2, id="quotes_within_cells"),
        pytest.param([GOOD, 'e2, "b",Lost', GOOD], 2, id="a_space_before_a_quote"),
        pytest.param([GOOD, "e2,\0,Lost", GOOD], 2, id="nul"),
        pytest.param([GOOD, "e2,b\rb,Lost", GOOD], 2, id="return_within_a_line"),
        pytest.param([GOOD, ",".join(COLUMNS), GOOD], 2, id="header_again"),
        pytest.param(["e1,é\u2028\x0b,Lost", "e2,'b',Lost"], 2, id="other_letters"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_rows_that_are_not_plain_are_read_carefully(
    tmp_path, lines, n_expected, encoding, line_end
):
    if encoding == "cp1252":
        lines = [line.replace("\u2028", "ü") for line in lines]
    path = written(tmp_path, lines, line_end, encoding)
    assert_read_alike(path)
    # Where a row is not plain, some rows below it are read carefully too.
    assert 0 < n_plain(path) <= n_expected


def test_titles_in_another_order_are_refused(tmp_path):
    path = written(tmp_path, [GOOD, "outcome,note,deal_id", GOOD])
    with pytest.raises(ExportError, match="line 27, in another order"):
        rows_read(path, WANTED)


def test_other_rows_are_plain_again_behind_one_that_is_not(tmp_path):
    lines = [GOOD] * 20_000
    lines[7_000] = "e2,b"
    lines[7_001] = '"e3","b\nb",Won'
    path = written(tmp_path, lines)
    assert_read_alike(path)
    assert n_plain(path) > 19_900


def test_a_text_has_one_id_in_all_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "SMALL_BLOCK", 1 << 10)
    monkeypatch.setattr(text_files, "LARGE_BLOCK", 1 << 12)
    path = written(tmp_path, [f"e{number},n{number % 7},Lost" for number in range(2_000)])
    batches = list(read_export(path, WANTED))
    assert len(batches) > 5
    new_texts = [text for batch in batches for text in batch["new_texts"][0].as_py() or []]
    assert len({(text["column_name"], text["text"]) for text in new_texts}) == len(new_texts)
    assert_read_alike(path)


PIECES = st.sampled_from(
    ["e1,b,Lost\n", "e2,,\n", '"e3","b ""b""",Won\r\n', *'",\n\r\0 eé', '""', "deal_id", "\ufeff"]
)


@pytest.mark.slow
@settings(deadline=None, max_examples=500)
@given(pieces=st.lists(PIECES, max_size=60), block=st.integers(1, 200))
def test_whatever_lines_an_export_has_they_are_read_alike(tmp_path_factory, pieces, block):
    path = tmp_path_factory.mktemp("lines") / "deals.csv"
    path.write_text("\n".join([",".join(COLUMNS), *ABOVE, "".join(pieces)]), newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "SMALL_BLOCK", block)
        patch.setattr(text_files, "LARGE_BLOCK", 2 * block)
        assert_read_alike(path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exports_of_all_kinds_are_read_alike(tmp_path, case):
    path, mapping_path = case.write(tmp_path), case.write_mapping(tmp_path)

    def read(**options):
        try:
            wanted = mapping.wanted_columns(mapping_path or "", project.project_vars())
            return rows_read(path, wanted, **options)
        except (ExportError, SettingsError) as error:
            return str(error)

    assert read() == read(reads_plain_rows=False)


# ---------- Parquet


def parquet(folder, monkeypatch, **columns):
    """A Parquet file of three batches; the first is always read carefully."""
    n_rows = max(len(column) for column in columns.values())
    n_times = -(-MAX_HEADER_RECORD // n_rows)
    monkeypatch.setattr(typed_cells, "BATCH_ROWS", n_rows * n_times)
    rows = {"deal_id": [f"d{number}" for number in range(n_rows)], "outcome": ["Won"] * n_rows}
    path = folder / "deals.parquet"
    pq.write_table(pa.concat_tables([pa.table(rows | columns)] * 3 * n_times), path)
    return path


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pa.array(["a", " ", None, "a,b"]), id="text"),
        pytest.param(pa.array(["a", "b", None, "a"]).dictionary_encode(), id="dictionary"),
        pytest.param(pa.array([1, -5, None, 2**60]), id="integers"),
        pytest.param(pa.array([1.0, -0.0, 0.1, float("nan")]), id="floats"),
        pytest.param(
            pa.array([Decimal("1.50"), None, Decimal("0.00"), Decimal("7.25")]), id="decimals"
        ),
        pytest.param(pa.array([True, False, None, True]), id="booleans"),
        pytest.param(pa.array([datetime.date(2024, 1, 31), None] * 2), id="dates"),
        pytest.param(
            pa.array([datetime.datetime(2024, 1, 31, 10), datetime.datetime(2024, 1, 31)] * 2),
            id="timestamps",
        ),
        pytest.param(pa.array([b"a", None, b"\xff", b"c"]), id="bytes"),
        pytest.param(pa.array(["a", "b"] * 2, pa.large_string()), id="large_text"),
        pytest.param(pa.nulls(4), id="nothing"),
    ],
)
def test_typed_cells_are_the_text_that_a_careful_reader_makes_of_them(
    tmp_path, monkeypatch, values
):
    path = parquet(tmp_path, monkeypatch, note=values, region=values)
    assert_read_alike(path)
    assert n_plain(path) == 2 * typed_cells.BATCH_ROWS


@pytest.mark.parametrize(
    "columns",
    [
        {"deal_id": ["d1", None]},
        {"deal_id": ["d1", "deal_id"]},
        {"other": ["a", "b\0"]},
        {"note": pa.array(["a", "b\0"]).dictionary_encode()},
        {"deal_id": ["d1", None], "outcome": ["Won", None]},
    ],
    ids=["no_id", "a_title", "nul", "nul_in_a_dictionary", "blank"],
)
def test_a_batch_with_a_row_that_is_not_plain_is_read_carefully(tmp_path, monkeypatch, columns):
    path = parquet(tmp_path, monkeypatch, **columns)
    assert_read_alike(path)
    assert n_plain(path) == 0
