"""The part of a check on an export that a build would refuse: lines that would make it pass.

Every function reads the staging tables of the export.
"""

import math
from collections.abc import Iterator

import duckdb

from winrate.build.check import contents
from winrate.build.check.lines import Line, brief
from winrate.config import rates
from winrate.config.csv_rows import csv_line
from winrate.database import named_rows
from winrate.ingest import mapping

N_WORDS = 12  # lines of a mapping
NO_OUTCOME = {"no_outcome", "one_outcome", "unknown_stages"}  # errors where outcomes are stages
SEVERAL_CURRENCIES = {"several_currencies", "missing_rates"}
UNKNOWN_WORDS = {"outcome_words", "rejected_rows"}  # errors that words for outcomes can explain


def remedies(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """For each error that a line of the user can mend: what has the line, and the line."""
    found = named_rows(connection, "select error_code from internal.export_errors")
    errors = {error.error_code for error in found}
    if "date_order" in errors:
        yield from _date_formats(connection)
    if "decimal_mark" in errors:
        yield from _decimal_marks(connection)
    if errors & SEVERAL_CURRENCIES:
        yield from _rates(connection, is_converted="missing_rates" in errors)
    yield from _mapping_lines(_words(connection, errors))
    if "rejected_rows" in errors:
        yield "settings.yml", f"max_rejected_share: {_share(connection)}  # of CONFIG"


def _date_formats(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """Both formats with what a date of the file would be; none where neither helps."""
    texts = named_rows(
        connection,
        """
        select any_value(cell) as cell, any_value(day_first_date) as day_first,
            any_value(month_first_date) as month_first
        from internal.export_formats
        inner join internal.date_texts on cell = slash_date_example
        where date_order in ('ambiguous', 'contradictory')
        having count(*) > 0
        """,
    )
    for text in texts:
        for name, day in (("dd/mm/yyyy", text.day_first), ("mm/dd/yyyy", text.month_first)):
            yield "", f"DATE_FORMAT={name}  # if {brief(text.cell)} is {day or 'no date'}"


def _decimal_marks(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """Both marks with what an amount of the file would be."""
    (text,) = named_rows(
        connection,
        """
        select any_value(cell) as cell, any_value(point_number) as point_number,
            any_value(comma_number) as comma_number
        from internal.export_formats
        left join internal.number_texts on cell = unclear_amount_example
        """,
    )
    for mark, number in ((".", text.point_number), (",", text.comma_number)):
        condition = "" if number is None else f"  # if {brief(text.cell)} is {number:.15g}"
        yield "", f"DECIMAL_MARK={mark}{condition}"


def _rates(connection: duckdb.DuckDBPyConnection, is_converted: bool) -> Iterator[Line]:
    """A line of rates for each currency without one, to complete.

    is_converted: whether there is a reporting currency; else there is a line for it, too.
    """
    (formats,) = named_rows(connection, "select main_currency from internal.export_formats")
    # Of amounts that the CRM has converted, the export does not say to which currency.
    currency = "USD" if formats.main_currency == "converted" else formats.main_currency
    if not is_converted:
        yield "settings.yml", f"reporting_currency: {currency}  # of CONFIG"
    yield "rates.csv", f"{csv_line(rates.FIELDS)}  # of CONFIG"
    unrated = named_rows(
        connection,
        """
        select foreign_currency as currency, min(close_date) as first_date
        from internal.typed_rows
        anti join internal.converted_amounts using (source_line)
        where foreign_currency is not null
        group by foreign_currency
        order by count(*) desc, currency
        """,
    )
    for each in unrated:
        cells = (each.currency, str(each.first_date or "2000-01-01"), "...")
        yield "", f"{csv_line(cells)}  # how many {currency} one {each.currency} is worth"


def _words(connection: duckdb.DuckDBPyConnection, errors: set[str]) -> list[str]:
    """The words or stages that may be outcomes, where that is an error."""
    column = contents.outcome_column(connection)
    if column == "outcome" and errors & UNKNOWN_WORDS:
        words = contents.outcome_words(connection, column)
        return [each.word for each in words if each.word and each.outcomes == ["?"]]
    if errors & NO_OUTCOME:
        return [stage.word for stage in contents.stages(connection) if not stage.means]
    return []


def _mapping_lines(words: list[str]) -> Iterator[Line]:
    """A line of a mapping for each word, below the one with the titles."""
    if words:
        yield "MAPPING", f"{csv_line(mapping.FIELDS)}  (means: {', '.join(mapping.OUTCOMES)})"
    for word in words[:N_WORDS]:
        yield "", csv_line((mapping.OUTCOME, word, "Won"))
    if len(words) > N_WORDS:
        yield "", f"and {len(words) - N_WORDS} more; make init writes them all"


def _share(connection: duckdb.DuckDBPyConnection) -> float:
    """The share of rejected rows, rounded up."""
    (ledger,) = named_rows(connection, "select * from quality.row_ledger")
    return math.ceil(100 * ledger.n_rejected / (ledger.n_read - ledger.n_skipped)) / 100
