"""A warehouse that an earlier version built is replaced by a build, which remembers its scores."""

import re
from datetime import date
from pathlib import Path

import duckdb
import pytest

from support.builds import built, rows
from support.exports import small_export
from winrate import project
from winrate.ingest import previous_scores

# The columns of scores.scored_deals by the version that built it. Before a release, add those that
# the table has by then. `dev` is what was built before there were releases.
RELEASED = {
    "0.1.0.dev1": """
        deal_id varchar, status varchar, as_of_date date, deal_stage varchar, deal_age_days bigint,
        deal_amount double, win_probability double, win_probability_low double,
        win_probability_high double, grade varchar, expected_amount double, top_reason_1 varchar,
        top_reason_2 varchar, top_reason_3 varchar, previous_win_probability double,
        model_run_id varchar
    """,
    "0.1.0.dev2": """
        deal_id varchar, status varchar, as_of_date date, deal_stage varchar, deal_age_days bigint,
        deal_amount double, win_probability double, win_probability_low double,
        win_probability_high double, grade varchar, score_withheld_because varchar,
        expected_amount double, top_reason_1 varchar, top_reason_2 varchar, top_reason_3 varchar,
        previous_win_probability double, model_run_id varchar
    """,
}
SCORES = """
    insert into scores.scored_deals by name
    select 'D00001' as deal_id, date '2024-07-02' as as_of_date, 0.75 as win_probability
    union all by name
    select 'D00002' as deal_id, date '2024-07-02' as as_of_date, 0.25 as win_probability,
        0.5 as previous_win_probability
"""


def warehouse_of(version: str, folder: Path) -> Path:
    """The part of a warehouse that a later build reads, as this version built it."""
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema scores")
        connection.execute(f"create table scores.scored_deals ({RELEASED[version]})")
        connection.execute(SCORES)
    return warehouse


def test_every_released_version_is_tested():
    changelog = (project.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## \[?(\d[\w.-]*)", changelog, re.MULTILINE)) <= RELEASED.keys()


@pytest.mark.parametrize("version", RELEASED)
def test_the_scores_of_every_released_version_are_read(version, tmp_path):
    found = previous_scores.previous_scores(warehouse_of(version, tmp_path))
    day = date(2024, 7, 2)
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("D00001", day, 0.75, None),
        ("D00002", day, 0.25, 0.5),
    ]


@pytest.mark.parametrize(
    "columns", ["deal_id varchar, win_probability double", "deal_id bigint, as_of_date date"]
)
def test_a_table_without_the_columns_of_a_score_has_none_to_remember(tmp_path, columns):
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema scores")
        connection.execute(f"create table scores.scored_deals ({columns})")
        connection.execute("insert into scores.scored_deals (deal_id) values (1)")
    found = previous_scores.previous_scores(warehouse)
    assert found.num_rows == 0 and found.schema == previous_scores.SCHEMA
    assert previous_scores.previous_scores(tmp_path / "none.duckdb") == found


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_project")
def test_a_build_takes_the_place_of_the_oldest_version_and_remembers_its_scores(tmp_path):
    warehouse_of(next(iter(RELEASED)), tmp_path)
    warehouse = built(tmp_path, small_export(tmp_path / "deals.csv", 300))
    remembered = rows(
        warehouse,
        """
        select deal_id, previous_win_probability from scores.scored_deals
        where previous_win_probability is not null
        order by deal_id
        """,
    )
    assert remembered == [("D00001", 0.75), ("D00002", 0.25)]
