"""Settings that no model reads are errors, wherever they are set."""

import re
import shutil

import pytest

from support import dbt
from support.builds import rows
from support.paths import SAMPLE
from support.project_copy import copy_project
from winrate import __main__, project
from winrate.build.dbt import DbtError, DbtRun


def test_the_settings_of_the_project_are_known():
    project.check_names()
    assert project.known_names() == set(project.project_vars())


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("min_outcome", "the setting 'min_outcome'; the closest name is 'min_outcomes'."),
        ("qwerty", "the setting 'qwerty'; CHANGELOG.md has old names."),
    ],
)
def test_an_unknown_setting_is_named_with_the_closest_one(name, says):
    with pytest.raises(project.SettingsError, match=says):
        project.check_names({name: 1, "min_outcomes": 50})


@pytest.mark.parametrize(
    "pattern",
    [
        "https://crm.example/deals",
        "crm.example/{deal_id}",
        "javascript:alert({deal_id})",
        "https://crm.example/{deal_id} deal",
        'https://crm.example/{deal_id}"',
        "https://crm.example/\n{deal_id}",
    ],
)
def test_a_pattern_that_gives_no_address_of_a_deal_is_refused(pattern):
    with pytest.raises(
        project.SettingsError, match=r"^deal_url_pattern is .*\{deal_id\}"
    ) as refused:
        project.check_names({"deal_url_pattern": pattern})
    assert "\n" not in str(refused.value)
    project.check_names({"deal_url_pattern": "http://crm.example:8080/a?id={deal_id}&view=1#top"})


def test_a_setting_that_only_a_model_of_the_user_reads_is_known(tmp_path):
    root = copy_project(tmp_path / "project")
    settings = root / "dbt_project.yml"
    settings.write_text(settings.read_text() + "  my_setting: 1\n")
    with pytest.raises(project.SettingsError, match="my_setting"):
        project.check_names(root=root)
    (root / "models" / "mine.sql").write_text("select {{ var( 'my_setting' ) }} as mine")
    project.check_names(root=root)


@pytest.mark.parametrize("command", ["build", "check"])
def test_a_command_refuses_an_unknown_setting(command, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(project, "project_vars", lambda *_: {"min_outcome": 1})
    assert __main__.main([command, "--deals", str(SAMPLE)]) == 1
    assert "winrate: no model reads the setting 'min_outcome'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_dbt_refuses_an_unknown_setting_of_its_command_line(tmp_path):
    root = copy_project(tmp_path / "project")
    # Of a whole project, dbt would need longer to parse the rest than to run this model.
    for folder in [root / "tests/singular", *(root / "models").glob("*/")]:
        if folder.name != "raw":
            shutil.rmtree(folder)
    run = DbtRun(tmp_path / "warehouse.duckdb", tmp_path / "target")
    with pytest.raises(DbtError, match=r"^raw_build: no model reads the setting 'min_outcome'"):
        dbt.run(run, "run", "--select", "raw_build", "--vars", "{min_outcome: 1}", root=root)


@pytest.mark.parametrize("month", [13, -1, "Feb", "2", 2.0, True, None])
def test_a_month_that_is_none_is_refused(month):
    says = f"fiscal_year_start_month is {month!r}; expected a month from 1 to 12, or 0 to infer"
    with pytest.raises(project.SettingsError, match=f"^{says}"):
        project.check_names({"fiscal_year_start_month": month})


def test_each_month_and_no_month_are_accepted():
    for month in range(13):
        project.check_names({"fiscal_year_start_month": month})


@pytest.mark.parametrize("name", ["stage", "deal_id", "created_date", "deal_stage"])
def test_a_column_that_cannot_be_tracked_is_refused(name):
    with pytest.raises(project.SettingsError, match=f"^tracked_columns has '{name}'; expected "):
        project.check_names({"tracked_columns": ["deal_stage", "region", name]})


@pytest.mark.parametrize("name", sorted(project.RESERVED))
def test_a_feature_with_a_reserved_name_is_refused(tmp_path, name):
    (tmp_path / "dbt_project.yml").write_text(
        f"vars: {{features: {{categorical: [region, {name}], numeric: {{}}}}}}\n"
    )
    with pytest.raises(project.SettingsError, match=f"cannot be named '{name}'"):
        project.check_names(root=tmp_path)


def test_names_of_columns_beside_the_features_are_reserved(sample_warehouse):
    beside = rows(
        sample_warehouse,
        """
        select distinct beside.column_name
        from information_schema.columns as beside
        inner join information_schema.columns as features using (table_schema, table_name)
        where features.column_name = 'industry'
        """,
    )
    columns = [*project.project_vars()["export_columns"], *project.RESERVED]
    made = re.compile("contribution_.*|.*_text")
    assert [name for (name,) in beside if name not in columns and not made.fullmatch(name)] == []
