"""A folder that CONFIG names changes the builds that name it, and no others."""

from pathlib import Path

import pytest

from support.builds import first_target, rows
from winrate import __main__
from winrate.build import compiled, data_tests
from winrate.build.dbt import DbtRun, arguments
from winrate.ingest import provenance


def test_the_settings_of_a_folder_are_arguments_of_dbt():
    run = DbtRun(Path("w.duckdb"), Path("target"), settings={"late_stages": ["Won't", "é"]})
    *_, option, settings = arguments(run, "build")
    assert (option, settings) == ("--vars", '{"late_stages": ["Won\'t", "\\u00e9"]}')
    assert "--vars" not in arguments(DbtRun(Path("w.duckdb"), Path("target")), "build")


def test_what_dbt_compiled_is_kept_for_the_settings_that_it_was_compiled_with():
    keys = [compiled.project_key(each) for each in (None, {}, {"min_outcomes": 41})]
    assert keys[0] == keys[1] != keys[2]


def test_a_build_has_the_settings_the_mapping_and_the_rules_of_its_folder(
    own_config, own_warehouse
):
    query = "select distinct feature from drivers.win_rate_drivers order by 1"
    categories = {"competitor", "deal_segment", "industry", "lead_source", "loss_reason"}
    features = sorted({*categories, "discount_rate", "sales_cycle_days"})
    assert [feature for (feature,) in rows(own_warehouse, query)] == features
    query = "select count(*) from staging.stg_deals where industry = 'Software'"
    assert rows(own_warehouse, query) > [(0,)]
    query = "select threshold_value from alerts.alert_rules where condition = 'deal_opportunity'"
    assert rows(own_warehouse, query) == [(0.9,)]
    [(settings,)] = rows(own_warehouse, "select settings_sha256 from quality.build_info")
    assert settings == provenance.settings_sha256({**own_config.settings, **own_config.paths()})
    target = first_target(own_warehouse)
    assert data_tests.read(target, compiled.project_key(own_config.model_settings))
    assert data_tests.read(target, compiled.project_key()) is None


def test_a_feature_is_added_by_its_column_and_its_name(own_warehouse):
    levels = rows(
        own_warehouse,
        "select level from drivers.win_rate_drivers where feature = 'discount_rate' order by 1",
    )
    assert levels == [("11-20",), ("over 20",), ("up to 10",)]
    # Both of the small segments are pooled, and stay visible as such.
    assert rows(
        own_warehouse,
        "select level, n_deals < 30 from drivers.win_rate_drivers"
        " where feature = 'deal_segment' order by 1",
    ) == [("Other", True), ("SMB", False)]
    query = "select discount_rate from staging.stg_deals where source_line = 2"
    assert rows(own_warehouse, query) == [(0.5,)]


def test_what_is_published_is_in_the_folder_unless_it_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    missing = "is not there; run `make build` first."
    for options, warehouse in (
        ([], "warehouse.duckdb"),
        (["--config", "my"], "my/warehouse.duckdb"),
        (["--config", "my", "--warehouse", "w.duckdb"], "w.duckdb"),
    ):
        for command in ("report", "export"):
            assert __main__.main([command, *options]) == 1
            assert f"winrate: {warehouse} {missing}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            "deals_path: d.csv\ndate_format: yyyy",
            "date_format in {} is 'yyyy'; expected dd/mm/yyyy or mm/dd/yyyy",
        ),
        ("deals_path: d.csv\ndecimal_mark: ';'", "decimal_mark in {} is ';'; expected . or ,."),
        ("deals_path: d.csv\nas_of_date: 2026-06-31", "as_of_date in {} is '2026-06-31'; expe"),
        ("min_outcomes: many", '{}: min_outcomes is "many"; expected a whole number, such as 40.'),
        (
            "deals_path: d.csv\nfiscal_year_start_month: 13",
            "{}: fiscal_year_start_month is 13; expected a month from 1 to 12, or 0 to infer it",
        ),
        (
            "fiscal_year_start_month: Feb",
            '{}: fiscal_year_start_month is "Feb"; expected a whole number, such as 0.',
        ),
        ("deals_path: none.csv", "none.csv: found no such file"),
        ("", "DEALS is missing; name the export, or set deals_path in {}."),
    ],
)
def test_settings_that_cannot_be_used_are_named_with_their_file(tmp_path, capsys, settings, says):
    (tmp_path / "settings.yml").write_text(settings)
    assert __main__.main(["build", "--config", str(tmp_path)]) == 1
    assert says.format(tmp_path / "settings.yml") in capsys.readouterr().err
