"""A user's folder: what is read from it, and what is refused."""

import pytest

from winrate import project
from winrate.build.build import BuildRequest
from winrate.config import folder
from winrate.config.folder import Config
from winrate.project import SettingsError


def test_without_a_folder_the_settings_are_those_of_the_project():
    config = folder.read(None)
    assert config == Config()
    assert config.variables == project.project_vars()
    assert config.deals() == project.ROOT / "seeds" / "deals.csv"


def test_an_empty_folder_changes_nothing_but_names_no_export(tmp_path):
    config = folder.read(tmp_path)
    assert config.variables == project.project_vars() and config.model_settings == {}
    assert set(config.paths().values()) == {""}
    with pytest.raises(SettingsError, match=f"DEALS is missing; .* set deals_path in {tmp_path}"):
        config.deals()


def test_a_folder_gives_settings_and_files(tmp_path):
    (tmp_path / "settings.yml").write_text("min_outcomes: 50\ndeals_path: a.csv\n")
    (tmp_path / "mapping.csv").write_text("kind,found,means\n")
    config = folder.read(tmp_path)
    assert config.variables["min_outcomes"] == 50
    assert config.model_settings == {"min_outcomes": 50}
    assert config.deals() == tmp_path / "a.csv"
    mapping = str(tmp_path / "mapping.csv")
    assert config.paths() == dict.fromkeys(project.OWN_FILES, "") | {"mapping_path": mapping}


def test_a_mapping_of_the_command_line_is_read_in_place_of_the_one_in_the_folder(tmp_path):
    for name in ("mapping.csv", "alert_rules.csv", "other.csv"):
        (tmp_path / name).touch()
    request = BuildRequest(tmp_path, tmp_path, tmp_path, config=Config(tmp_path))
    assert request.run_values().mapping_path == str(tmp_path / "mapping.csv")
    assert request.run_values().alert_rules_path == str(tmp_path / "alert_rules.csv")
    with_mapping = BuildRequest(
        tmp_path, tmp_path, tmp_path, config=Config(tmp_path), mapping=tmp_path / "other.csv"
    )
    assert with_mapping.run_values().mapping_path == str(tmp_path / "other.csv")


def test_two_folders_keep_what_is_compiled_apart_where_their_settings_differ(tmp_path):
    one, other = (Config(tmp_path / name, {"min_outcomes": 50}) for name in ("one", "other"))
    assert one.key and one.key != other.key
    assert Config(tmp_path / "one", {"date_format": "dd/mm/yyyy"}).key == Config().key == ""


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "settings.yml",
            "min_outcome: 5",
            "settings.yml: no model reads the setting 'min_o",
        ),
        ("settings.yaml", "", "settings.yaml: nothing reads this file; name it settings.yml."),
        ("mapping.xlsx", "", "mapping.xlsx: nothing reads this file; name it mapping.csv."),
        ("alert_rules.csv", "condition\nno\n", "alert_rules.csv, line 2: found the condition 'no'"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError) as refusal:
        folder.read(tmp_path)
    assert says in str(refusal.value)


def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path):
    with pytest.raises(SettingsError, match="none: found no such folder; `make init`"):
        folder.read(tmp_path / "none")
