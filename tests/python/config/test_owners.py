"""A user's owners.csv says whose team an owner is in, or is refused with a sentence."""

import pytest

from winrate.config import owners
from winrate.ingest import masking
from winrate.project import SettingsError

HEADER = "owner,team,manager,name"


@pytest.fixture
def read(tmp_path):
    """The rows of a file with these lines below its header."""

    def read(*lines: str, header: str = HEADER, mask=str) -> list[dict]:
        path = tmp_path / "owners.csv"
        path.write_text("\n".join([header, *lines]), encoding="utf-8")
        return owners.table(path, mask).to_pylist()

    return read


def test_without_a_file_nobody_is_known():
    assert owners.table("", str).num_rows == 0


def test_a_line_has_what_is_known_of_an_owner(read):
    rows = read("0055g00000ABCdE,EMEA,,Ann  Lee", "# a comment", "BOB  Day,,Mo Fox,")
    assert [row["file_line"] for row in rows] == [2, 4]
    assert [row["owner_key"] for row in rows] == ["0055g00000ABCdE", "bob day"]
    assert [row["team"] for row in rows] == ["EMEA", None]
    assert [row["team_key"] for row in rows] == ["emea", None]
    assert [row["manager"] for row in rows] == [None, "Mo Fox"]
    assert [row["manager_key"] for row in rows] == [None, "mo fox"]
    assert [row["name"] for row in rows] == ["Ann  Lee", None]
    [row] = read("Ann Lee,EMEA", header="Owner,Team")
    assert (row["team"], row["manager"], row["name"]) == ("EMEA", None, None)


def test_ids_that_differ_by_case_are_two_owners(read):
    assert len(read("0055g00000ABCdE,EMEA,,", "0055g00000ABCde,APAC,,")) == 2


def test_people_are_masked_as_in_the_export_and_teams_are_not(read, monkeypatch):
    monkeypatch.setenv(masking.KEY_VARIABLE, "secret")
    columns = masking.masked_columns({"mask_reps": True, "mask_names": False})
    ann, mo = (masking.masked_name(name, "rep", "secret") for name in ("Ann Lee", "Mo Fox"))
    rows = read(
        "ANN LEE,EMEA,Mo Fox,Ann Lee",
        f"{mo},APAC,,",
        mask=masking.mask_of("sales_rep_id", columns),
    )
    assert [row["owner"] for row in rows] == [ann, mo] == [row["owner_key"] for row in rows]
    assert (rows[0]["manager"], rows[0]["name"], rows[0]["team"]) == (mo, ann, "EMEA")
    assert not any("Lee" in str(row) or "Fox" in str(row) for row in rows)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([",EMEA,,"], "line 2: found no owner; expected the id or the name of an owner"),
        (["Ann Lee,,,"], "line 2: found nothing about the owner; expected a team, a manager or a"),
        (
            ["Ann Lee,EMEA,,", "ann lee,APAC,,"],
            "line 3: found an owner that line 2 has; expected one line for each owner",
        ),
        (["Ann Lee,EMEA"], "line 2: found 2 cells; expected 4"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused(read, lines, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read(*lines)


def test_other_columns_are_refused(read):
    with pytest.raises(SettingsError, match="found the columns rep, team; expected owner, team"):
        read("Ann,EMEA", header="rep,team")
