"""A user's targets.csv says what is to be won and by whom, or is refused with a sentence."""

from datetime import date

import pytest

from winrate.config import targets
from winrate.ingest import masking
from winrate.project import SettingsError

HEADER = "period,owner,team,amount"


@pytest.fixture
def read(tmp_path):
    """The rows of a file with these lines below its header."""

    def read(*lines: str, header: str = HEADER, mask=str) -> list[dict]:
        path = tmp_path / "targets.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        return targets.table(path, mask).to_pylist()

    return read


def test_without_a_file_there_is_no_target():
    assert targets.table("", str).num_rows == 0


@pytest.mark.parametrize(
    ("text", "first_day", "n_months", "is_fiscal_name"),
    [
        ("2026-Q4", date(2026, 10, 1), 3, False),
        ("2026 q1", date(2026, 1, 1), 3, False),
        ("FY2026/27 Q3", date(2026, 7, 1), 3, True),
        ("FY1999/00", date(1999, 1, 1), 12, True),
        ("2026", date(2026, 1, 1), 12, False),
        ("2026-11", date(2026, 11, 1), 1, False),
    ],
)
def test_a_period_is_a_quarter_a_month_or_a_year(read, text, first_day, n_months, is_fiscal_name):
    [row] = read(f"{text},,,1")
    assert (row["first_day"], row["n_months"]) == (first_day, n_months)
    assert row["is_fiscal_name"] == is_fiscal_name


def test_a_target_is_of_an_owner_of_a_team_or_of_all_deals(read):
    rows = read("2026,ANN  Lee,,1.5", "2026,,EMEA,2", "2026,,,3", "2026-Q1,All,,4")
    assert [row["owner_key"] for row in rows] == ["ann lee", None, None, None]
    assert [row["team_key"] for row in rows] == [None, "emea", None, None]
    assert [row["amount"] for row in rows] == [1.5, 2, 3, 4]
    [row] = read("2026,250000", header="period,amount")
    assert (row["owner"], row["team"], row["amount"]) == (None, None, 250000)


def test_an_owner_is_masked_as_in_the_export_and_a_key_counts_as_the_owner(read, monkeypatch):
    monkeypatch.setenv(masking.KEY_VARIABLE, "secret")
    columns = masking.masked_columns({"mask_reps": True, "mask_names": False})
    mask = masking.mask_of("sales_rep_id", columns)
    key = masking.masked_name("Ann Lee", "rep", "secret")
    rows = read("2026,ann lee,,1", f"2026-Q1,{key},,1", "2026,,EMEA,1", mask=mask)
    assert [row["owner"] for row in rows] == [key, key, None]
    assert [row["owner_key"] for row in rows] == [key, key, None]
    with pytest.raises(SettingsError, match="found a second target"):
        read("2026,ann lee,,1", f"2026,{key},,1", mask=mask)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "Q4 2026,,,1",
            r"line 2: found the period 'Q4 2026'; expected a quarter such as 2026-Q4 or FY2026/27"
            " Q1, a month such as 2026-11, or a year such as 2026",
        ),
        ("2026-13,,,1", "found the period '2026-13'"),
        ("2026-Q5,,,1", "found the period '2026-Q5'"),
        ("FY2026/28,,,1", "found the period 'FY2026/28'"),
        ("FY2026/27-11,,,1", "found the period 'FY2026/27-11'"),
        ("0000,,,1", "found the period '0000'"),
        (",,,1", "found the period ''"),
        ("2026,,,", "line 2: found the amount ''; expected a number such as 250000"),
        ("2026,,,-1", "found the amount '-1'"),
        ("2026,,,nan", "found the amount 'nan'"),
        ('2026,,,"250,000"', "found the amount '250,000'"),
        ("2026,Ann,EMEA,1", "line 2: found an owner and a team; expected one of them"),
        ("2026,1", "line 2: found 2 cells; expected 4"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused(read, line, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read(line)


def test_a_second_target_of_one_period_is_refused(read):
    sentence = "line 4: found a second target of the period 2026 Q4, first in line 2; expected one"
    with pytest.raises(SettingsError, match=sentence):
        read("2026-Q4,ann lee,,1", "2026-Q3,Ann Lee,,1", "2026 Q4,Ann Lee,,1")
