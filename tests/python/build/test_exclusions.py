"""Rows that a user's exclusions.csv leaves out do not count, and are kept with the reason."""

import pytest

from support.builds import built_once, rows, run_main
from support.exports import sample_deals
from winrate.config import folder

LINES = """column,operator,value,reason
deal_amount,<,1000,Below the smallest price
region,=,europe,Another company since May
deal_id,contains,no such id,Never
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory, compiled_project):
    """A folder with exclusions, and the sample as its export."""
    own = tmp_path_factory.mktemp("exclusions")
    sample_deals().to_csv(own / "deals.csv", index=False)
    (own / "exclusions.csv").write_text(LINES, encoding="utf-8")
    (own / "settings.yml").write_text("deals_path: deals.csv\n", encoding="utf-8")
    return folder.read(own)


@pytest.fixture(scope="module")
def excluded(tmp_path_factory, config):
    return built_once(tmp_path_factory, "excluded", config.deals(), config=config)


def test_excluded_rows_are_skipped_with_their_reason(excluded):
    deals = sample_deals()
    is_small = deals["deal_amount"].astype(float) < 1000
    n_small = int(is_small.sum())
    n_europe = int((~is_small & (deals["region"] == "Europe")).sum())
    assert n_europe > 0
    found = rows(
        excluded,
        """
        select reason, count(*) as n_rows from quality.rejected_deals where is_skipped
        group by reason order by n_rows
        """,
    )
    expected = [
        ("exclusions.csv: Below the smallest price", n_small),
        ("exclusions.csv: Another company since May", n_europe),
    ]
    assert found == [each for each in expected if each[1]]
    assert rows(excluded, "select n_skipped, n_rejected from quality.row_ledger") == [
        (n_small + n_europe, 0)
    ]
    assert rows(excluded, "select count(*) from staging.stg_deals where region = 'Europe'") == [
        (0,)
    ]


def test_a_line_without_a_row_is_named(excluded):
    assert rows(
        excluded,
        "select message from quality.data_checks where check_name = 'exclusion_not_used'",
    )[-1] == ("line 4 of exclusions.csv (Never) leaves out no row that an earlier line does not.",)


def test_a_check_counts_excluded_rows_and_names_the_reason(config):
    run = run_main("check", "--config", config.folder)
    assert run.returncode == 0, run.stderr
    assert "exclusions.csv: Another company since May" in run.stdout
