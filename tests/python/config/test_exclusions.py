"""A user's exclusions.csv says which rows do not count and why, or is refused with a sentence."""

from datetime import date

import pytest

from winrate import project
from winrate.config import exclusions
from winrate.project import SettingsError

HEADER = "column,operator,value,reason"


@pytest.fixture
def read(tmp_path):
    """The rows of a file with these lines below its header."""

    def read(*lines: str) -> list[dict]:
        path = tmp_path / "exclusions.csv"
        path.write_text("\n".join([HEADER, *lines]), encoding="utf-8")
        return exclusions.table(path, project.project_vars()).to_pylist()

    return read


def test_a_line_is_a_condition_with_its_number_or_day(read):
    rows = read(
        "deal_amount,<,99.5,Below the smallest price",
        '# "old ones"',
        "created_date,<=,2024-06-30,Before the migration",
        "deal_name,CONTAINS,test,Deals of trainings",
        "industry,is empty,,No industry",
    )
    assert [row["file_line"] for row in rows] == [2, 4, 5, 6]
    assert (rows[0]["number"], rows[0]["day"]) == (99.5, None)
    assert (rows[1]["number"], rows[1]["day"]) == (None, date(2024, 6, 30))
    assert (rows[2]["operator"], rows[2]["value"]) == ("contains", "test")
    assert (rows[3]["operator"], rows[3]["value"]) == ("is empty", "")
    assert exclusions.table("", project.project_vars()).num_rows == 0


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("amount,<,5,small", "line 2: found the column 'amount'; expected one of deal_id"),
        ("is_won,=,yes,won", "line 2: found the column 'is_won'; expected one of"),
        (
            "region,<,EMEA,small",
            "operator of region '<'; expected one of =, !=, contains, is empty",
        ),
        ("deal_amount,contains,5,small", "operator of deal_amount 'contains'; expected one of ="),
        ("deal_amount,<,a few,small", "found the value 'a few'; expected a number such as 1000"),
        ("deal_amount,<,,small", "found '' after '<'; expected a value"),
        ("region,is empty,EMEA,none", "found 'EMEA' after 'is empty'; expected no value"),
        ("created_date,<,30/06/2026,old", "found the value '30/06/2026'; expected a date such as"),
        ("region,=,EMEA,", "line 2: found no reason; expected why such rows do not count"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused(read, line, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read(line)
