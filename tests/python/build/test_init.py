"""`make init` writes what it knows of an export, and a build accepts it where that is confirmed."""

import re
from pathlib import Path

import pytest

from support.export_cases import GOOD, rows, varied, without
from winrate import __main__, project
from winrate.build import check, init
from winrate.build.build import BuildRequest
from winrate.config import folder, starter
from winrate.config.folder import Config
from winrate.ingest.records import ExportError
from winrate.project import SettingsError

pytestmark = pytest.mark.usefixtures("compiled_project")

ODD_TITLES = {
    "deal_id": "opportunity_id",
    "created_date": "engage_date",
    "closed_date": "close_date",
    "sales_rep_id": "sales_agent",
    "deal_stage": "deal_phase",
    "deal_amount": "close_value",
    "outcome": "Final outcome",
}


def started(deals: Path, to_folder: Path) -> str:
    """The mapping that init writes for an export."""
    init.init(BuildRequest(deals, Path(), Path()), to_folder)
    return (to_folder / "mapping.csv").read_text("utf-8")


def odd_export(tmp_path: Path) -> Path:
    """An export with titles that nobody knows, and words for outcomes that nobody knows either."""
    signed, gone = (GOOD[0] | {"deal_id": word, "outcome": word} for word in ("Signed", "Gone"))
    return rows(*GOOD, signed, gone, **ODD_TITLES)(tmp_path)


def test_what_is_recognised_is_in_force_and_what_is_not_is_a_comment(tmp_path):
    text = started(odd_export(tmp_path), tmp_path / "my")
    lines = text.splitlines()
    for line in (
        "kind,found,means",
        "column,opportunity_id,deal_id",
        "column,industry,industry",
        "#column,engage_date,created_date",
        "#column,sales_agent,sales_rep_id",
        "#column,close_value,deal_amount",
        "#column,Final outcome,outcome",
        "outcome,Won,Won",
        "outcome,Lost,Lost",
        "outcome,Open,Open",
        "#outcome,Signed,",
        "#outcome,Gone,",
    ):
        assert line in lines
    assert sorted(path.name for path in (tmp_path / "my").iterdir()) == sorted(init.FILES)


def test_a_build_accepts_the_export_once_the_suggestions_are_confirmed(tmp_path):
    deals, to_folder = odd_export(tmp_path), tmp_path / "my"
    text = started(deals, to_folder)

    def checked() -> check.Check:
        config = folder.read(to_folder)
        return check.check(BuildRequest(deals, Path(), Path(), config=config))

    assert not checked().is_usable
    confirmed = re.sub("^#(column,.*[a-z])$", r"\1", text, flags=re.MULTILINE)
    confirmed = confirmed.replace("#outcome,Signed,", "outcome,Signed,Won")
    confirmed = confirmed.replace("#outcome,Gone,", "outcome,Gone,Lost")
    (to_folder / "mapping.csv").write_text(confirmed, encoding="utf-8")
    found = checked()
    assert found.is_usable and "A build would accept this file.\n" in f"{found.text}\n"
    assert "Signed (1): Won" in found.text


def test_required_columns_without_a_known_title_are_suggested_by_their_cells(tmp_path):
    deals = tmp_path / "deals.csv"
    deals.write_text("Art;Auftrag;Ergebnis\nNeu;a;Gewonnen\nNeu;b;Verloren\nNeu;c;offen\n")
    lines = started(deals, tmp_path / "my").splitlines()
    assert "#column,Auftrag,deal_id" in lines and "#column,Ergebnis,outcome" in lines
    assert "#column,Art," in lines
    assert "outcome,Verloren,Lost" in lines
    found = check.check(BuildRequest(deals, Path(), Path()))
    assert "such as 'column,Auftrag,deal_id' and 'column,Ergebnis,outcome'" in found.text


@pytest.mark.parametrize("words", [("Gewonnen", "gewonnen"), ("Gewonnen", "Verloren", "blau")])
def test_a_column_that_lacks_an_outcome_or_has_other_words_is_not_suggested(tmp_path, words):
    deals = tmp_path / "deals.csv"
    deals.write_text("\n".join(["deal_id;Ergebnis", *(f"{n};{w}" for n, w in enumerate(words))]))
    assert "#column,Ergebnis," in started(deals, tmp_path / "my").splitlines()


def test_stages_that_are_no_outcome_are_offered(tmp_path):
    stages = ["Closed Won", "Closed Lost", "Deal signed"]
    deals = varied(without("outcome"), deal_stage=stages)
    lines = started(rows(*deals)(tmp_path), tmp_path / "my").splitlines()
    assert "outcome,Closed Won,Won" in lines and "outcome,Closed Lost,Lost" in lines
    assert "#outcome,Deal signed," in lines


def test_cells_and_titles_of_any_kind_give_a_file_that_is_read(tmp_path):
    odd = GOOD[0] | {"deal_id": "d4", "outcome": 'signed, "really"\nyes', "# of seats, all": "1"}
    deals = rows(*GOOD, odd)(tmp_path)
    text = started(deals, tmp_path / "my")
    assert '#column,"# of seats, all",\n' in text
    assert '#outcome,"signed, ""really"" yes",\n' in text
    assert check.check(BuildRequest(deals, Path(), Path(), config=folder.read(tmp_path / "my")))


def test_an_existing_file_is_kept_and_named(tmp_path):
    deals, to_folder = odd_export(tmp_path), tmp_path / "my"
    to_folder.mkdir()
    (to_folder / "mapping.csv").write_text("kind,found,means\n")
    printed = init.init(BuildRequest(deals, Path(), Path()), to_folder)
    assert "kept        mapping.csv; rename one to have it written anew" in printed
    assert (to_folder / "mapping.csv").read_text() == "kind,found,means\n"
    assert (to_folder / "settings.yml").read_text("utf-8") == starter.settings_text()
    with pytest.raises(SettingsError, match=r"README\.md already; nothing was"):
        init.init(BuildRequest(deals, Path(), Path()), to_folder)


def test_what_an_edited_mapping_says_is_recognised(tmp_path):
    deals, to_folder = odd_export(tmp_path), tmp_path / "my"
    to_folder.mkdir()
    (to_folder / "mapping.csv").write_text("kind,found,means\ncolumn,close_value,deal_amount\n")
    request = BuildRequest(deals, Path(), Path(), config=Config(to_folder))
    assert ("close_value", "deal_amount") in init.found_in(request).columns


@pytest.mark.parametrize("name", [".", "models", "seeds/mine", "target/mine"])
def test_a_folder_of_the_project_is_refused(tmp_path, name):
    with pytest.raises(SettingsError, match="is a folder of the project; name one of your own"):
        init.init(BuildRequest(odd_export(tmp_path), Path(), Path()), project.ROOT / name)


def test_nothing_is_written_where_the_export_cannot_be_read(tmp_path):
    with pytest.raises(ExportError, match="no such file"):
        init.init(BuildRequest(tmp_path / "none.csv", Path(), Path()), tmp_path / "my")
    assert not (tmp_path / "my").exists()


def test_a_stage_history_becomes_a_setting(tmp_path, monkeypatch):
    deals, stages, to_folder = odd_export(tmp_path), tmp_path / "Fälle: 1.csv", tmp_path / "my"
    stages.write_text("deal_id,Stage,Date\nd1,Demo,2026-01-02\n")
    monkeypatch.chdir(tmp_path)
    init.init(BuildRequest(deals, Path(), Path(), stages=Path(stages.name)), to_folder)
    assert folder.read(to_folder).stages() == stages


def test_the_command_needs_an_export_and_a_folder_and_says_what_to_do_next(tmp_path, capsys):
    assert __main__.main(["init", "--config", str(tmp_path / "my")]) == 1
    assert "make init DEALS=export.csv CONFIG=my_crm" in capsys.readouterr().err
    deals = odd_export(tmp_path)
    assert __main__.main(["init", "--deals", str(deals), "--config", str(tmp_path / "my")]) == 0
    printed = capsys.readouterr().out
    assert "to confirm  created_date: 'engage_date'?" in printed
    assert "not known   'Signed'" in printed
    assert f"make check DEALS={deals} CONFIG={tmp_path / 'my'}" in printed
