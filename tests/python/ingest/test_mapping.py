"""A user's mapping file: what its lines mean, and the sentence where one cannot be used."""

import itertools

import pytest

from support.export_cases import GOOD, rows
from winrate import project
from winrate.ingest import mapping
from winrate.ingest.spelling import level_key, name_key
from winrate.project import SettingsError


@pytest.fixture
def read(tmp_path):
    """The rows of a user's file with these lines."""

    def read(*lines: str) -> list[tuple[str, str, str]]:
        path = tmp_path / "mapping.csv"
        path.write_text("\n".join(["kind,found,means", *lines, ""]), encoding="utf-8")
        rows = mapping.read_mappings(path, project.project_vars())
        return [row[:3] for row in rows if row.priority == mapping.OWN]

    return read


def test_comments_and_blank_lines_mean_nothing(read):
    lines = ['# a "comment, with a quote', "", "column,Ref.,deal_id", " #column,A,deal_id", "#,,"]
    assert read(*lines) == [("column", "Ref.", "deal_id")]


def test_a_number_sign_inside_a_line_is_part_of_it(read):
    assert read("column,# of seats,none", 'industry,"a\n# b",Food') == [
        ("column", "# of seats", "none"),
        ("industry", "a\n# b", "Food"),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_file_saved_by_a_spreadsheet_of_another_country_is_read(tmp_path, delimiter):
    path = tmp_path / "mapping.csv"
    text = "\ufeff# c, d, e, f\r\nKind,found,means\r\noutcome,Signed,Won\r\n,,\r\n"
    path.write_text(text.replace(",", delimiter), encoding="utf-8")
    own = [row for row in mapping.read_mappings(path, project.project_vars()) if not row.priority]
    assert own == [mapping.MappingRow("outcome", "Signed", "Won", mapping.OWN)]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["industry,Food, drink,FoodTech"], "line 2: found 4 cells; expected 3 (kind, found, mea"),
        (["industry,Food, drink,FoodTech"], "Put a cell that has a comma in quotation marks."),
        (["column,Status"], "line 2: found 2 cells; expected 3"),
        (["column,Status,"], "line 2: found or means is empty; expected both, and 'none'"),
        (
            ["industry,Food,A", "", "industry,food ,B"],
            "line 4: 'food' means 'B', and in line 2 'A'",
        ),
        (["region,North-East,A", "region,north east,B"], "line 3: 'north east' means 'B', and"),
        (["column,Stage,outcome", "column,STAGE,none"], "line 3: 'STAGE' means 'none', and"),
        (["column,#,deal_id"], "line 2: found the title '#'; expected a letter in it"),
        (["outcome,Signed,Maybe"], "line 2: found the outcome 'Maybe'; expected Won, Lost, Open"),
        (["loss_kind,ghosted,maybe"], "found the loss_kind 'maybe'; expected no decision, lost to"),
        (["deal_amount,5,6"], "line 2: found the kind 'deal_amount'; expected column, outcome, "),
        (['industry,"Food,A'], "line 2: cannot be read (unexpected end of data)"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_the_reason(read, lines, says):
    with pytest.raises(SettingsError) as refusal:
        read(*lines)
    assert says in str(refusal.value)


def test_the_same_meaning_twice_is_one_meaning(read):
    assert len(read("industry,Food,A", "industry,food,A", "region,Food,B", "industry,1-50,C")) == 4


def test_values_of_features_stages_reps_and_accounts_can_be_mapped():
    assert mapping.value_columns(project.project_vars()) == [
        *("pipeline_name", "deal_type", "deal_stage"),
        *("industry", "region", "product_type", "lead_source"),
        *("loss_reason", "competitor", "forecast_category"),
        *("sales_rep_id", "owner_name", "team", "manager", "account_id", "account_name"),
    ]


LEVELS = [
    *("Fin Tech", "fin-tech", "FIN__TECH", "1-50", "150", "1 - 50", "1\u20132-3", "1-2-3"),
    *("a - 1", "a1", "C++", "C#", "x  y", "\u00c9", "e\u0301", "a\u00a0b", "a\u2011b", "_a_"),
    *("\uff21\uff11", "x\u200by", "xy", "1\uff0d50", "soft\u00adware", "Software"),
]
REPS = [
    *("Ann Lee", "ann  LEE", "Ann\u200b Lee", "Ann-Lee", "Ann\u2010Lee"),
    *("Zo\u00e9", "Zoe\u0301", "0055eAbC", "0055eaBc", "R 12", "r 12", "ann1@x.org", "Ann1@x.org"),
]


@pytest.mark.parametrize(
    ("column", "key", "spellings"),
    [("industry", level_key, LEVELS), ("sales_rep_id", name_key, REPS)],
)
def test_spellings_are_compared_as_in_sql(staging, tmp_path, column, key, spellings):
    deals = rows(*(GOOD[0] | {"deal_id": each, column: each} for each in spellings))
    result = staging.run(deals(tmp_path))
    read = dict(result.rows(f"select deal_id, {column} from staging.stg_deals"))
    for one, other in itertools.combinations(spellings, 2):
        are_one = read[one] == read[other]
        assert (key(one) == key(other)) == are_one, (one, other)
