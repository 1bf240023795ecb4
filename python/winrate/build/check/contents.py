"""The part of a check on the cells of an export: formats, outcomes, levels, rows.

Every function reads the raw and staging tables of the export.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from winrate.build.check.lines import Line, brief
from winrate.database import named_rows
from winrate.wording import count, deals, month, percent

N_EXAMPLES = 3  # rows per reason, cells per column
N_LEVELS = 8  # of a category, the most frequent first
N_WORDS = 25  # for an outcome, the unknown ones first
REASON_LETTERS = 160
MARKS = {".": "decimal point", ",": "decimal comma"}


def formats(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """How dates and amounts are written, the as-of date that results, and the fiscal year."""
    (found,) = named_rows(connection, "select * from internal.export_formats")
    (as_of,) = named_rows(connection, "select * from internal.as_of_dates")
    if found.n_slash_dates:
        dates = f"{count(found.n_slash_dates)} dates such as {brief(found.slash_date_example)}"
        yield "dates", f"{found.date_order}, in {dates}"
    else:
        yield "dates", "unambiguous"
    if as_of.as_of_date:
        yield "as of", f"{as_of.as_of_date}, the newest date that is not an expected close"
    yield "fiscal", _fiscal_year(connection)
    yield from _near_quarter_ends(connection)
    mark = MARKS.get(found.decimal_mark, f"{found.decimal_mark} decimal mark")
    yield "amounts", f"{mark}; {found.currency_list or 'no currency'}"
    yield from _conversion(connection)


def _near_quarter_ends(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """How many deals closed at a moment whose quarter depends on the time zone."""
    (found,) = named_rows(connection, "select * from internal.closes_near_quarter_ends")
    if found.n_near_quarter_end:
        near = f"{deals(found.n_near_quarter_end)} of {count(found.n_closed)}"
        yield "closes", f"{near} within 12 hours of the end of a quarter; settings.yml of CONFIG"
        yield "", "decides which quarter it is: time_zone: Europe/Berlin"


def _conversion(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """How many amounts are converted, and how many of them before the first rate."""
    (found,) = named_rows(
        connection,
        """
        select count(*) as n_deals, count_if(is_before_first_rate) as n_early,
            any_value(formats.reporting_currency) as currency
        from internal.converted_amounts
        cross join internal.export_formats as formats
        where deal_amount is not null
        """,
    )
    if found.n_deals:
        early = f", {count(found.n_early)} of them before its first rate" if found.n_early else ""
        yield "", f"{count(found.n_deals)} are converted to {found.currency}{early}"


def _fiscal_year(connection: duckdb.DuckDBPyConnection) -> str:
    """In which month the fiscal year starts, and what says so."""
    (found,) = named_rows(connection, "select * from internal.fiscal_calendars")
    sources = {
        "setting": "as the setting fiscal_year_start_month says",
        "fiscal periods": f"as the fiscal periods of {deals(found.n_agreeing)} say",
        "default": f"as the fiscal periods of {deals(found.n_periods)} do not tell"
        if found.n_periods
        else "as neither a setting nor the export tells",
    }
    return f"year starts in {month(found.start_month)}, {sources[found.start_month_from]}"


def outcomes(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """Which column has the outcome, and what each of its words means."""
    column = outcome_column(connection)
    yield "outcome", f"from {column}"
    if column == "won_date":
        return
    words = outcome_words(connection, column)
    for each in words[:N_WORDS]:
        read_as = " or ".join(sorted(each.outcomes)).replace("?", "not known: say so in MAPPING")
        yield "", f"{brief(each.word or '(blank)')} ({count(each.n_deals)}): {read_as}"
    if len(words) > N_WORDS:
        yield "", f"and {count(len(words) - N_WORDS)} more"


def outcome_column(connection: duckdb.DuckDBPyConnection) -> str:
    """The column from which outcomes are read."""
    (found,) = named_rows(connection, "select outcome_from from internal.export_formats")
    return found.outcome_from


def outcome_words(connection: duckdb.DuckDBPyConnection, column: str) -> list[Any]:
    """The words of the column of outcomes, the unknown ones first.

    Returns for each `word` (None: blank) `n_deals` and `outcomes`, how they are read: '?' where a
    word is not known. Rows without a deal_id, such as totals, and skipped ones do not count.
    """
    return named_rows(
        connection,
        f"""
        select
            cell_texts.cell as word,
            count(*) as n_deals,
            list(distinct case
                when outcome_texts.means = 'Deleted' then 'Deleted'
                when typed_rows.is_open then 'Open'
                else coalesce(typed_rows.outcome, '?')
            end) as outcomes
        from internal.raw_deals as raw_deals
        inner join internal.typed_rows as typed_rows using (source_line)
        left join internal.cell_texts as cell_texts
            on cell_texts.column_name = '{column}' and raw_deals."{column}" = cell_texts.text_id
        left join internal.outcome_texts as outcome_texts on cell_texts.cell = outcome_texts.cell
        where
            typed_rows.read_error is null
            and typed_rows.deal_id is not null
            and not typed_rows.is_history
            and (not typed_rows.is_deleted or outcome_texts.means = 'Deleted')
        group by word
        order by
            list_contains(outcomes, '?') desc, n_deals desc, word
        """,
    )


def stages(connection: duckdb.DuckDBPyConnection) -> list[Any]:
    """The stages of the export, the most frequent first: `word` and the outcome that it `means`.

    means: None where it is not known to be an outcome. Rows without a deal_id do not count.
    """
    return named_rows(
        connection,
        """
        select outcome_texts.cell as word, outcome_texts.means
        from internal.outcome_cells as outcome_cells
        inner join internal.outcome_texts as outcome_texts
            on outcome_cells.deal_stage = outcome_texts.cell
        group by all
        order by sum(outcome_cells.n_rows) desc, word
        """,
    )


def empty_words(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> Iterator[Line]:
    """The words that count as empty cells, per column that has any; a mapping gives them a meaning.

    columns: those that the export has.
    """
    found = named_rows(
        connection,
        """
        with empty_texts as (
            select raw_texts.column_name, trim(raw_texts.text) as word, cell_texts.n_cells
            from internal.raw_texts as raw_texts
            inner join internal.cell_texts as cell_texts using (column_name, text_id)
            where cell_texts.cell is null
            union all
            select 'deal_id' as column_name, trim(raw_deals.deal_id) as word, count(*) as n_cells
            from internal.raw_deals as raw_deals
            inner join internal.typed_rows as typed_rows using (source_line)
            where typed_rows.deal_id is null and raw_deals.read_error is null
            group by word
        )
        select column_name, word, sum(n_cells) as n_cells
        from empty_texts
        where word != ''
        group by column_name, word
        order by n_cells desc, word
        """,
    )
    for column in columns:
        words = [each for each in found if each.column_name == column]
        if words:
            shown = ", ".join(f"'{brief(each.word)}' ({count(each.n_cells)})" for each in words[:3])
            more = f" and {count(len(words) - 3)} more" if len(words) > 3 else ""
            yield column, f"counts as empty: {shown}{more}"


def levels(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """The most frequent levels of each category, and spellings that are read as one."""
    found = named_rows(
        connection,
        """
        select
            column_name,
            level,
            sum(n_deals) as n_deals,
            list(spelling order by n_deals desc, spelling) as spellings
        from internal.level_mappings
        group by column_name, level
        order by column_name, sum(n_deals) desc, level
        """,
    )
    for name in dict.fromkeys(level.column_name for level in found):
        of_column = [level for level in found if level.column_name == name]
        n_more = len(of_column) - N_LEVELS
        shown = ", ".join(
            f"{brief(level.level)} ({count(level.n_deals)})" for level in of_column[:N_LEVELS]
        )
        yield name, shown + (f" and {count(n_more)} more" if n_more > 0 else "")
        if any(level.level.lower() == "none" for level in of_column):
            yield "", "'None' is read as a level of its own, not as an empty cell"
        merged = [level for level in of_column if level.spellings != [level.level]]
        for level in merged[:N_LEVELS]:
            cells = ", ".join(f"'{brief(cell)}'" for cell in level.spellings[:N_LEVELS])
            yield "", f"read as {brief(level.level)}: {cells}"


def unused_mappings(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """The words and values in MAPPING that no row has."""
    query = "select kind, found from internal.unused_mappings order by all"
    for unused in named_rows(connection, query):
        yield "MAPPING", f"no row has the {unused.kind} '{brief(unused.found)}'"


def unused_owners(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """The lines of owners.csv that are about no owner of the export."""
    query = "select file_line, owner from internal.unused_owners order by all"
    for unused in named_rows(connection, query):
        yield "owners.csv", f"line {unused.file_line}: no row has the owner '{brief(unused.owner)}'"


def in_scope(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """'deal_type=Renewal: 2,307 rows accepted, 3,193 outside'."""
    (ledger,) = named_rows(connection, "select * from quality.row_ledger")
    n_accepted, n_outside = count(ledger.n_accepted), count(ledger.n_out_of_scope)
    return f"{brief(text)}: {n_accepted} rows accepted, {n_outside} outside"


def scope(connection: duckdb.DuckDBPyConnection, name: str = "SCOPE") -> Iterator[Line]:
    """The values in a scope that no row has, and what is pooled although win rates differ."""
    unused = "select column_name, value from internal.unused_scope_values order by all"
    for value in named_rows(connection, unused):
        yield name, f"no row has the {value.column_name} '{brief(value.value)}'"
    pooled = named_rows(
        connection,
        """
        select column_name, level, n_deals, win_rate
        from internal.pooled_deals order by column_name, n_deals desc, level
        """,
    )
    for name in dict.fromkeys(level.column_name for level in pooled):
        levels = [level for level in pooled if level.column_name == name]
        rates = ", ".join(
            f"{brief(level.level)} {percent(level.win_rate)} of {deals(level.n_deals)}"
            for level in levels[:N_LEVELS]
        )
        yield "pooled", f"win rates differ by {name}: {rates}"
        yield "", f'for one of them: SCOPE="{name}={brief(levels[0].level)}"'


def rows(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """How many rows are read and accepted, with examples of rejected rows and unparsed cells."""
    (ledger,) = named_rows(connection, "select * from quality.row_ledger")
    for name in ("read", "accepted", "rejected", "skipped"):
        yield name, count(getattr(ledger, f"n_{name}"))
    if ledger.n_out_of_scope:
        yield "", f"{count(ledger.n_out_of_scope)} of them outside SCOPE"
    yield from _reasons(connection, "rejected_deals")
    columns = named_rows(
        connection,
        """
        select
            column_name,
            count(*) as n_cells,
            min_by({line: source_line, text: cell}, source_line, $1) as examples
        from internal.unparsed_cells
        group by column_name
        order by n_cells desc, column_name
        """,
        [N_EXAMPLES],
    )
    for column in columns:
        yield column.column_name, f"not read in {count(column.n_cells)} of the accepted rows"
        for row in column.examples:
            yield "", f"line {row['line']}: '{brief(row['text'])}'"


def stage_history(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """What is read of the stage history, the stages found in it and examples of rejected rows."""
    for ledger in named_rows(connection, "select * from quality.stage_row_ledger"):
        for name in ("read", "accepted", "rejected", "skipped"):
            yield name, count(getattr(ledger, f"n_{name}"))
        for n_rows, why in (
            (ledger.n_other_fields, "are changes of other fields"),
            (ledger.n_other_deals, "are of deals that are not used"),
            (ledger.n_unchanged, "have the stage of the row before"),
        ):
            if n_rows:
                yield "", f"{count(n_rows)} of them {why}"
    found = named_rows(
        connection,
        """
        select deal_stage, max(stage_outcome) as stage_outcome, sum(n_entries) as n_entries
        from internal.stage_texts group by deal_stage order by n_entries desc, deal_stage
        """,
    )
    for stage in found[:N_LEVELS]:
        read_as = f" {stage.stage_outcome}" if stage.stage_outcome else " open"
        yield "", f"{brief(stage.deal_stage)} ({count(stage.n_entries)}):{read_as}"
    yield from _reasons(connection, "rejected_stage_rows")


def _reasons(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[Line]:
    """The reasons in a table of rejected rows, each with the first rows that have it."""
    reasons = named_rows(
        connection,
        f"""
        select
            reason_code,
            count(*) as n_rows,
            min_by({{line: source_line, text: reason}}, source_line, $1) as examples
        from quality.{table}
        group by reason_code
        order by n_rows desc, reason_code
        """,
        [N_EXAMPLES],
    )
    for reason in reasons:
        yield reason.reason_code, count(reason.n_rows)
        for row in reason.examples:
            yield "", f"line {row['line']}: {brief(row['text'], REASON_LETTERS)}"


def accepted(connection: duckdb.DuckDBPyConnection) -> str:
    """That a build would accept the export, and without how many of its rows."""
    (ledger,) = named_rows(connection, "select * from quality.row_ledger")
    if not ledger.n_rejected:
        return "A build would accept this file."
    rejected = f"{count(ledger.n_rejected)} of its {count(ledger.n_read - ledger.n_skipped)} rows"
    return f"A build would accept this file, without {rejected}."
