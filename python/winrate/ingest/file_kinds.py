"""Recognises a file by its content, whatever its name says.

Delimited text, workbooks, Parquet files and gzip-compressed text are read. Of other files that are
taken for an export, a sentence says what they are and what to do.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zipfile import BadZipFile, ZipFile

from winrate.ingest.records import ExportError, listed, shortened
from winrate.ingest.text_files import unicode_encoding
from winrate.ingest.unpacking import GzipContent

# The kinds that are read, by the extension that they usually have.
TEXT, WORKBOOK, PARQUET = ".csv", ".xlsx", ".parquet"
EXTENSIONS = (TEXT, ".tsv", ".txt", WORKBOOK, ".xlsm", PARQUET, ".gz")
OLD_EXTENSIONS = (".xls",)  # of text or HTML in truth, where a CRM has an "Excel export"

HEAD = 1 << 16  # bytes that are looked at
DIRECTORY = 1 << 13  # bytes of the names in an OLE file that are looked at
GZIP, PARQUET_MAGIC, OLE = b"\x1f\x8b", b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
STRICT = b"http://purl.oclc.org/ooxml/"
OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
EXCEL_2003 = "urn:schemas-microsoft-com:office:spreadsheet"
HTML = re.compile(r"<(!doctype html|html|head|body|table|script)\b")
TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
JSON = re.compile(r'\{\s*["}]|\[\s*[\[{\]]')
CONTROL_BYTES = bytes({*range(32)} - set(b"\t\n\v\f\r\x1c\x1d\x1e\x1f"))
MAX_CONTROL = 0.05  # of the bytes of a damaged text; what is no text has more


class Unread(NamedTuple):
    """A kind of file that is not read: what it is, and what to do."""

    found: str
    remedy: str


SAVE_AS_WORKBOOK = "save it as Excel Workbook (.xlsx)"
EXPORT = "export the deals as CSV or Excel Workbook (.xlsx)"
UNPACK = "unpack it and give the export inside"

PROTECTED = Unread("a workbook that is protected by a password", "save it without one")
OLD_EXCEL = Unread("a workbook of Excel 97-2003 (.xls)", SAVE_AS_WORKBOOK)
NO_SHEETS = Unread("an Office document without sheets", EXPORT)
STRICT_WORKBOOK = Unread("a workbook saved as Strict Open XML Spreadsheet", SAVE_AS_WORKBOOK)
BINARY_WORKBOOK = Unread("a binary workbook (.xlsb)", SAVE_AS_WORKBOOK)
OPEN_DOCUMENT_FILE = Unread("an OpenDocument file (.ods)", SAVE_AS_WORKBOOK)
NUMBERS = Unread("an Apple Numbers document", "export it as Excel or CSV")
DAMAGED_ZIP = Unread("a workbook or zip archive that is damaged or cut short", "export it again")
EXCEL_XML = Unread("an XML spreadsheet of Excel 2003", SAVE_AS_WORKBOOK)
HTML_TABLE = Unread(
    "an HTML table, which some CRMs name .xls", f"open it in Excel and {SAVE_AS_WORKBOOK}"
)
XML = Unread("XML", EXPORT)
NO_TEXT = Unread("neither text nor a workbook nor a Parquet file", EXPORT)
BY_FIRST_BYTES = {
    GZIP: Unread("a gzip-compressed file within another", UNPACK),
    b"BZh": Unread("a file compressed by bzip2", UNPACK),
    b"\xfd7zXZ\0": Unread("a file compressed by xz", UNPACK),
    b"\x28\xb5\x2f\xfd": Unread("a file compressed by zstd", UNPACK),
    b"7z\xbc\xaf\x27\x1c": Unread("a 7-Zip archive", UNPACK),
    b"Rar!\x1a\x07": Unread("a RAR archive", UNPACK),
    b"%PDF": Unread("a PDF", EXPORT),
    b"SQLite format 3\0": Unread("an SQLite database", EXPORT),
}


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """The kind of an export, one of TEXT, WORKBOOK and PARQUET, and its content.

    Raises ExportError where the file is of another kind, and what reading a file raises.
    """
    with path.open("rb") as packed:
        is_gzip = packed.peek(len(GZIP)).startswith(GZIP)
        file = GzipContent(packed, path.stat().st_size) if is_gzip else packed
        kind = _kind(file)
        if is_gzip and kind in (WORKBOOK, PARQUET):
            kind = Unread(f"a gzip-compressed {kind} file", UNPACK)
        if isinstance(kind, Unread):
            raise ExportError(f"{path}: found {kind.found}; {kind.remedy}.")
        suffix = path.suffix.lower()
        if kind == TEXT and suffix not in (*EXTENSIONS, *OLD_EXTENSIONS):
            found = f"the extension {suffix}" if suffix else "no extension"
            raise ExportError(f"{path}: found {found}; expected one of {listed(EXTENSIONS)}.")
        yield kind, file


def _kind(file: BinaryIO) -> str | Unread:
    """The kind of a file; leaves it at its start."""
    head = file.read(HEAD)
    if head.startswith(ZIP):
        kind = _kind_of_zip(file)
    elif head.startswith(OLE):
        kind = _kind_of_ole(file, head)
    elif head.startswith(PARQUET_MAGIC):
        kind = PARQUET
    else:
        known = (kind for magic, kind in BY_FIRST_BYTES.items() if head.startswith(magic))
        kind = next(known, None) or _kind_of_text(head)
    file.seek(0)
    return kind


def _kind_of_zip(file: BinaryIO) -> str | Unread:
    """The kind of a zip archive, as workbooks are, by the names of its parts."""
    try:
        with ZipFile(file) as archive:
            names = archive.namelist()

            def has(end: str) -> bool:
                return any(name.endswith(end) for name in names)

            def starts(end: str) -> bytes:
                with archive.open(next(name for name in names if name.endswith(end))) as part:
                    return part.read(HEAD)

            if has("workbook.xml"):
                return STRICT_WORKBOOK if STRICT in starts("workbook.xml") else WORKBOOK
            if has("workbook.bin"):
                return BINARY_WORKBOOK
            if has(".iwa"):
                return NUMBERS
            if "mimetype" in names and starts("mimetype").startswith(OPEN_DOCUMENT):
                return OPEN_DOCUMENT_FILE
            if "[Content_Types].xml" in names:
                return NO_SHEETS
            return Unread(f"a zip archive of {listed(names, 3) or 'nothing'}", UNPACK)
    except BadZipFile:
        return DAMAGED_ZIP


def _kind_of_ole(file: BinaryIO, head: bytes) -> Unread:
    """The kind of an OLE file, as old Office documents and protected new ones are.

    Its header says where its directory starts, which has the names of its parts in UTF-16.
    """
    sector_size = 1 << min(int.from_bytes(head[30:32], "little"), 12)
    file.seek((1 + int.from_bytes(head[48:52], "little")) * sector_size)
    directory = file.read(DIRECTORY).decode("utf-16-le", "replace")
    if "EncryptedPackage" in directory:
        return PROTECTED
    return OLD_EXCEL if "Workbook" in directory or "Book" in directory else NO_SHEETS


def _kind_of_text(head: bytes) -> str | Unread:
    """The kind of a file of text; what is no text of any kind is found too."""
    encoding = unicode_encoding(head)
    text = head.decode(encoding or "utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        return _kind_of_markup(text)
    if JSON.match(text):
        return Unread(f"JSON that begins with '{shortened(text, 40)}'", EXPORT)
    n_control = len(head) - len(head.translate(None, CONTROL_BYTES))
    return NO_TEXT if not encoding and n_control > MAX_CONTROL * len(head) else TEXT


def _kind_of_markup(text: str) -> Unread:
    """The kind of a file of HTML or XML."""
    lower = text.lower()
    if EXCEL_2003 in lower:
        return EXCEL_XML
    if not HTML.search(lower):
        return XML
    if "<table" in lower and "<form" not in lower:
        return HTML_TABLE
    title = TITLE.search(text)
    titled = f" titled '{shortened(unescape(title[1]), 60)}'" if title else ""
    return Unread(f"a web page{titled}", "sign in to the CRM and export the deals again")
