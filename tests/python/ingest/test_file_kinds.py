"""A file is read as what it is, or refused with what it is and what to do, whatever its name."""

import gzip
import io
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.reading import rows_read
from winrate.ingest import unpacking
from winrate.ingest.header import WantedColumns
from winrate.ingest.reader import count_lines
from winrate.ingest.records import ExportError

COLUMNS = ["deal_id", "outcome"]
TEXT = "deal_id,outcome\nd1,Won\nd2,Lost\n"
ROWS = [["d1", "Won"], ["d2", "Lost"]]


def workbook(change=lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    for row in [COLUMNS, *ROWS]:
        book.active.append(row)
    change(book)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet() -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))), content)
    return content.getvalue()


def archive(**parts: str | bytes) -> bytes:
    """A zip archive; '__' in a name stands for '/', '_' for a point."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name.replace("__", "/").replace("_", "."), text)
    return content.getvalue()


def strict_workbook() -> bytes:
    """A workbook of the namespaces of Strict Open XML."""
    with zipfile.ZipFile(io.BytesIO(workbook())) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in parts.items():
            for kind in (b"spreadsheetml", b"officeDocument"):
                text = text.replace(
                    b"http://schemas.openxmlformats.org/" + kind + b"/2006/",
                    b"http://purl.oclc.org/ooxml/" + kind + b"/",
                )
            file.writestr(name, text)
    return content.getvalue()


def ole(*parts: str) -> bytes:
    """An OLE file with a directory of these names, in its third sector."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + (9).to_bytes(2, "little")
    header = header.ljust(48, b"\0") + (2).to_bytes(4, "little")
    entries = [name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *parts)]
    return header.ljust(3 * 512, b"\0") + b"".join(entries)


def read(folder, content: str | bytes, name: str) -> list[list[str]]:
    """The cells of an export, of which each line is read once."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = rows_read(path, WantedColumns(COLUMNS))
    assert count_lines(path) in (1 + len(rows), None)
    return [[row[name] for name in COLUMNS] for row in rows]


KINDS = [
    *("utf_8", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"),
    *("utf_32_be_with_a_mark", "gzip", "gzip_of_utf_16", "workbook", "chart_sheet", "parquet"),
]


@pytest.mark.parametrize("name", ["deals.csv", "deals.xlsx", "deals.parquet", "deals.xls"])
@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("utf-32-le"),
        TEXT.encode("utf-32-be"),
        b"\0\0\xfe\xff" + TEXT.encode("utf-32-be"),
        gzip.compress(TEXT.encode(), mtime=0),
        gzip.compress(TEXT.encode("utf-16-le"), mtime=0),
        workbook(),
        workbook(lambda book: book.create_chartsheet("a chart sheet without a chart")),
        parquet(),
    ],
    ids=KINDS,
)
def test_a_file_is_read_as_what_it_is(tmp_path, name, content):
    assert read(tmp_path, content, name) == ROWS


@pytest.mark.parametrize("name", ["deals.xlsm", "deals.XLSM", "deals"])
def test_a_workbook_may_have_macros_or_another_name(tmp_path, name):
    assert read(tmp_path, workbook(), name) == ROWS


def test_lines_are_those_of_the_unpacked_file(tmp_path):
    path = tmp_path / "deals.csv.gz"
    path.write_bytes(gzip.compress(b'\ndeal_id,outcome\nd1,"a\nb"\nd2,Lost,x\n', mtime=0))
    rows = rows_read(path, WantedColumns(COLUMNS))
    assert [row["source_line"] for row in rows] == [1, 3, 5]
    assert [row["read_error"] for row in rows] == ["blank_line", None, "wrong_column_count"]
    assert count_lines(path) == 5


LOGIN = "<!DOCTYPE html><html><head><title>Login &amp; more</title></head><form><table></form>"
EXCEL_HTML = '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><body><table><tr><td>d1'
EXCEL_2003 = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">'
SAVE = "save it as Excel Workbook (.xlsx)"
EXPORT = "export the deals as CSV or Excel Workbook (.xlsx)"
UNPACK = "unpack it and give the export inside"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            ole("EncryptionInfo", "EncryptedPackage"),
            "a workbook that is protected by a password; save it without one",
        ),
        (ole("Workbook"), f"a workbook of Excel 97-2003 (.xls); {SAVE}"),
        (ole("Book"), f"a workbook of Excel 97-2003 (.xls); {SAVE}"),
        (ole("WordDocument"), f"an Office document without sheets; {EXPORT}"),
        (strict_workbook(), f"a workbook saved as Strict Open XML Spreadsheet; {SAVE}"),
        (archive(xl__workbook_bin=""), f"a binary workbook (.xlsb); {SAVE}"),
        (
            archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
            f"an OpenDocument file (.ods); {SAVE}",
        ),
        (
            archive(Index__Document_iwa=""),
            "an Apple Numbers document; export it as Excel or CSV",
        ),
        (archive(deals_csv=TEXT), f"a zip archive of deals.csv; {UNPACK}"),
        (archive(), f"a zip archive of nothing; {UNPACK}"),
        (
            workbook()[:-100],
            "a workbook or zip archive that is damaged or cut short; export it again",
        ),
        (gzip.compress(workbook(), mtime=0), f"a gzip-compressed .xlsx file; {UNPACK}"),
        (gzip.compress(parquet(), mtime=0), f"a gzip-compressed .parquet file; {UNPACK}"),
        (
            gzip.compress(gzip.compress(TEXT.encode(), mtime=0), mtime=0),
            f"a gzip-compressed file within another; {UNPACK}",
        ),
        (b"%PDF-1.7 ...", f"a PDF; {EXPORT}"),
        (b"\x01\x02\x03\x04" * 100, f"neither text nor a workbook nor a Parquet file; {EXPORT}"),
        (
            LOGIN,
            "a web page titled 'Login & more'; sign in to the CRM and export the deals again",
        ),
        (
            "\ufeff\n<HTML><body>Session expired",
            "a web page; sign in to the CRM and export the deals again",
        ),
        (
            EXCEL_HTML,
            f"an HTML table, which some CRMs name .xls; open it in Excel and {SAVE}",
        ),
        (EXCEL_2003, f"an XML spreadsheet of Excel 2003; {SAVE}"),
        ("<?xml version='1.0'?><deals>", f"XML; {EXPORT}"),
        (
            '{"error": "session expired"}',
            f'JSON that begins with \'{{"error": "session expired"}}\'; {EXPORT}',
        ),
        ('[\n  {"id": 1}]', f"JSON that begins with '[ {{\"id\": 1}}]'; {EXPORT}"),
    ],
)
@pytest.mark.parametrize("name", ["deals.csv", "deals.xlsx", "deals.xls", "deals"])
def test_another_file_is_refused_with_what_it_is_and_what_to_do(tmp_path, name, content, sentence):
    with pytest.raises(ExportError) as refusal:
        read(tmp_path, content, name)
    assert str(refusal.value) == f"{tmp_path / name}: found {sentence}."


def test_a_gzip_file_that_unpacks_to_gigabytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacking, "FREE_UNPACKED", 1 << 20)
    bomb = gzip.compress(TEXT.encode() + b"d3,Won\n" * 400_000, mtime=0)
    with pytest.raises(ExportError, match=r"bytes that unpack to .* or more, which no export"):
        read(tmp_path, bomb, "deals.csv.gz")


def test_a_gzip_file_that_is_cut_short_is_refused(tmp_path):
    lines = "".join(f"d{number**3},Won\n" for number in range(20_000))
    content = gzip.compress(f"deal_id,outcome\n{lines}".encode(), mtime=0)
    with pytest.raises(ExportError, match=r"cannot be read \(Compressed file ended before"):
        read(tmp_path, content[: len(content) // 2], "deals.csv.gz")
