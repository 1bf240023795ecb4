"""Exports of all kinds, each with the declared result of every row.

All start from three good deals; most cases change one thing.
"""

import csv
import gzip
import io
import math
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = [
    *("deal_id", "created_date", "closed_date", "sales_rep_id", "industry", "region"),
    *("product_type", "lead_source", "deal_stage", "deal_amount", "outcome"),
]
WON = dict(
    zip(
        COLUMNS,
        [
            *("d1", "2024-01-10", "2024-03-20", "Ann", "FinTech", "APAC"),
            *("Core", "Referral", "Demo", "1200.50", "Won"),
        ],
        strict=True,
    )
)
LOST = WON | {"deal_id": "d2", "industry": "SaaS", "deal_stage": "Qualified", "outcome": "Lost"}
OPEN = WON | {"deal_id": "d3", "closed_date": "2024-09-30", "outcome": "Open", "region": "Europe"}
GOOD = [WON, LOST, OPEN]
GOOD_IDS = ("d1", "d2", "d3")


@dataclass(frozen=True)
class Case:
    """One export and its declared result.

    write: makes the file at a path and returns that path.
    accepted: the ids of the deals that come out.
    values: for a deal id and a column of staging.stg_deals, the value it has.
    rejected, skipped: reason code by source line.
    refused: part of the sentence with which the whole file is refused; the rest is not looked at.
    mapping: the text of a MAPPING file, or None.
    settings: date_format, decimal_mark and latest_date, where the user sets them.
    """

    name: str
    write: Callable[[Path], Path]
    accepted: tuple[str, ...] = GOOD_IDS
    values: dict[tuple[str, str], object] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    refused: str | None = None
    mapping: str | None = None
    settings: dict[str, str] = field(default_factory=dict)

    def write_mapping(self, folder: Path) -> Path | None:
        """Its MAPPING file, where it has one."""
        if self.mapping is None:
            return None
        return saved(self.mapping, "mapping.csv")(folder)


# ---------- ways to write a file


def csv_text(deals: list[dict], delimiter: str = ",", line_end: str = "\n", **titles: str) -> str:
    """Deals as delimited text; `titles` gives columns another title."""
    columns = list(dict.fromkeys(name for deal in deals for name in deal))
    rows = [[titles.get(name, name) for name in columns]]
    rows += [[deal.get(name, "") for name in columns] for deal in deals]
    return "".join(_csv_line(row, delimiter) + line_end for row in rows)


def _csv_line(cells: list[str], delimiter: str) -> str:
    """One record; a cell with a line end of any kind is quoted."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def saved(content: str | bytes, name: str = "deals.csv") -> Callable[[Path], Path]:
    """A file of this content."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def rows(*deals: dict, **options: str) -> Callable[[Path], Path]:
    """A CSV of some deals; `options` are those of `csv_text`."""
    return saved(csv_text(list(deals), **options))


def deals(*further: dict, **every: str) -> Callable[[Path], Path]:
    """A CSV of the good deals and further ones; `every` sets columns of all."""
    return rows(*(deal | every for deal in [*GOOD, *further]))


def workbook(*sheets: list[list]) -> Callable[[Path], Path]:
    """A workbook of these sheets."""

    def write(folder: Path) -> Path:
        book = openpyxl.Workbook()
        for number, rows in enumerate(sheets):
            sheet = book.create_sheet() if number else book.active
            for row in rows:
                sheet.append(row)
        book.save(folder / "deals.xlsx")
        return folder / "deals.xlsx"

    return write


def with_text_values(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """A workbook whose formulas have text as their value, of which openpyxl writes none."""

    def rewrite(folder: Path) -> Path:
        path = write(folder)
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        sheet = "xl/worksheets/sheet1.xml"
        parts[sheet] = re.sub(rb"<c([^>]*)><f>", rb'<c\1 t="str"><f>', parts[sheet])
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
        return path

    return rewrite


def merged(write: Callable[[Path], Path], cells: str) -> Callable[[Path], Path]:
    """A workbook with some of its cells merged."""

    def merge(folder: Path) -> Path:
        path = write(folder)
        book = openpyxl.load_workbook(path)
        book.active.merge_cells(cells)
        book.save(path)
        return path

    return merge


def parquet(columns: dict[str, list]) -> Callable[[Path], Path]:
    """A Parquet file."""

    def write(folder: Path) -> Path:
        pq.write_table(pa.table(columns), folder / "deals.parquet")
        return folder / "deals.parquet"

    return write


def fourth(**changes: str) -> dict:
    """A fourth good deal, with changes."""
    return WON | {"deal_id": "d4"} | changes


def bad(name: str, code: str, **changes: str) -> Case:
    """The good deals, and in line 5 one that is rejected."""
    return Case(name, deals(fourth(**changes)), rejected={5: code})


def read_as(
    name: str, values: dict[str, object], mapping: str | None = None, **changes: str
) -> Case:
    """The good deals, and a fourth one with these values in staging.stg_deals."""
    deal = fourth(**changes)
    return Case(
        name,
        deals(deal),
        accepted=(*GOOD_IDS, deal["deal_id"]),
        values={(deal["deal_id"], column): value for column, value in values.items()},
        mapping=mapping,
    )


def dated(name: str, values: dict[str, object], **changes: str) -> Case:
    """Five good deals, and a sixth one with dates that cannot be used and these values."""
    deal = fourth(**changes)
    others = [WON | {"deal_id": "d5"}, LOST | {"deal_id": "d6"}]
    return Case(
        name,
        deals(deal, *others),
        accepted=(*GOOD_IDS, "d4", "d5", "d6"),
        values={("d4", column): value for column, value in values.items()},
    )


def varied(deals: list[dict], **columns: list[str]) -> list[dict]:
    """Deals of which each has a value of its own in some columns."""
    return [
        deal | dict(zip(columns, values, strict=True))
        for deal, values in zip(deals, zip(*columns.values(), strict=True), strict=True)
    ]


def without(*columns: str, of: Sequence[dict] = GOOD) -> list[dict]:
    """The good deals, or others, without some columns."""
    return [{name: deal[name] for name in deal if name not in columns} for deal in of]


TEXT = csv_text(GOOD)
LINES = TEXT.splitlines()
FOURTH_LINE = csv_text([fourth()]).splitlines()[1]
PARQUET_COLUMNS = {name: [deal[name] for deal in GOOD] for name in COLUMNS}
TABLE = [COLUMNS, *([deal[name] for name in COLUMNS] for deal in GOOD)]


def lines(*texts: str) -> Callable[[Path], Path]:
    """A file of these lines."""
    return saved("\n".join(texts) + "\n")


DIALECTS = [
    Case("plain", saved(TEXT), values={("d1", "deal_amount"): 1200.5, ("d2", "outcome"): "Lost"}),
    Case("byte_order_mark", saved(b"\xef\xbb\xbf" + TEXT.encode())),
    Case("utf_16_little_endian", saved(TEXT.encode("utf-16"))),
    Case("utf_16_big_endian", saved(b"\xfe\xff" + TEXT.encode("utf-16-be"))),
    Case("utf_16_without_a_mark", saved(TEXT.encode("utf-16-le"))),
    Case("gzip_compressed", saved(gzip.compress(TEXT.encode()), "deals.csv.gz")),
    Case(
        "cp1252",
        saved(csv_text([*GOOD, fourth(industry="Züge")]).encode("cp1252")),
        accepted=(*GOOD_IDS, "d4"),
        values={("d4", "industry"): "Züge"},
    ),
    Case("semicolons", rows(*GOOD, delimiter=";")),
    Case("tabs", saved(csv_text(GOOD, delimiter="\t"), "deals.tsv")),
    Case("pipes", saved(csv_text(GOOD, delimiter="|"), "deals.txt")),
    Case("line_ends_of_windows", rows(*GOOD, line_end="\r\n")),
    Case("line_ends_of_old_macs", rows(*GOOD, line_end="\r")),
    Case(
        "mixed_line_ends",
        saved("\r\n".join(LINES[:2]) + "\n" + LINES[2] + "\r" + LINES[3]),
    ),
    read_as("newlines_in_quotes", {"industry": "two lines"}, industry="two\nlines"),
    read_as("delimiter_in_quotes", {"industry": "Food, drink"}, industry="Food, drink"),
    read_as("quotes_in_quotes", {"industry": 'the "new" one'}, industry='the "new" one'),
    Case("no_line_end_at_the_end", saved(TEXT.rstrip("\n"))),
    Case(
        "workbook",
        workbook(TABLE),
        values={("d1", "deal_amount"): 1200.5},
    ),
    Case(
        "workbook_with_titles_above",
        workbook([["Deals of March"], [], *TABLE]),
        skipped={1: "above_header", 2: "blank_line"},
    ),
    Case("workbook_with_a_cover", workbook([["Our deals"], ["by Ann"]], TABLE)),
    Case(
        "workbook_with_deals_in_two_sheets",
        workbook(TABLE, TABLE),
        refused="deals in 2 sheets, Sheet, Sheet1: put them into one, or hide the others",
    ),
    Case(
        "workbook_with_deals_in_two_sheets_one_of_them_wider",
        workbook(TABLE, [row[:5] + row[6:] for row in TABLE]),
        refused="deals in 2 sheets, Sheet, Sheet1: put them into one, or hide the others",
    ),
    Case("workbook_with_a_summary", workbook([["Region", "Amount"], ["APAC", 9]], TABLE)),
    Case(
        "workbook_with_merged_cells",
        merged(workbook([TABLE[0], *([*row[:3], "Bob", *row[4:]] for row in TABLE[1:])]), "D2:D4"),
        values={(deal_id, "sales_rep_id"): "Bob" for deal_id in GOOD_IDS},
    ),
    Case("parquet", parquet(PARQUET_COLUMNS)),
    Case(
        "parquet_of_decimals",
        parquet(
            PARQUET_COLUMNS
            | {"deal_amount": pa.array(["1200.5", "1200", None]).cast(pa.decimal128(38, 18))}
        ),
        values={
            ("d1", "deal_amount"): 1200.5,
            ("d2", "deal_amount"): 1200.0,
            ("d3", "deal_amount"): None,
        },
    ),
    Case(
        "parquet_of_floats",
        parquet(PARQUET_COLUMNS | {"deal_amount": [3.3000000000000003, 1200.0, math.nan]}),
        values={
            ("d1", "deal_amount"): 3.3,
            ("d2", "deal_amount"): 1200.0,
            ("d3", "deal_amount"): None,
        },
    ),
]

DAMAGE = [
    Case(
        "unterminated_quote",
        lines(*LINES, FOURTH_LINE.replace("FinTech", '"FinTech'), FOURTH_LINE.replace("d4", "d5")),
        accepted=(*GOOD_IDS, "d5"),
        rejected={5: "unreadable_quotes"},
    ),
    Case(
        "quote_closed_too_early",
        lines(*LINES, FOURTH_LINE.replace("FinTech", '"Fin"Tech')),
        rejected={5: "unreadable_quotes"},
    ),
    Case("short_row", lines(*LINES, "d4,2024-01-10"), rejected={5: "wrong_column_count"}),
    Case("long_row", lines(*LINES, FOURTH_LINE + ",x"), rejected={5: "wrong_column_count"}),
    Case(
        "comma_in_an_unquoted_amount",
        lines(*LINES, FOURTH_LINE.replace("1200.50", "$1,200.50")),
        rejected={5: "wrong_column_count"},
    ),
    Case(
        "report_footer",
        lines(*LINES, "", '"Confidential Information - Do Not Distribute"', "Copyright (c) 2024"),
        rejected={6: "wrong_column_count", 7: "wrong_column_count"},
        skipped={5: "blank_line"},
    ),
    Case(
        "report_titles_above",
        lines("Opportunity report", '"As of 2024-06-30, by ""Ann"""', "", *LINES),
        skipped={1: "above_header", 2: "above_header", 3: "blank_line"},
    ),
    Case(
        "blank_lines",
        lines("", LINES[0], "", *LINES[1:], " ", ",,,,,,,,,,"),
        skipped={1: "blank_line", 3: "blank_line", 7: "blank_line", 8: "blank_line"},
    ),
    Case(
        "nul_byte", lines(*LINES, FOURTH_LINE.replace("Ann", "A\0n")), rejected={5: "nul_character"}
    ),
    Case(
        "header_again_below",
        lines(*LINES, LINES[0], FOURTH_LINE),
        accepted=(*GOOD_IDS, "d4"),
        skipped={5: "header_again"},
    ),
    Case(
        "deals_above_the_header",
        lines(*LINES[1:3], LINES[0], LINES[3]),
        refused="found 2 rows of data above the header in line 3; expected the header first",
    ),
    Case(
        "two_files_of_which_the_second_has_another_order_of_columns",
        saved(TEXT + csv_text([dict(reversed(fourth().items()))])),
        refused="the titles of the header again in line 5, in another order",
    ),
    Case(
        "a_deleted_deal",
        rows(*(deal | {"IsDeleted": "false"} for deal in GOOD), fourth() | {"IsDeleted": "true"}),
        skipped={5: "deleted"},
    ),
    Case(
        "deals_that_were_deleted_and_others_that_the_connector_marks",
        rows(
            *(deal | {"IsDeleted": "false", "_fivetran_deleted": "false"} for deal in GOOD),
            fourth(deal_id="d4") | {"IsDeleted": "true", "_fivetran_deleted": "false"},
            fourth(deal_id="d5") | {"IsDeleted": "false", "_fivetran_deleted": "true"},
        ),
        skipped={5: "deleted", 6: "deleted"},
    ),
    Case(
        "outcomes_that_mean_deleted",
        deals(fourth(outcome="Deleted"), fourth(deal_id="d5", outcome="Test deal")),
        mapping="kind,found,means\noutcome,test deal,Deleted\n",
        skipped={5: "deleted", 6: "deleted"},
    ),
    Case(
        "a_total_with_a_word_for_a_currency",
        deals({"deal_amount": "3601.50", "amount_currency": "Sum"}),
        rejected={5: "missing_deal_id"},
    ),
    Case(
        "a_row_of_history",
        rows(
            *(deal | {"_fivetran_active": "true"} for deal in GOOD),
            GOOD[0] | {"_fivetran_active": "false", "industry": "EdTech"},
        ),
        values={("d1", "industry"): GOOD[0]["industry"]},
        skipped={5: "history_row"},
    ),
    read_as("an_id_that_ends_with_an_inch_mark", {"industry": '2"'}, deal_id='d1"', industry='2"'),
    Case("trailing_delimiters", lines(LINES[0], *(line + ", ," for line in LINES[1:]))),
    Case(
        "one_damaged_byte_among_accents",
        saved(
            csv_text([deal | {"industry": "Café"} for deal in GOOD])
            .encode()
            .replace(b"Ann", b"An\xff", 1)
        ),
        values={("d1", "industry"): "Café", ("d1", "sales_rep_id"): "An\\xff"},
    ),
    Case(
        "required_column_twice",
        saved(TEXT.replace("industry", "Deal ID")),
        refused="the column deal_id more than once",
    ),
    Case(
        "unread_column_twice",
        lines(*(f"{line},{note},{note}" for line, note in zip(LINES, "Nxyz", strict=True))),
    ),
    Case("empty_file", saved(""), refused="an empty file"),
    Case("only_white_space", saved(" \n\n,,\n"), refused="an empty file"),
    Case("header_only", saved(LINES[0] + "\n"), refused="no rows below it"),
    Case("one_row", lines(LINES[0], LINES[1]), accepted=("d1",)),
    Case(
        "no_usable_row",
        lines(LINES[0], LINES[3].replace("2024-01-10", "soon")),
        refused=(
            "none of its 1 rows can be used:\n"
            "    1 bad_created_date: line 2, created_date 'soon' cannot be read as a date"
        ),
    ),
    Case(
        "dates_that_cannot_be_read",
        deals(created_date="soon"),
        refused="created_date cannot be used in 2 of the 2 rows that have one",
    ),
    Case("text_with_the_name_of_a_workbook", saved(TEXT, "deals.xlsx")),
    Case(
        "more_rows_rejected_than_is_allowed",
        deals(
            fourth(outcome="maybe"),
            fourth(deal_id="d5", outcome="two\nlines"),
            fourth(deal_id="", industry="Retail"),
        ),
        refused=(
            "3 of its 6 rows are rejected, more than max_rejected_share (20.0%) allows:\n"
            "    2 bad_outcome: line 5, outcome 'maybe' is none of Won, Lost, Open or empty; say"
            " what it means in MAPPING\n"
            "    1 missing_deal_id: line 8, deal_id is empty\n"
            "    correct them in the export, or raise max_rejected_share to build without them"
        ),
    ),
    Case(
        "as_many_rows_rejected_as_is_allowed",
        deals(fourth(), fourth(deal_id="", industry="Retail")),
        accepted=(*GOOD_IDS, "d4"),
        rejected={6: "missing_deal_id"},
    ),
    Case(
        "skipped_rows_that_are_no_rejected_rows",
        lines(*LINES, *LINES, "", ",,,,,,,,,,"),
        skipped={5: "header_again"}
        | dict.fromkeys((6, 7, 8), "exact_duplicate")
        | {9: "blank_line", 10: "blank_line"},
    ),
    Case("unknown_extension", saved(TEXT, "deals.pdf"), refused="the extension .pdf"),
]

HEADERS = [
    Case(
        "other_spellings_of_headers",
        rows(*GOOD, deal_id="Deal ID", closed_date="CLOSED-DATE", deal_amount="dealAmount"),
    ),
    Case(
        "a_header_beside_one_with_a_unit",
        rows(*(deal | {"Deal Amount (weighted)": "1"} for deal in GOOD)),
        values={("d1", "deal_amount"): 1200.5},
    ),
    Case(
        "two_titles_of_one_column",
        rows(*(deal | {"Deal - Value": "1", "Est. Revenue (USD)": "2"} for deal in GOOD)),
        values={("d1", "deal_amount"): 1200.5},
    ),
    Case(
        "headers_with_units",
        rows(*GOOD, deal_amount="Amount (USD)", closed_date="Close Date (UTC)"),
    ),
    Case("columns_in_another_order", rows(dict(reversed(WON.items())), LOST, OPEN)),
    Case(
        "further_columns",
        rows(*(deal | {"Next Step": "call", "Won't read": "1"} for deal in GOOD)),
    ),
    Case(
        "required_columns_missing",
        rows(*without("deal_id", "deal_amount")),
        refused="the required column deal_id is missing; found created_date",
    ),
    Case(
        "headers_without_spaces_in_capitals",
        rows(*GOOD, deal_id="DEALID", lead_source="LEADSOURCE", closed_date="CLOSEDATE"),
        values={("d1", "lead_source"): "Referral", ("d1", "closed_date"): "2024-03-20"},
    ),
    Case(
        "headers_with_the_kind_of_record_in_front",
        rows(*GOOD, region="Deal - Region", industry="property_industry"),
        values={("d1", "region"): "APAC", ("d1", "industry"): "FinTech"},
    ),
    Case(
        "headers_of_columns_of_the_users_own",
        rows(*GOOD, region="Region__c", industry="Industry (Account) (Account)"),
        values={("d1", "region"): "APAC", ("d1", "industry"): "FinTech"},
    ),
    Case(
        "a_title_that_is_known_as_it_is_comes_first",
        rows(*(deal | {"Closed_Date__c": "2024-04-01"} for deal in GOOD), closed_date="CloseDate"),
        values={("d1", "closed_date"): "2024-03-20"},
    ),
    Case(
        "two_titles_that_differ_in_what_stands_around_them",
        rows(*(deal | {"Region (old)": "x"} for deal in GOOD), region="Region (new)"),
        values={("d1", "region"): "Unknown"},
    ),
    Case(
        "a_title_that_is_none_whatever_stands_around_it",
        rows(*GOOD, region="Deal - Region"),
        mapping="kind,found,means\ncolumn,Deal - Region,none\n",
        values={("d1", "region"): "Unknown"},
    ),
    Case(
        "titles_that_are_all_of_the_users_own_below_a_remark",
        lines(
            "Our deals", "Please, ask Ann", "Ref;Signed?;Who", "d1;Yes;Ann", "d2;No;Ann", "d3;;Bob"
        ),
        mapping=(
            "kind,found,means\ncolumn,Ref,deal_id\ncolumn,Signed?,outcome\n"
            "outcome,Yes,Won\noutcome,No,Lost\n"
        ),
        values={("d1", "outcome"): "Won", ("d2", "outcome"): "Lost", ("d3", "is_open"): True},
        skipped={1: "above_header", 2: "above_header"},
    ),
    Case(
        "features_missing",
        rows(*without("region", "industry")),
        values={("d1", "region"): "Unknown", ("d1", "lead_source"): "Referral"},
    ),
    Case(
        "a_header_of_the_users_own",
        rows(*GOOD, deal_id="Ref.", outcome="Result"),
        mapping="kind,found,means\ncolumn,Ref.,deal_id\ncolumn,Result,outcome\n",
    ),
    Case(
        "a_column_that_is_not_what_it_is_called",
        rows(*(deal | {"Owner": "none of ours"} for deal in without("sales_rep_id"))),
        mapping="kind,found,means\ncolumn,Owner,ignore\n",
        values={("d1", "sales_rep_id"): "Unknown"},
    ),
    Case(
        "a_title_that_the_user_maps",
        rows(*(deal | {"Stage": "x", "Ours": "Ann"} for deal in GOOD)),
        mapping="kind,found,means\ncolumn,Ours,industry\ncolumn,industry,None\n",
        values={("d1", "industry"): "Ann", ("d1", "deal_stage"): "Demo"},
    ),
    Case(
        "a_mapping_of_null_values_and_of_names",
        deals(
            WON | {"deal_id": "d4", "outcome": "-", "industry": "n/a", "sales_rep_id": "ANN"},
            LOST | {"deal_id": "d5", "industry": "None", "sales_rep_id": "-", "account_id": "acme"},
            LOST | {"deal_id": "d6", "industry": "-", "sales_rep_id": "n/a"},
        ),
        (*GOOD_IDS, "d4", "d5", "d6"),
        {
            ("d4", "is_won"): 0,
            ("d4", "industry"): "Other industries",
            ("d4", "sales_rep_id"): "Ann",
            ("d5", "industry"): "Nothing",
            ("d5", "sales_rep_id"): "Nobody",
            ("d5", "account_id"): "Acme Inc",
            ("d6", "industry"): "Unknown",
            ("d6", "sales_rep_id"): "Unknown",
            ("d1", "account_id"): None,
        },
        mapping=(
            "kind,found,means\noutcome,-,Lost\nindustry,N/A,Other industries\n"
            "industry,None,Nothing\nsales_rep_id,ann,Ann\nsales_rep_id,-,Nobody\n"
            "account_id,ACME,Acme Inc\n"
        ),
    ),
    Case(
        "a_mapping_with_lines_that_match_nothing",
        rows(*GOOD, deal_id="Ref."),
        mapping=(
            "kind,found,means\ncolumn,Ref.,deal_id\ncolumn,Opp. Ref.,deal_id\n"
            "outcome,Signd,Won\nregion,europe,EMEA\nregion,Mars,EMEA\nregion,Mars,EMEA\n"
        ),
    ),
    Case(
        "a_mapping_with_an_unknown_kind",
        saved(TEXT),
        mapping="kind,found,means\ncolum,Ref.,deal_id\n",
        refused="line 2: found the kind 'colum'; expected column, outcome, ",
    ),
    Case(
        "a_mapping_to_an_unknown_column",
        saved(TEXT),
        mapping="kind,found,means\ncolumn,Ref.,dealid\n",
        refused="found the column 'dealid'; expected deal_id",
    ),
    Case(
        "a_mapping_with_other_headers",
        saved(TEXT),
        mapping="from,to\nRef.,deal_id\n",
        refused="found the columns from, to; expected kind, found, means",
    ),
]

VALUES = [
    read_as(
        "blank_cells",
        {"industry": "Unknown", "sales_rep_id": "Unknown"},
        industry="",
        sales_rep_id="  ",
    ),
    read_as(
        "cells_with_null_values",
        {"industry": "Unknown", "region": "Unknown", "deal_amount": None},
        industry="N/A",
        region="null",
        deal_amount="-",
    ),
    read_as("level_in_other_letters", {"industry": "FinTech"}, industry="fintech "),
    read_as("level_in_two_words", {"industry": "FinTech"}, industry="Fin Tech"),
    read_as("level_with_a_no_break_space", {"industry": "FinTech"}, industry="Fin\u00a0Tech"),
    read_as(
        "cells_with_invisible_characters",
        {"industry": "FinTech", "created_date": "2024-01-10", "deal_amount": 5.0},
        industry="\u202aFin\u200dTech\u202c",
        created_date="\u200e2024-01-10",
        deal_amount="5\u00ad",
    ),
    read_as("a_rep_in_capitals", {"sales_rep_id": "Ann"}, sales_rep_id="ANN\u200b"),
    read_as(
        "level_in_wide_letters",
        {"industry": "FinTech"},
        industry="\uff26\uff49\uff4e\u3000\uff34\uff45\uff43\uff48",
    ),
    read_as("picklist_value_renamed", {"industry": "FinTech"}, industry="Financial Technology"),
    read_as(
        "picklist_value_of_the_users_own",
        {"industry": "FinTech"},
        mapping="kind,found,means\nindustry,banking & co,FinTech\n",
        industry="Banking & Co",
    ),
    read_as(
        "formula_cells",
        {"industry": "=cmd|' /C calc'!A0", "sales_rep_id": "@SUM(A1)"},
        industry="=cmd|' /C calc'!A0",
        sales_rep_id="@SUM(A1)",
    ),
    Case(
        "formulas_that_were_never_calculated",
        workbook([*TABLE, list(fourth(deal_amount="=600*2").values())]),
        refused="formulas that were never calculated, such as =600*2 in column J",
    ),
    Case(
        "formula_that_gives_no_text",
        with_text_values(
            workbook([*TABLE, list(fourth(deal_amount='=IF(A1="x","","")').values())])
        ),
        accepted=(*GOOD_IDS, "d4"),
        values={("d4", "deal_amount"): None},
    ),
    read_as("ids_that_differ_by_case", {"industry": "FinTech"}, deal_id="D1"),
    read_as("dollars_and_thousands", {"deal_amount": 1234.5}, deal_amount="$1,234.50"),
    read_as(
        "id_kept_as_text_by_a_formula", {"industry": "FinTech"}, deal_id="d4", industry='="FinTech"'
    ),
    read_as("currency_code", {"deal_amount": 1234.5}, deal_amount="USD 1,234.50"),
    read_as("zero_of_an_accounting_format", {"deal_amount": 0.0}, deal_amount=" $ -   "),
    Case(
        "decimals_of_a_database",
        parquet(
            {name: [deal[name] for deal in GOOD] for name in COLUMNS}
            | {
                "deal_amount": pa.array(
                    [Decimal("1200.5"), Decimal("3.3"), None], pa.decimal128(38, 18)
                )
            }
        ),
        values={("d1", "deal_amount"): 1200.5, ("d2", "deal_amount"): 3.3},
    ),
    read_as("zero_amount", {"deal_amount": 0.0}, deal_amount="0"),
    Case(
        "decimal_commas",
        deals(deal_amount="1.200,50"),
        values={("d1", "deal_amount"): 1200.5},
    ),
    bad("amount_in_accounting_brackets", "negative_deal_amount", deal_amount="(500)"),
    bad("negative_amount", "negative_deal_amount", deal_amount="-1"),
    bad("amount_beyond_every_number", "bad_deal_amount", deal_amount="1e400"),
    bad("amount_with_an_underscore", "bad_deal_amount", deal_amount="1_000"),
    bad("amount_in_millions", "bad_deal_amount", deal_amount="5 MIO"),
    read_as(
        "amount_of_a_float", {"deal_amount": 3.3000000000000003}, deal_amount="3.3000000000000003"
    ),
    bad("amount_in_words", "bad_deal_amount", deal_amount="five"),
    bad("absurd_amount", "absurd_deal_amount", deal_amount="999999999999999"),
    Case(
        "several_currencies",
        rows(WON | {"deal_amount": "$10.50"}, LOST | {"deal_amount": "€10.50"}, OPEN),
        refused="in several currencies, EUR (1), USD (1)",
    ),
    Case(
        "currencies_in_a_column",
        rows(*varied(GOOD, Currency=["USD", "GBP", "USD"])),
        refused="in several currencies, USD (2), GBP (1)",
    ),
    Case(
        "thousands_or_decimals",
        deals(deal_amount="1.200"),
        refused="'1.200' can be thousands or decimals",
    ),
    Case(
        "thousands_as_the_user_sets_it",
        deals(deal_amount="1.200"),
        settings={"decimal_mark": ","},
        values={("d1", "deal_amount"): 1200.0},
    ),
    Case(
        "both_decimal_marks_and_an_amount_that_can_have_either",
        rows(*varied(GOOD, deal_amount=["1.200,50", "1200.50", "1.200"])),
        refused="some amounts are written with a decimal comma, others with a decimal point",
    ),
    Case(
        "both_decimal_marks_each_beyond_doubt",
        rows(*varied(GOOD, deal_amount=["1.200,50", "1200.50", "1200"])),
        values={
            ("d1", "deal_amount"): 1200.5,
            ("d2", "deal_amount"): 1200.5,
            ("d3", "deal_amount"): 1200.0,
        },
    ),
    read_as("thousands_by_a_letter", {"deal_amount": 12500.0}, deal_amount="12.5k"),
    bad("millions_beside_a_currency_sign", "bad_deal_amount", deal_amount="5 M$"),
    bad("missing_id", "missing_deal_id", deal_id=""),
    bad("unknown_outcome", "bad_outcome", outcome="maybe"),
    Case(
        "outcomes_in_words_of_its_own",
        rows(WON | {"outcome": "Yes"}, LOST | {"outcome": "No"}, OPEN),
        refused="none of its outcomes is read as Won or Lost, and 2 are not understood",
    ),
    Case(
        "losses_in_a_word_of_its_own",
        rows(WON, LOST | {"outcome": "Gone"}, OPEN),
        refused="none of its outcomes is read as Lost, and 1 are not understood, such as 'Gone'",
    ),
    read_as(
        "outcome_as_the_user_sets_it",
        {"outcome": "Won"},
        mapping="kind,found,means\noutcome,Signed!,Won\n",
        outcome="Signed!",
    ),
    bad("outcome_against_stage", "outcome_against_stage", deal_stage="Closed Lost"),
    read_as("stage_that_leaks_the_outcome", {"deal_stage": "Closed"}, deal_stage="Closed Won"),
    read_as(
        "stage_with_its_pipeline",
        {"deal_stage": "Closed"},
        deal_stage="Closed won (Sales Pipeline)",
    ),
]

DATES = [
    bad("open_deal_without_a_creation_date", "missing_created_date", created_date="", outcome=""),
    Case(
        "open_deal_of_an_impossible_day",
        deals(WON | {"deal_id": "d4"}, fourth(deal_id="d5", created_date="2024-02-30", outcome="")),
        accepted=(*GOOD_IDS, "d4"),
        rejected={6: "bad_created_date"},
    ),
    dated("no_creation_date", {"created_date": None, "outcome": "Won"}, created_date=""),
    dated("impossible_date", {"created_date": None, "outcome": "Won"}, created_date="2024-02-30"),
    dated("no_close_date", {"closed_date": None, "outcome": "Won"}, closed_date=""),
    dated("closed_before_created", {"closed_date": None}, closed_date="2024-01-09"),
    Case(
        "day_first",
        rows(
            WON | {"created_date": "10/01/2024", "closed_date": "20/03/2024"},
            LOST | {"created_date": "02/01/2024", "closed_date": "05/03/2024"},
            OPEN,
        ),
        values={("d2", "created_date"): "2024-01-02", ("d2", "closed_date"): "2024-03-05"},
    ),
    Case(
        "month_first",
        rows(
            WON | {"created_date": "1/10/2024 9:05 AM", "closed_date": "3/20/2024"},
            LOST | {"created_date": "1/2/2024", "closed_date": "3/5/2024"},
            OPEN,
        ),
        values={("d2", "created_date"): "2024-01-02", ("d2", "closed_date"): "2024-03-05"},
    ),
    Case(
        "day_or_month_first",
        deals(created_date="01/02/2024"),
        refused="'01/02/2024' can be read day first or month first, and no date",
    ),
    Case(
        "day_first_as_the_user_sets_it",
        deals(created_date="01/02/2024"),
        settings={"date_format": "dd/mm/yyyy"},
        values={("d1", "created_date"): "2024-02-01"},
    ),
    Case(
        "month_first_as_the_user_sets_it",
        deals(fourth(created_date="31/12/2023"), fourth(deal_id="d5", created_date="01/02/2024")),
        settings={"date_format": "mm/dd/yyyy"},
        accepted=(*GOOD_IDS, "d4", "d5"),
        values={("d5", "created_date"): "2024-01-02", ("d4", "created_date"): None},
    ),
    Case(
        "both_orders",
        rows(WON | {"created_date": "31/01/2024"}, LOST | {"created_date": "1/31/2024"}),
        refused="some dates of the file are only possible day first, others only month first",
    ),
    Case(
        "dates_that_a_spreadsheet_has_converted_by_halves",
        rows(
            *(
                WON | {"deal_id": f"t{day}", "created_date": f"{day}/01/2024"}
                for day in range(13, 25)
            ),
            *(
                WON | {"deal_id": f"d{day}", "created_date": f"2024-{day:02}-01"}
                for day in range(1, 13)
            ),
        ),
        refused="dates such as '13/01/2024' are text, and the other dates of their column have no",
    ),
    Case(
        "days_of_a_spreadsheet",
        rows(WON | {"created_date": "45301", "closed_date": "45371.5"}, LOST, OPEN),
        values={("d1", "created_date"): "2024-01-10", ("d1", "closed_date"): "2024-03-20"},
    ),
    read_as(
        "salesforce_timestamp",
        {"created_date": "2024-01-10"},
        created_date="2024-01-10T23:30:00.000+0000",
    ),
    read_as("month_by_name", {"created_date": "2024-01-10"}, created_date="10-Jan-2024"),
    read_as(
        "close_of_an_open_deal_in_the_future",
        {"expected_close_date": "2031-01-01"},
        closed_date="2031-01-01",
        outcome="",
    ),
    read_as(
        "unreadable_dates_of_an_open_deal",
        {"expected_close_date": None, "stage_entered_date": None},
        closed_date="next spring",
        stage_entered_date="in May",
        outcome="",
    ),
    read_as("close_on_the_day_of_creation", {"sales_cycle_days": 0.0}, closed_date="2024-01-10"),
    Case(
        "close_of_a_won_deal_in_the_far_future",
        rows(
            *(
                [WON | {"deal_id": f"w{n}"} for n in range(300)]
                + [WON | {"deal_id": "outlier", "closed_date": "2204-03-20"}]
            )
        ),
        accepted=(*(f"w{n}" for n in range(300)), "outlier"),
        values={("w0", "as_of_date"): "2024-03-20", ("outlier", "closed_date"): None},
    ),
    Case(
        "dates_after_the_day_of_the_build",
        deals(
            fourth(closed_date="2999-01-01"),
            fourth(deal_id="d5", created_date="2998-01-01", closed_date="", outcome=""),
            *(WON | {"deal_id": f"w{n}"} for n in range(3)),
        ),
        settings={"latest_date": "2024-12-31"},
        accepted=(*GOOD_IDS, "d4", "w0", "w1", "w2"),
        rejected={6: "implausible_date"},
        values={("d1", "as_of_date"): "2024-03-20", ("d4", "closed_date"): None},
    ),
    dated("year_of_four_wrong_digits", {"created_date": None}, created_date="0024-01-10"),
    Case(
        "no_dates_at_all",
        rows(*without("created_date", "closed_date")),
        settings={"latest_date": "2026-07-01"},
        values={("d1", "as_of_date"): "2026-06-30", ("d3", "is_open"): True},
    ),
    Case(
        "no_creation_dates",
        rows(*without("created_date")),
        values={("d1", "closed_date"): "2024-03-20", ("d1", "as_of_date"): "2024-03-20"},
    ),
    Case(
        "ids_and_outcomes_only",
        saved("deal_id,outcome\nd1,Won\nd2,Lost\nd3,\n"),
        values={("d1", "outcome"): "Won", ("d3", "is_open"): True, ("d1", "region"): "Unknown"},
    ),
]

DUPLICATES = [
    Case("exact_duplicate", lines(*LINES, LINES[1]), skipped={5: "exact_duplicate"}),
    Case(
        "duplicate_that_differs_in_an_unread_column",
        lines(
            *(
                f"{line},{note}"
                for line, note in zip([*LINES, LINES[1]], ["Note", "a", "b", "c", "d"], strict=True)
            )
        ),
        skipped={5: "exact_duplicate"},
    ),
    Case(
        "conflicting_duplicate_closed_later",
        deals(WON | {"closed_date": "2024-03-25", "deal_amount": "7"}),
        rejected={2: "duplicate_deal_id"},
        values={("d1", "deal_amount"): 7.0},
    ),
    Case(
        "conflicting_duplicate_still_open",
        deals(WON | {"outcome": "", "deal_amount": "7"}),
        rejected={5: "duplicate_deal_id"},
        values={("d1", "deal_amount"): 1200.5},
    ),
    Case(
        "the_same_three_times",
        lines(*LINES, LINES[1], LINES[1]),
        skipped={5: "exact_duplicate", 6: "exact_duplicate"},
    ),
]

CHANGES = [["Prospecting", "Demo", "Closed Won"], ["Demo", "Closed Lost"], ["Prospecting", "Demo"]]
HISTORY = [
    WON | {"deal_id": f"h{n}", "deal_stage": stage, "outcome": ""}
    for n, stages in enumerate(CHANGES)
    for stage in stages
]

CRMS = [
    Case(
        "history_of_stages",
        rows(*HISTORY, HISTORY[0] | {"deal_id": "h3"}),
        refused="3 of its 4 deals have several rows with different stages: it is a history",
    ),
    Case(
        "several_rows_per_deal_and_no_change_of_stage",
        rows(*(deal | {"industry": name} for deal in GOOD for name in ("Retail", "SaaS"))),
        refused="3 of its 6 rows are rejected, more than max_rejected_share",
    ),
    Case(
        "a_few_deals_in_two_stages",
        deals(WON | {"deal_stage": "Qualified", "closed_date": "2024-03-01"}),
        rejected={5: "duplicate_deal_id"},
    ),
    Case(
        "history_of_stages_with_the_current_rows_marked",
        rows(
            *(
                deal | {"_fivetran_active": active, "deal_stage": stage, "outcome": ""}
                for deal in GOOD
                for active, stage in (("true", "Closed Won"), ("false", "Demo"))
            )
        ),
        skipped=dict.fromkeys((3, 5, 7), "history_row"),
    ),
    Case(
        "won_and_lost_later",
        rows(
            *varied(
                without("closed_date", "outcome", "deal_stage"),
                won_date=["2024-03-20", "2024-03-20", ""],
                lost_date=["2024-04-02", "2024-03-01", ""],
            )
        ),
        values={
            ("d1", "outcome"): "Lost",
            ("d1", "closed_date"): "2024-04-02",
            ("d2", "outcome"): "Won",
        },
    ),
    Case(
        "won_but_not_closed",
        rows(
            *varied(
                without("outcome", of=[*GOOD, fourth()]),
                is_won=["true", "false", "false", "true"],
                is_closed=["true", "true", "false", "false"],
            )
        ),
        rejected={5: "bad_outcome"},
    ),
    Case(
        "won_date_that_cannot_be_parsed",
        rows(
            *(
                {name: WON[name] for name in COLUMNS if name != "outcome"} | dates
                for dates in (
                    {"deal_id": "d1", "won_date": "2024-03-20"},
                    {"deal_id": "d2", "lost_date": "2024-03-20"},
                    {"deal_id": "d3", "won_date": "not yet", "lost_date": "2024-03-20"},
                    {"deal_id": "d4", "lost_date": "never"},
                )
            )
        ),
        accepted=("d1", "d2"),
        rejected={4: "bad_outcome", 5: "bad_outcome"},
        values={("d1", "outcome"): "Won", ("d2", "outcome"): "Lost"},
    ),
    Case(
        "salesforce_object",
        lines(
            "Id,Name,StageName,IsWon,IsClosed,CloseDate,CreatedDate,LeadSource,Amount,OwnerId",
            "006A,Acme,Closed Won,true,true,2024-03-20,2024-01-10T08:00:00.000Z,Web,1200.5,005A",
            "006a,Acme 2,Closed Lost,false,true,2024-03-25,2024-01-11T08:00:00.000Z,Web,10,005A",
            "006B,Beta,Prospecting,false,false,2024-12-31,2024-02-01T08:00:00.000Z,Event,99,005B",
        ),
        accepted=("006A", "006a", "006B"),
        values={
            ("006A", "outcome"): "Won",
            ("006a", "outcome"): "Lost",
            ("006B", "is_open"): True,
            ("006A", "deal_stage"): "Closed",
            ("006a", "deal_stage"): "Closed",
            ("006B", "deal_stage"): "Prospecting",
            ("006A", "lead_source"): "Web",
            ("006A", "sales_rep_id"): "005A",
            ("006B", "expected_close_date"): "2024-12-31",
        },
    ),
    Case(
        "salesforce_report",
        lines(
            "Opportunity Owner,Account Name,Opportunity Name,Stage,Close Date,Created Date,Amount,"
            "Amount (converted),Amount Currency,Lead Source,Opportunity ID",
            'Ann,Acme,Deal 1,Closed Won,3/20/2024,1/10/2024,"1,000.00","1,200.00",EUR,Web,006A',
            "Ann,Acme,Deal 2,Closed Lost,3/25/2024,1/11/2024,500.00,500.00,USD,Web,006B",
            "Bob,Beta,Deal 3,Negotiation,12/31/2024,2/1/2024,1.00,1.00,USD,Event,006C",
            *(
                f"Bob,Beta,Deal {n},Negotiation,12/31/2024,2/1/2024,1.00,1.00,USD,Event,006{n}"
                for n in range(4, 10)
            ),
            "",
            '"Total","","","","","","1,501.00","","","",""',
            '"Confidential Information - Do Not Distribute"',
        ),
        accepted=("006A", "006B", "006C", *(f"006{n}" for n in range(4, 10))),
        values={
            ("006A", "outcome"): "Won",
            ("006B", "outcome"): "Lost",
            ("006C", "is_open"): True,
            ("006A", "deal_amount"): 1200.0,
            ("006B", "closed_date"): "2024-03-25",
        },
        skipped={11: "blank_line"},
        rejected={12: "missing_deal_id", 13: "wrong_column_count"},
    ),
    Case(
        "hubspot_api",
        lines(
            "hs_object_id,dealname,dealstage,hs_is_closed_won,createdate,closedate,"
            "hubspot_owner_id,amount",
            "101,Acme,closedwon,true,2024-01-10T08:00:00Z,2024-03-20T08:00:00Z,77,1200.5",
            "102,Beta,closedlost,false,2024-01-10T08:00:00Z,2024-03-20T08:00:00Z,77,",
            "103,Gamma,contractsent,false,2024-02-10T08:00:00Z,2024-12-20T08:00:00Z,78,5",
        ),
        accepted=("101", "102", "103"),
        values={
            ("101", "outcome"): "Won",
            ("102", "outcome"): "Lost",
            ("103", "is_open"): True,
            ("103", "deal_stage"): "contractsent",
        },
    ),
    Case(
        "hubspot_page",
        lines(
            "Record ID,Deal Name,Deal Stage,Close Date,Create Date,Deal owner,Amount,Currency",
            "101,Acme,Closed won,2024-03-20 08:00,2024-01-10 08:00,Ann,1200.5,USD",
            "102,Beta,Closed lost,2024-03-20 08:00,2024-01-10 08:00,Ann,10,USD",
            "103,Gamma,Contract sent,2024-12-20 08:00,2024-02-10 08:00,Bob,5,USD",
        ),
        accepted=("101", "102", "103"),
        values={
            ("101", "outcome"): "Won",
            ("102", "outcome"): "Lost",
            ("103", "is_open"): True,
        },
    ),
    Case(
        "dynamics_365",
        lines(
            "(Do Not Modify) Opportunity,Topic,Status,Pipeline Phase,Created On,Actual Close Date,"
            "Est. Close Date,Owner,Est. Revenue",
            'a-1,Acme,Won,3-Close,1/10/2024 8:00 AM,3/20/2024,3/1/2024,Ann,"$1,200.50"',
            "a-2,Beta,Lost,2-Propose,1/11/2024 8:00 AM,3/25/2024,4/1/2024,Ann,$10.00",
            "a-3,Gamma,Open,1-Develop,2/1/2024 8:00 AM,,12/31/2024,Bob,$5.00",
        ),
        accepted=("a-1", "a-2", "a-3"),
        values={
            ("a-1", "outcome"): "Won",
            ("a-1", "closed_date"): "2024-03-20",
            ("a-2", "outcome"): "Lost",
            ("a-3", "is_open"): True,
            ("a-3", "expected_close_date"): "2024-12-31",
            ("a-2", "deal_stage"): "2-Propose",
        },
    ),
    Case(
        "dynamics_365_table",
        lines(
            "opportunityid,statecode,salesstage,createdon,actualclosedate,estimatedvalue",
            "a-1,1,2,2024-01-10T08:00:00Z,2024-03-20T00:00:00Z,1200.5000",
            "a-2,2,1,2024-01-11T08:00:00Z,2024-03-25T00:00:00Z,10.0000",
            "a-3,0,1,2024-02-01T08:00:00Z,,5.0000",
        ),
        accepted=("a-1", "a-2", "a-3"),
        values={
            ("a-1", "outcome"): "Won",
            ("a-2", "outcome"): "Lost",
            ("a-3", "is_open"): True,
            ("a-2", "deal_stage"): "1",
        },
    ),
    Case(
        "pipedrive",
        lines(
            "Deal - ID,Deal - Title,Deal - Status,Deal - Stage,Deal - Value,Deal - Currency,"
            "Deal - Deal created,Deal - Won time,Deal - Lost time,Deal - Expected close date,"
            "Deal - Owner",
            "1,Acme,Won,Negotiation,1200.5,EUR,2024-01-10 08:00:00,2024-03-20 09:00:00,,,Ann",
            "2,Beta,Lost,Demo,10,EUR,2024-01-11 08:00:00,,2024-03-25 09:00:00,2024-04-01,Ann",
            "3,Gamma,Open,Demo,5,EUR,2024-02-01 08:00:00,,,2024-12-31,Bob",
        ),
        accepted=("1", "2", "3"),
        values={
            ("1", "outcome"): "Won",
            ("1", "closed_date"): "2024-03-20",
            ("2", "closed_date"): "2024-03-25",
            ("3", "is_open"): True,
            ("3", "expected_close_date"): "2024-12-31",
        },
    ),
    Case(
        "outcome_from_stages_of_the_users_own",
        saved(
            csv_text(
                [
                    WON | {"deal_stage": "Signed"},
                    LOST | {"deal_stage": "Gone"},
                    OPEN | {"deal_stage": "Demo"},
                ]
            ).replace("outcome", "ignored")
        ),
        mapping="kind,found,means\noutcome,Signed,Won\noutcome,gone,Lost\n",
        values={
            ("d1", "outcome"): "Won",
            ("d2", "outcome"): "Lost",
            ("d3", "is_open"): True,
            ("d1", "deal_stage"): "Closed",
        },
    ),
    Case(
        "outcome_from_stages_of_which_one_is_unknown",
        rows(*varied(without("outcome"), deal_stage=["Closed Won", "Closed Lost - Price", "Demo"])),
        refused="the stages Closed Lost - Price seem to name an outcome",
    ),
    Case(
        "wins_and_no_losses_from_stages",
        rows(
            *(
                deal | {"deal_id": f"{deal['deal_id']}-{n}", "deal_stage": stage}
                for n in range(20)
                for deal, stage in zip(
                    without("outcome"), ["Closed Won", "Gone", "Demo"], strict=True
                )
            )
        ),
        refused="of 50 rows or more none is lost, by deal_stage; say in MAPPING which",
    ),
    Case(
        "a_status_that_is_no_outcome",
        rows(
            *(
                deal | {"Status": "Active", "Won": won, "Closed": "1"}
                for deal, won in zip(without("outcome"), ["1", "0", "1"], strict=True)
            )
        ),
        values={("d1", "outcome"): "Won", ("d2", "outcome"): "Lost"},
        rejected={},
        accepted=GOOD_IDS,
    ),
    Case(
        "stages_in_other_languages",
        saved(
            csv_text(
                [
                    WON | {"deal_id": word, "deal_stage": word}
                    for word in ("Fermée gagnée", "Verloren", "Förlorad", "Cierre Perdido", "Demo")
                ]
            ).replace("outcome", "ignored")
        ),
        accepted=("Fermée gagnée", "Verloren", "Förlorad", "Cierre Perdido", "Demo"),
        values={
            ("Fermée gagnée", "outcome"): "Won",
            ("Verloren", "outcome"): "Lost",
            ("Förlorad", "outcome"): "Lost",
            ("Cierre Perdido", "outcome"): "Lost",
            ("Demo", "is_open"): True,
        },
    ),
    Case(
        "a_stage_with_an_outcome_in_another_language",
        rows(*varied(without("outcome"), deal_stage=["Gewonnen", "Verloren", "Verloren - Preis"])),
        refused="the stages Verloren - Preis seem to name an outcome",
    ),
    Case(
        "no_column_has_the_outcome",
        rows(*without("outcome")),
        refused="no column outcome, and no stage (Demo, Qualified) is known to mean Won or Lost",
    ),
]

EXTREMES = [
    Case(
        "one_level",
        rows(*(WON | {"deal_id": f"d{n}"} for n in range(50))),
        accepted=tuple(f"d{n}" for n in range(50)),
    ),
    Case(
        "one_deal_per_level",
        rows(*(WON | {"deal_id": f"d{n}", "industry": f"level {n}"} for n in range(50))),
        accepted=tuple(f"d{n}" for n in range(50)),
        values={("d7", "industry"): "level 7"},
    ),
    Case(
        "a_hundred_thousand_levels",
        rows(*(WON | {"deal_id": f"d{n}", "industry": f"level {n}"} for n in range(100_000))),
        accepted=tuple(f"d{n}" for n in range(100_000)),
        values={("d99999", "industry"): "level 99999"},
    ),
    read_as(
        "a_cell_of_a_hundred_thousand_letters", {"industry": "x" * 100_000}, industry="x" * 100_000
    ),
]

CASES = [*DIALECTS, *DAMAGE, *HEADERS, *VALUES, *DATES, *DUPLICATES, *CRMS, *EXTREMES]
