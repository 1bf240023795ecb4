"""Quarters are those of the fiscal year that a setting states, or that the export shows."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.builds import built, rows
from support.exports import sample_deals
from support.own_settings import fiscal_periods
from support.page import Page
from winrate.build.build import BuildRequest
from winrate.build.check import check

CALENDAR, FROM_FEBRUARY, FROM_JULY = "Q-DEC", "Q-JAN", "Q-JUN"  # by the month that ends the year
WHOLE_QUARTERS = ("last quarter", "last two quarters", "year on year")


def export(path: Path, deals: pd.DataFrame, periods: pd.Series) -> Path:
    """Deals with fiscal periods, as a report of Salesforce has them."""
    deals.assign(**{"Fiscal Period": periods}).to_csv(path, index=False)
    return path


def name_of(period: pd.Period, calendar: str = FROM_FEBRUARY) -> str:
    """'FY2026/27 Q1', or '2026 Q1' of a calendar year."""
    if calendar == CALENDAR:
        return f"{period.year} Q{period.quarter}"
    return f"FY{period.qyear - 1}/{period.qyear % 100:02} Q{period.quarter}"


def counted(warehouse: Path, calendar: str, basis: str) -> list[tuple]:
    """The first day, closed deals and won deals of each quarter, counted by pandas."""
    query = f"select {basis}_date, is_won from staging.stg_deals where {basis}_date is not null"
    deals = pd.DataFrame(rows(warehouse, query), columns=["day", "is_won"])
    starts = pd.to_datetime(deals["day"]).dt.to_period(calendar).dt.start_time.dt.date
    counts = deals.groupby(starts)["is_won"].agg(["count", "sum"])
    return [(day, int(n), int(n_won)) for day, n, n_won in counts.itertuples()]


def trend(warehouse: Path, basis: str) -> list[tuple]:
    return rows(
        warehouse,
        "select period_start, n_deals, n_won from drivers.win_rate_trend"
        f" where grain = 'quarter' and basis = '{basis}' order by period_start",
    )


def test_the_quarters_of_the_trend_are_fiscal(own_warehouse):
    for basis in ("closed", "created"):
        found = trend(own_warehouse, basis)
        assert found == counted(own_warehouse, FROM_FEBRUARY, basis)
        assert len(found) > 8


def test_segments_are_counted_by_fiscal_quarter(own_warehouse):
    query = """
        select period_start, sum(n_deals), sum(n_won) from drivers.win_rate_by_segment
        where basis = 'closed' and feature = 'lead_source' group by all order by all
    """
    assert rows(own_warehouse, query) == counted(own_warehouse, FROM_FEBRUARY, "closed")


def test_windows_are_fiscal_quarters_and_their_sentences_name_them(own_warehouse):
    by_quarter = {day: n for day, n, _ in counted(own_warehouse, FROM_FEBRUARY, "closed")}
    found = rows(
        own_warehouse,
        """
        select comparison, basis, before_start, before_end, after_start, after_end,
            n_before, n_after, statement
        from drivers.win_rate_change
        """,
    )
    assert {comparison for comparison, *_ in found} == {*WHOLE_QUARTERS, "quarter to date"}
    for comparison, basis, *days, n_before, n_after, statement in found:
        quarters = [pd.Period(day, FROM_FEBRUARY) for day in days]
        firsts = [quarters[0].start_time.date(), quarters[2].start_time.date()]
        assert [days[0], days[2]] == firsts
        assert f"({name_of(quarters[2])}" in statement and f"({name_of(quarters[0])}" in statement
        if comparison not in WHOLE_QUARTERS:
            continue
        assert [days[1], days[3]] == [quarters[n].end_time.date() for n in (1, 3)]
        if comparison == "year on year":
            assert (quarters[2].quarter, quarters[2] - 4) == (quarters[0].quarter, quarters[0])
        if basis == "closed":
            for first, last, n in ((days[0], days[1], n_before), (days[2], days[3], n_after)):
                assert n == sum(n for day, n in by_quarter.items() if first <= day <= last)


def test_the_pipeline_is_that_of_a_fiscal_quarter(own_warehouse):
    [(start, end, statement)] = rows(
        own_warehouse,
        "select last_quarter_start, last_quarter_end, statement from drivers.pipeline_health",
    )
    quarter = pd.Period(start, FROM_FEBRUARY)
    assert (start, end) == (quarter.start_time.date(), quarter.end_time.date())
    assert name_of(quarter) in statement


def test_the_page_names_fiscal_quarters_and_says_so(own_warehouse):
    page = Page(own_warehouse.parent / "report" / "index.html")
    names = [name_of(pd.Period(day, FROM_FEBRUARY)) for day, *_ in trend(own_warehouse, "closed")]
    figure = page.figures["trend"]
    assert set(figure["layout"]["xaxis"]["ticktext"]) <= set(names)
    hovers = [t["hovertext"] for t in figure["data"] if "markers" in t["mode"]]
    assert sorted(text.partition(":")[0] for texts in hovers for text in texts) == names
    assert "FY2025/26 Q4" in page.text
    assert "Quarters are those of the fiscal year, which starts in February" in page.text
    of_calendar = r"(?<!FY)\b20[0-9]{2} Q[1-4]"
    assert not re.search(of_calendar, page.text + "".join(page.scripts[-1:]))


def test_a_setting_goes_before_fiscal_periods_that_say_another_month(own_warehouse):
    query = "select fiscal_year_start_month from quality.build_info"
    assert rows(own_warehouse, query) == [(2,)]
    query = "select message from quality.data_checks where check_name = 'fiscal_year_unclear'"
    [(message,)] = rows(own_warehouse, query)
    assert re.fullmatch(
        r"The fiscal periods of ([0-9,]+) of \1 deals say that the fiscal year starts in July\. "
        "Quarters follow the setting fiscal_year_start_month, which says February.",
        message,
    )


@pytest.mark.slow
def test_the_start_of_the_fiscal_year_is_inferred_from_fiscal_periods(tmp_path, compiled_project):
    deals = sample_deals().head(1500)
    path = export(tmp_path / "deals.csv", deals, fiscal_periods(deals, FROM_JULY))
    warehouse = built(tmp_path, path)
    assert rows(warehouse, "select fiscal_year_start_month from quality.build_info") == [(7,)]
    assert trend(warehouse, "closed") == counted(warehouse, FROM_JULY, "closed")
    query = "select message from quality.data_checks where check_name = 'fiscal_year_unclear'"
    assert rows(warehouse, query) == []
    text = check(BuildRequest(path, Path("untouched.duckdb"), Path("untouched"))).text
    assert re.search(r"fiscal +year starts in July, as the fiscal periods of [0-9,]+ deals s", text)


@pytest.mark.slow
def test_fiscal_periods_that_contradict_each_other_are_found(tmp_path, compiled_project):
    deals = sample_deals().head(1500)
    periods = np.where(deals["outcome"].eq("Won"), fiscal_periods(deals, FROM_JULY), "2026 1")
    path = export(tmp_path / "deals.csv", deals, pd.Series(periods, index=deals.index))
    warehouse = built(tmp_path, path)
    assert rows(warehouse, "select fiscal_year_start_month from quality.build_info") == [(1,)]
    assert trend(warehouse, "closed") == counted(warehouse, CALENDAR, "closed")
    query = "select severity, message from quality.data_checks where check_name like 'fiscal%'"
    [(severity, message)] = rows(warehouse, query)
    assert severity == "warning" and "contradict each other: no more than" in message
    assert "Quarters are those of the fiscal year" not in Page(tmp_path / "report/index.html").text
    text = check(BuildRequest(path, Path("untouched.duckdb"), Path("untouched"))).text
    assert re.search(r"starts in January, as the fiscal periods of [0-9,]+ deals do not tell", text)
