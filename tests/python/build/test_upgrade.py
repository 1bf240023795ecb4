"""A warehouse that an earlier version built is replaced by a build."""

import duckdb
import pytest

from support.builds import built, rows
from support.exports import small_export

# A part of what the first version built.
FIRST_VERSION = """
    create schema scores;
    create table scores.scored_deals (
        deal_id varchar, status varchar, as_of_date date, win_probability double
    );
    insert into scores.scored_deals values ('D00001', 'open', date '2024-07-02', 0.75);
"""


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_project")
def test_a_build_takes_the_place_of_an_earlier_version_and_remembers_no_score_of_it(tmp_path):
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(FIRST_VERSION)
    warehouse = built(tmp_path, small_export(tmp_path / "deals.csv", 300))
    assert rows(
        warehouse, "select count(*), count(previous_win_probability) from scores.scored_deals"
    ) == [(300, 0)]
