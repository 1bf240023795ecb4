"""`make check-fresh` fails where the published build is old, and where nothing tells its age."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import duckdb
import pytest

from support.builds import run_main, run_winrate
from winrate.build import freshness

BUILT = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(hours=26)


def warehouse_with(path: Path, *built_at: str | None) -> Path:
    """A database whose build_info has one row per moment."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema quality")
        connection.execute(
            "create table quality.build_info (built_at text, source_file text, as_of_date date)"
        )
        for moment in built_at:
            connection.execute(
                "insert into quality.build_info values (?, 'deals.csv', '2026-06-30')", [moment]
            )
    return path


@pytest.fixture
def warehouse(tmp_path) -> Path:
    return warehouse_with(tmp_path / "warehouse.duckdb", "2026-07-01T06:00:00Z")


@pytest.mark.parametrize(
    ("age", "says"),
    [
        (timedelta(seconds=-10), "was built 0 minutes ago"),
        (timedelta(seconds=70), "was built 1 minute ago"),
        (timedelta(minutes=119), "was built 119 minutes ago"),
        (timedelta(hours=3, minutes=59), "was built 3 hours ago"),
        (DAY, "was built 26 hours ago (2026-07-01 06:00 UTC) from deals.csv, as of 2026-06-30."),
    ],
)
def test_a_build_that_is_young_enough_passes_and_its_age_is_said(warehouse, age, says):
    assert says in freshness.check_fresh(warehouse, DAY, BUILT + age)


def test_a_build_that_is_one_second_too_old_fails(warehouse):
    with pytest.raises(freshness.StaleError, match=r"built 26 hours ago .* more than 26 hours"):
        freshness.check_fresh(warehouse, DAY, BUILT + DAY + timedelta(seconds=1))


def test_the_zone_of_the_one_who_asks_does_not_matter(warehouse):
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert "3 hours ago" in freshness.check_fresh(
        warehouse, DAY, (BUILT + timedelta(hours=3)).astimezone(kolkata)
    )


def test_a_build_from_the_future_fails_since_it_would_pass_for_too_long(warehouse):
    with pytest.raises(freshness.StaleError, match="yet to come"):
        freshness.check_fresh(warehouse, DAY, BUILT - timedelta(hours=1))


@pytest.mark.parametrize(
    "built_at",
    [(), (None,), ("yesterday",), ("2026-07-01T06:00:00",), ("2026-07-01T06:00:00Z",) * 2],
    ids=["no row", "null", "no moment", "no zone", "two rows"],
)
def test_a_build_that_does_not_say_when_it_was_made_fails(tmp_path, built_at):
    path = warehouse_with(tmp_path / "warehouse.duckdb", *built_at)
    with pytest.raises(freshness.StaleError, match="does not say when it was built"):
        freshness.check_fresh(path, DAY, BUILT)


def test_a_database_without_build_info_or_no_database_at_all_fails(tmp_path):
    other = tmp_path / "other.duckdb"
    duckdb.connect(str(other)).close()
    text = tmp_path / "text.duckdb"
    text.write_text("not a database")
    for path in (other, text):
        with pytest.raises(freshness.StaleError, match="does not say when it was built"):
            freshness.check_fresh(path, DAY, BUILT)
    with pytest.raises(freshness.StaleError, match="is not there; run `make build`"):
        freshness.check_fresh(tmp_path / "missing.duckdb", DAY, BUILT)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("26h", timedelta(hours=26)),
        ("7d", timedelta(days=7)),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(text, length):
    assert freshness.duration(text) == length


@pytest.mark.parametrize("text", ["", "26", "h", "0h", "-1h", "1.5h", "26 h", "1w", "9999999d"])
def test_anything_else_is_no_length_of_time(text):
    with pytest.raises(freshness.StaleError, match="expected minutes, hours or days"):
        freshness.duration(text)


def test_the_command_says_it_in_one_sentence_and_in_its_exit_code(warehouse, sample_warehouse):
    fresh = run_winrate("check-fresh", "--warehouse", sample_warehouse)
    assert (fresh.returncode, fresh.stderr) == (0, "")
    assert fresh.stdout.count("\n") == 1 and "from deals.csv, as of 2026-06-30." in fresh.stdout
    old = run_main("check-fresh", "--warehouse", warehouse, "--max-age", "1m")
    assert (old.returncode, old.stdout) == (1, "")
    assert old.stderr.count("\n") == 1 and "Find out why no build follows." in old.stderr
