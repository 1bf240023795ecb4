"""A build of some deals of an export: by the values of columns, which are told apart or pooled."""

import re
from unittest import mock

import numpy as np
import pytest

from support import compiled_build
from support.builds import built_once, rows, run_main
from support.exports import sample_deals
from winrate.build import build
from winrate.build.build import BuildRequest
from winrate.build.publish import BuildError
from winrate.build.scopes import build_scopes
from winrate.config import folder
from winrate.config.scope import read_scopes
from winrate.ingest import reader

SCOPE = "deal_type=new-business; region!=Europe"


@pytest.fixture(scope="module")
def export(tmp_path_factory, compiled_project):
    """The sample with deal types, of which renewals are won far more often, and blank ones."""
    path = tmp_path_factory.mktemp("scope") / "deals.csv"
    deals = sample_deals()
    is_renewal = np.where(deals["outcome"] == "Won", 0.5, 0.1) > np.linspace(0, 1, len(deals)) % 1
    deals["Deal Type"] = np.where(is_renewal, "Renewal", "New Business")
    deals.loc[::50, "Deal Type"] = ""
    deals.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def scoped(tmp_path_factory, export):
    return built_once(tmp_path_factory, "scoped", export, scope=SCOPE)


@pytest.fixture(scope="module")
def pooled(tmp_path_factory, export):
    return built_once(tmp_path_factory, "pooled", export)


def test_only_deals_within_the_scope_are_in_any_table(scoped, pooled):
    expected = rows(
        pooled,
        """
        select deal_id from staging.stg_deals
        where deal_type = 'New Business' and region != 'Europe' order by deal_id
        """,
    )
    assert 0 < len(expected) < rows(pooled, "select count(*) from staging.stg_deals")[0][0]
    assert rows(scoped, "select deal_id from staging.stg_deals order by deal_id") == expected
    assert rows(scoped, "select deal_id from scores.scored_deals order by deal_id") == expected
    [(n_levels,)] = rows(
        scoped, "select count(*) from drivers.win_rate_drivers where level = 'Europe'"
    )
    assert n_levels == 0


def test_every_row_outside_the_scope_is_counted_and_none_is_listed(scoped):
    [(n_read, n_accepted, n_skipped, n_out, n_listed)] = rows(
        scoped,
        """
        select
            n_read, n_accepted, n_skipped, n_out_of_scope,
            (select count(*) from quality.rejected_deals)
        from quality.row_ledger
        """,
    )
    assert n_read == n_accepted + n_skipped
    assert (n_skipped, n_listed) == (n_out, 0)
    assert rows(scoped, "select scope from quality.build_info") == [(SCOPE,)]


def test_the_page_says_the_scope_in_its_first_line(scoped):
    page = (scoped.parent / "report" / "index.html").read_text(encoding="utf-8")
    above = page[: page.index('class="verdict"')]
    assert f"Only deals with {SCOPE}: " in above and "of 5,500 rows of the export." in above


def test_types_with_win_rates_of_their_own_are_named_where_they_are_pooled(pooled, scoped):
    query = "select message from quality.data_checks where check_name = 'deals_are_pooled'"
    [(message,)] = rows(pooled, query)
    assert message.startswith("deal_type: win rates differ beyond chance, New Business ")
    assert 'SCOPE="deal_type=New Business"' in message
    assert rows(scoped, query) == []


def test_a_check_names_what_is_pooled_and_values_that_no_row_has(export):
    run = run_main("check", "--deals", export, "--scope", "deal_type!=Upsell")
    assert run.returncode == 0, run.stderr
    assert "no row has the deal_type 'Upsell'" in run.stdout
    assert "win rates differ by deal_type: New Business" in run.stdout
    run = run_main("check", "--deals", export, "--scope", "deal_type=New Business")
    assert "pooled" not in run.stdout
    assert "of them outside SCOPE" in run.stdout


def test_a_scope_without_deals_is_refused_with_the_values_that_there_are(export):
    run = run_main("check", "--deals", export, "--scope", "deal_type=Upsell")
    assert run.returncode == 1
    assert "no deal is within the scope; the export has the deal_type New Business (" in run.stdout


def test_a_build_with_a_scope_that_cannot_be_used_says_so(export, tmp_path):
    run = run_main("build", "--deals", export, "--warehouse", tmp_path / "w.duckdb", "--scope", "x")
    assert (run.returncode, run.stdout.count("Building")) == (1, 1)
    assert run.stderr.startswith("winrate: SCOPE has 'x'; expected conditions such as")


def test_settings_of_a_folder_can_state_the_scope(export, tmp_path, scoped):
    own = tmp_path / "my_crm"
    own.mkdir()
    (own / "settings.yml").write_text(f'deals_path: {export}\nscope: "{SCOPE}"\n')
    run = run_main("check", "--config", own)
    n_accepted = rows(scoped, "select n_accepted from quality.row_ledger")[0][0]
    assert re.search(rf"accepted +{n_accepted:,}\n", run.stdout)


@pytest.fixture
def config(export, tmp_path):
    """A folder with settings of two scopes of the export."""
    own = tmp_path / "my_crm"
    own.mkdir()
    (own / "settings.yml").write_text(
        f"deals_path: {export}\n"
        "scopes:\n  renewals: deal_type=Renewal\n  others: deal_type!=Renewal\n",
        encoding="utf-8",
    )
    return own


def test_each_scope_of_the_settings_gets_a_warehouse_and_a_page_that_one_page_links(
    config, pooled, monkeypatch
):
    monkeypatch.setattr(build, "run_dbt", compiled_build.run)
    reading = mock.Mock(side_effect=reader.read_export)
    monkeypatch.setattr(reader, "read_export", reading)
    settings = folder.read(config)
    request = BuildRequest(
        settings.deals(), config / "warehouse.duckdb", config / "report", config=settings
    )
    texts = list(build_scopes(request, read_scopes(settings.variables)))
    assert len(texts) == 2 and "deal_type=Renewal; " in texts[0]
    assert reading.call_count == 1
    [(n_deals,)] = rows(pooled, "select count(*) from staging.stg_deals")
    counts = [
        rows(config / f"warehouse_{name}.duckdb", "select count(*) from staging.stg_deals")[0][0]
        for name in ("renewals", "others")
    ]
    assert sum(counts) == n_deals and min(counts) > 0
    page = (config / "report" / "index.html").read_text(encoding="utf-8")
    for name, condition in (("renewals", "deal_type=Renewal"), ("others", "deal_type!=Renewal")):
        assert f'<a href="{name}/index.html">{name}</a>' in page
        assert f"Only deals with {condition}, as of 2026-06-30: " in page
        assert (config / "report" / name / "index.html").exists()


def test_a_check_is_about_each_scope_of_the_settings(config, pooled):
    run = run_main("check", "--config", config)
    assert run.returncode == 0, run.stderr
    for name, sign in (("renewals", "="), ("others", "!=")):
        n_in, n_out = (
            rows(pooled, f"select count(*) from staging.stg_deals where {condition}")[0][0]
            for condition in (
                f"coalesce(deal_type, '') {sign} 'Renewal'",
                f"not coalesce(deal_type, '') {sign} 'Renewal'",
            )
        )
        line = rf"{name} +deal_type{sign}Renewal: {n_in:,} rows accepted, {n_out:,} outside\n"
        assert re.search(line, run.stdout)
    assert "A build would accept this file" in run.stdout


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        ("deal_type=Upsell", "scope upsell: no deal is within the scope; the export has the"),
        ("team=East", "scopes.upsell names team, and no column of the export is read as that"),
        ("deal_typ=Upsell", "scopes.upsell names 'deal_typ', which is no column with levels"),
    ],
)
def test_a_check_refuses_a_scope_of_the_settings_that_a_build_would_refuse(config, scope, sentence):
    settings = config / "settings.yml"
    settings.write_text(f"{settings.read_text()}  upsell: {scope}\n", encoding="utf-8")
    run = run_main("check", "--config", config)
    assert run.returncode == 1
    assert sentence in run.stdout + run.stderr


def test_an_export_that_changes_between_the_builds_of_its_scopes_is_refused(
    config, export, tmp_path, monkeypatch
):
    copy = tmp_path / "changing.csv"
    copy.write_bytes(export.read_bytes())
    request = BuildRequest(copy, config / "warehouse.duckdb", config / "report")
    monkeypatch.setattr(build, "build", lambda request: copy.write_text("deal_id,outcome\n"))
    with pytest.raises(BuildError, match=r"changed between the builds of its scopes"):
        list(build_scopes(request, {"a": "deal_type=Renewal", "b": "deal_type=Upsell"}))


def test_the_name_of_the_scope_that_cannot_be_built_is_said(config, monkeypatch):
    def fail(request):
        raise BuildError(f"{request.scope} failed.")

    monkeypatch.setattr(build, "build", fail)
    settings = folder.read(config)
    request = BuildRequest(settings.deals(), config / "warehouse.duckdb", config / "report")
    with pytest.raises(BuildError, match=r"scope renewals: deal_type=Renewal failed\."):
        list(build_scopes(request, read_scopes(settings.variables)))
    assert not (config / "report").exists()
