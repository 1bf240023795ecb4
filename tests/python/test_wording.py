"""Sentences read alike whether SQL (macros/wording.sql) or Python (wording.py) makes them."""

import math
import random
from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import pytest

from support.macros import MACROS, Macros
from winrate import wording

# The SQL macros that have a twin in Python, or whose result a format of Python gives.
TWINS_OF_ONE_NUMBER = {
    "as_decimal": "{:z.1f}".format,
    "as_signed_decimal": "{:+z.1f}".format,
    "as_percent": wording.percent,
    "as_points": wording.points,
    "as_count": wording.count,
    "as_deals": wording.deals,
}
TWINS_OF_TWO_NUMBERS = {
    "as_interval": wording.interval,
    "as_percent_interval": wording.percent_interval,
}
TWINS_OF_ONE_TEXT = {"feature_title": wording.feature_title}

# What each macro makes of its arguments; a null argument gives null.
EXAMPLES = [
    ("as_decimal", ["-10.44"], "-10.4"),
    ("as_decimal", ["cast(7 as bigint)"], "7.0"),
    ("as_decimal", ["-0.04"], "0.0"),
    ("as_decimal", ["-0.06"], "-0.1"),
    ("as_signed_decimal", ["8"], "+8.0"),
    ("as_signed_decimal", ["-12.34"], "-12.3"),
    ("as_signed_decimal", ["-0.04"], "+0.0"),
    ("as_percent", ["0.3124"], "31.2%"),
    ("as_points", ["-10.44"], "10.4 points"),
    ("as_interval", ["-14.9", "-0.04"], "95% interval -14.9 to 0.0"),
    ("as_percent_interval", ["0.082", "0.185"], "95% interval 8.2% to 18.5%"),
    ("as_count", ["1234567.8"], "1,234,568"),
    ("as_count", ["cast(12500.5 as decimal(18, 2))"], "12,500"),
    ("as_count", ["12501.5"], "12,502"),
    ("as_count", ["-0.4"], "0"),
    ("as_count", ["cast(1200 as bigint)"], "1,200"),
    ("as_amount", ["1234567.8", "'EUR'"], "€1,234,568"),
    ("as_amount", ["0.4", "'CHF'"], "CHF 0"),
    ("as_amount", ["-1234.8", "'R$'"], "R$-1,235"),
    ("as_amount", ["1234.8", "cast(null as varchar)"], "1,235"),
    ("as_deals", ["cast(1 as bigint)"], "1 deal"),
    ("as_deals", ["0"], "0 deals"),
    ("as_deals", ["5000"], "5,000 deals"),
    ("as_days", ["1"], "1 day"),
    ("as_days", ["1200"], "1,200 days"),
    ("year_name", ["date '2026-06-30'", "1"], "2026"),
    ("year_name", ["date '2000-01-31'", "2"], "FY1999/00"),
    ("quarter_name", ["date '2026-06-30'", "1"], "2026 Q2"),
    ("quarter_name", ["date '2026-02-01'", "2"], "FY2026/27 Q1"),
    ("quarter_name", ["date '2027-01-31'", "2"], "FY2026/27 Q4"),
    ("quarter_name", ["date '1999-12-31'", "12"], "FY1999/00 Q1"),
    ("as_month", ["2"], "February"),
    ("quarter_range", ["date '2026-01-01'", "date '2026-03-31'", "1"], "2026 Q1"),
    ("quarter_range", ["date '2025-10-01'", "date '2026-03-31'", "1"], "2025 Q4 to 2026 Q1"),
    (
        "quarter_range",
        ["date '2025-11-01'", "date '2026-04-30'", "2"],
        "FY2025/26 Q4 to FY2026/27 Q1",
    ),
    ("feature_title", ["'lead_source'"], "Lead source"),
    ("feature_title", ["'crm_ID'"], "Crm ID"),
    ("level_title", ["'lead_source'", "'web_form'"], "Lead source web_form"),
    ("reason_text", ["'region'", "'EMEA'", "8"], "Region EMEA: +8.0 points"),
]
N_ARGUMENTS = {macro: len(arguments) for macro, arguments, _ in EXAMPLES}

NAMES = ["lead_source", "crm_ID", "CRM", "_x", "x_", "a__b", "état_civil", "2nd_owner", "", "ПОЛЕ"]


def numbers() -> Iterator[float]:
    """Ties, negatives, zeros of both signs, decimals next to ties, small, large and random ones."""
    yield from (0.0, -0.0, 0.04, -0.04, 0.05, -0.05, 0.06, 0.15, 0.35, 1.005, 12500.5, -12500.5)
    yield from (1 / 3, -2 / 3, 999.95, 999999.5, 1e-9, -1e-9, 1e12, 1e15, 1e15 + 0.5, 2.0**53)
    for eighths in range(-200, 201):
        yield eighths / 8
    for tie in range(-50, 51):
        yield (2 * tie + 1) / 20  # in decimals a tie of the first place
        yield math.nextafter(tie + 0.5, math.inf)
        yield math.nextafter(tie + 0.5, -math.inf)
    draw = random.Random(1)
    for _ in range(1000):
        yield draw.uniform(-1, 1) * 10 ** draw.randint(-3, 9)


@pytest.fixture(scope="module")
def macros() -> Macros:
    return Macros("dates", "wording")


def values_table(values: list, kind: str) -> str:
    """A table of one column `x`, for a query."""
    duckdb.execute("create or replace temp table arguments as select unnest(?) as x", [values])
    return f"(select cast(x as {kind}) as x from arguments) as t"


@pytest.mark.parametrize(("macro", "function"), TWINS_OF_ONE_NUMBER.items())
def test_sql_and_python_write_a_number_alike(macros, macro, function):
    tried = list(numbers())
    assert macros.values(macro, "x", table=values_table(tried, "double")) == [
        function(number) for number in tried
    ]


@pytest.mark.parametrize("macro", ["as_count", "as_deals"])
def test_sql_and_python_write_a_whole_number_alike(macros, macro):
    tried = [0, 1, 2, -1, 999, 1000, 12_500, 10**12, 2**53]
    for kind in ("bigint", "decimal(28, 2)"):
        written = macros.values(macro, "x", table=values_table(tried, kind))
        assert written == [TWINS_OF_ONE_NUMBER[macro](number) for number in tried], kind


@pytest.mark.parametrize(
    "currency", [*wording.SIGNS, "CHF", "PLN", "R$", "HK$", "US DOLLAR", "₽", None]
)
def test_sql_and_python_write_an_amount_alike(macros, currency):
    tried = list(numbers())
    sql = "cast(null as varchar)" if currency is None else f"'{currency}'"
    assert macros.values("as_amount", "x", sql, table=values_table(tried, "double")) == [
        wording.amount(number, currency) for number in tried
    ]


@pytest.mark.parametrize(("macro", "function"), TWINS_OF_TWO_NUMBERS.items())
def test_sql_and_python_write_an_interval_alike(macros, macro, function):
    tried = list(numbers())
    assert macros.values(macro, "x", "-x", table=values_table(tried, "double")) == [
        function(number, -number) for number in tried
    ]


@pytest.mark.parametrize(("macro", "function"), TWINS_OF_ONE_TEXT.items())
def test_sql_and_python_write_a_name_alike(macros, macro, function):
    assert macros.values(macro, "x", table=values_table(NAMES, "varchar")) == [
        function(name) for name in NAMES
    ]


@pytest.mark.parametrize("start_month", range(1, 13))
def test_sql_and_python_write_a_quarter_alike(macros, start_month):
    days = [date(1998, 1, 1) + timedelta(days=n) for n in range(3 * 365)]
    table = values_table(days, "date")
    written = macros.values("quarter_name", "x", str(start_month), table=table)
    assert written == [wording.quarter_name(day, start_month) for day in days]
    assert written == sorted(written)  # names sort by time


@pytest.mark.parametrize("start_month", range(1, 13))
def test_the_days_from_one_start_of_a_quarter_to_the_next_are_one_quarter(macros, start_month):
    days = [date(1998, 1, 1) + timedelta(days=n) for n in range(3 * 365)]
    found = macros.values("quarter_start", "x", str(start_month), table=values_table(days, "date"))
    starts = [day for day in days if day.day == 1 and (day.month - start_month) % 3 == 0]
    for day, start in zip(days, found, strict=True):
        if day >= starts[0]:
            assert start == max(each for each in starts if each <= day)
    names = {wording.quarter_name(day, start_month) for day in days}
    assert len(names) == len(set(found))


def test_sql_and_python_write_a_month_alike(macros):
    months = list(range(1, 13))
    written = macros.values("as_month", "x", table=values_table(months, "integer"))
    assert written == [wording.month(number) for number in months]


@pytest.mark.parametrize(("macro", "arguments", "expected"), EXAMPLES)
def test_a_macro_gives_its_example(macros, macro, arguments, expected):
    assert macros.values(macro, *arguments) == [expected]


@pytest.mark.parametrize(("macro", "n_arguments"), N_ARGUMENTS.items())
def test_null_stays_null(macros, macro, n_arguments):
    arguments = ["null"] * n_arguments
    if macro.startswith(
        ("quarter", "year")
    ):  # of days, with a typed null, as `extract` takes no other
        arguments = [*["cast(null as date)"] * (n_arguments - 1), "2"]
    assert macros.values(macro, *arguments) == [None]


@pytest.mark.parametrize("macro", ["as_decimal", "as_signed_decimal", "as_count", "as_interval"])
def test_no_zero_is_negative(macros, macro):
    arguments = ["x"] * N_ARGUMENTS[macro]
    near_zero = [-0.0, -1e-300, -0.04, -0.049999]
    for text in macros.values(macro, *arguments, table=values_table(near_zero, "double")):
        assert "-0" not in text


def test_every_macro_has_an_example():
    written = (MACROS / "wording.sql").read_text(encoding="utf-8")
    names = {line.split()[2].split("(")[0] for line in written.splitlines() if "{% macro" in line}
    assert names == {macro for macro, _, _ in EXAMPLES}
