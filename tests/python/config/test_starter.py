"""The starter files say what the project says, and change nothing until a '#' is taken away."""

import re

from winrate import project
from winrate.config import alert_rules, owners, settings, starter, targets


def test_the_starter_settings_are_those_of_the_project_and_none_is_in_force(tmp_path):
    path = tmp_path / "settings.yml"
    path.write_text(starter.settings_text(), encoding="utf-8")
    assert settings.read(path) == {}
    defaults = project.project_vars()
    uncommented = re.sub(r"^#(?! )", "", path.read_text("utf-8"), flags=re.MULTILINE)
    path.write_text(re.sub(r"^#(?=  )", "", uncommented, flags=re.MULTILINE), encoding="utf-8")
    assert settings.read(path) == {name: defaults[name] for name in starter.SETTINGS}


def test_every_setting_of_the_project_is_found_with_its_comments():
    documented = starter.documented_settings()
    assert list(documented) == list(project.project_vars())
    assert documented["late_stages"].startswith("#late_stages: [")
    assert documented["mask_reps"].startswith("# Rep names become keys")


def test_the_starter_rules_are_those_of_the_seed_and_none_is_in_force(tmp_path):
    path = tmp_path / "alert_rules.csv"
    path.write_text(starter.alert_rules_text(), encoding="utf-8")
    assert alert_rules.read(path) == alert_rules.read(None)
    lines = path.read_text("utf-8").splitlines()
    rules = [line.removeprefix("#") for line in lines if not line.startswith("# ")]
    assert rules == alert_rules.seed_path().read_text("utf-8").splitlines()


def test_the_starter_owners_and_targets_are_examples_that_can_be_read_and_none_is_in_force(
    tmp_path,
):
    for name, text, table, n_lines in (
        ("owners.csv", starter.owners_text(), owners.table, 1),
        ("targets.csv", starter.targets_text(), targets.table, 3),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert table(path, str).num_rows == 0
        path.write_text(re.sub(r"^#(?! )", "", text, flags=re.MULTILINE), encoding="utf-8")
        assert table(path, str).num_rows == n_lines
