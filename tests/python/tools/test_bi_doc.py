"""The queries of docs/bi.md run on a build, read one table, and find what they ask for."""

import re
from collections.abc import Iterator

import duckdb
import pytest

from winrate import project

DOC = project.ROOT / "docs" / "bi.md"
QUERIES = re.findall(r"^```sql\n(.+?)^```", DOC.read_text(encoding="utf-8"), re.M | re.S)
OPEN_DEALS = "scores.open_deals"
ON_OPEN_DEALS = [query for query in QUERIES if OPEN_DEALS in query]
OTHERS = [query for query in QUERIES if OPEN_DEALS not in query]


@pytest.fixture(scope="module")
def sample(sample_warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build of the sample."""
    with duckdb.connect(str(sample_warehouse), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def with_all_columns(sample_warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """The open deals of the sample with what its export has not."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample_warehouse}' as sample (read_only)")
        connection.execute("create schema scores")
        connection.execute(
            f"""
            create table {OPEN_DEALS} as
            select * replace (
                'Mid-Market' as team,
                '001' as account_id,
                case when grade != 'A' then as_of_date - 30 end as expected_close_date,
                win_probability / 2 as previous_win_probability
            )
            from sample.{OPEN_DEALS}
            """
        )
        yield connection


def test_there_are_ten_questions_each_with_a_query():
    sections = re.split(r"^## \d+\. .+\?\n", DOC.read_text(encoding="utf-8"), flags=re.M)[1:]
    assert len(sections) == 10
    assert all("```sql" in section for section in sections)


@pytest.mark.parametrize("query", ON_OPEN_DEALS)
def test_a_query_reads_one_table_and_finds_what_the_sample_has(query, sample):
    assert re.findall(r"\b(?:from|join) (\S+)", query) == [OPEN_DEALS]
    columns = [name for name, *_ in sample.execute(f"describe {OPEN_DEALS}").fetchall()]
    counts = sample.sql(
        f"select {', '.join(f'count({name})' for name in columns)} from {OPEN_DEALS}"
    )
    empty = [name for name, n in zip(columns, counts.fetchone(), strict=True) if not n]
    needed = query.partition("where")[2]
    found = sample.execute(query).fetchall()
    assert found or any(re.search(rf"\b{name}\b", needed) for name in empty)


@pytest.mark.parametrize("query", OTHERS)
def test_a_query_on_another_table_finds_what_the_sample_has(query, sample):
    assert sample.execute(query).fetchall()


@pytest.mark.parametrize("query", ON_OPEN_DEALS)
def test_a_query_finds_deals_where_the_export_has_all_columns(query, with_all_columns):
    assert with_all_columns.execute(query).fetchall()
