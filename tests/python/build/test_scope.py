"""A build of some deals of an export: by the values of columns, which are told apart or pooled."""

import re

import numpy as np
import pytest

from support.builds import built_once, rows, run_main
from support.exports import sample_deals

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
    folder = tmp_path / "my_crm"
    folder.mkdir()
    (folder / "settings.yml").write_text(f'deals_path: {export}\nscope: "{SCOPE}"\n')
    run = run_main("check", "--config", folder)
    n_accepted = rows(scoped, "select n_accepted from quality.row_ledger")[0][0]
    assert re.search(rf"accepted +{n_accepted:,}\n", run.stdout)
