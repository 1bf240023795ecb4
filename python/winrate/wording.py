"""How numbers and names read in a sentence.

macros/wording.sql is the twin for sentences that SQL makes; tests/python/test_wording.py compares
the two. Both round halves to the even digit and never write a negative zero
(docs/decisions/0011-one-rounding-for-sentences.md).
"""

import calendar
from datetime import date

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
SEVERITIES = ("critical", "warning", "info")  # of alerts, the most severe first


def percent(rate: float) -> str:
    """0.3124 -> '31.2%'."""
    return f"{100 * rate:.1f}%"


def points(value_pp: float) -> str:
    """A size in percentage points, without its sign: -10.44 -> '10.4 points'."""
    return f"{abs(value_pp):.1f} points"


def interval(low_pp: float, high_pp: float) -> str:
    """In percentage points: '95% interval -14.9 to -5.9'."""
    return f"95% interval {low_pp:z.1f} to {high_pp:z.1f}"


def percent_interval(low: float, high: float) -> str:
    """Of shares: '95% interval 8.2% to 18.5%'."""
    return f"95% interval {percent(low)} to {percent(high)}"


def count(n: float) -> str:
    """5000 -> '5,000'."""
    return f"{n:z,.0f}"


def amount(value: float, currency: str | None) -> str:
    """In its currency: '€1,234', 'CHF 1,234'; in an unknown one '1,234'."""
    if currency is None:
        return count(value)
    gap = " " if len(currency) >= 3 and not currency.endswith("$") else ""
    return SIGNS.get(currency, f"{currency}{gap}") + count(value)


def deals(n: float, name: str = "deal") -> str:
    """1 -> '1 deal', 5000 -> '5,000 deals'; by another name: '518 open deals'."""
    return f"{count(n)} {name}{'' if n == 1 else 's'}"


def p_value(p: float) -> str:
    """'p = 0.79', or 'p < 0.001' below that."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def quarter_name(day: date, start_month: int) -> str:
    """A day of the quarter, such as its first one -> '2026 Q1'.

    'FY2026/27 Q1' where the fiscal year starts in another month than January.
    """
    place = (day.month - start_month) % 12  # of the month in its fiscal year, from 0
    quarter = place // 3 + 1
    if start_month == 1:
        return f"{day.year} Q{quarter}"
    year = day.year if day.month >= start_month else day.year - 1
    return f"FY{year}/{(year + 1) % 100:02} Q{quarter}"


def month(number: int) -> str:
    """2 -> 'February'."""
    return calendar.month_name[number]


def feature_title(feature: str) -> str:
    """'lead_source' -> 'Lead source', 'crm_ID' -> 'Crm ID'."""
    words = feature.replace("_", " ")
    return words[:1].upper() + words[1:]


def printable(text: str) -> str:
    """Text for a terminal or a chart: without control, escape and text-direction characters.

    Line ends stay.
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
