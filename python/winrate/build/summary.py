"""What a person wants to read at the end of a build."""

import textwrap
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from winrate import database, wording
from winrate.wording import SEVERITIES

WIDTH = 100


@dataclass(frozen=True)
class BuildFacts:
    """The figures of one build, read from its database.

    rejections, skips: the commonest reason codes of the rows that were rejected and of those passed
        over, with their counts, as text; empty where there are none.
    change: the sentence on the last two quarters, or None where the data do not reach back.
    alerts: number of alerts per severity.
    n_checks: rows of quality.data_checks.
    """

    as_of_date: date | None
    n_read: int
    n_accepted: int
    n_rejected: int
    n_skipped: int
    rejections: str
    skips: str
    n_won: int
    n_lost: int
    n_open: int
    verdict: str
    change: str | None
    alerts: dict[str, int]
    n_checks: int


def read_facts(warehouse: Path) -> BuildFacts:
    """The figures of a built database."""
    with database.open_readonly(warehouse) as connection:

        def rows(query: str) -> list[tuple]:
            return connection.execute(query).fetchall()

        ledger = rows("select n_read, n_accepted, n_rejected, n_skipped from quality.row_ledger")[0]
        reasons = rows(
            """
            select is_skipped, reason_code, count(*) from quality.rejected_deals
            group by all order by 3 desc, 2
            """
        )
        outcomes = rows(
            """
            select
                max(as_of_date),
                count(case when is_won = 1 then 1 end),
                count(case when is_won = 0 then 1 end),
                count(case when is_open then 1 end)
            from staging.stg_deals
            """
        )[0]
        verdict = rows("select statement from drivers.model_verdict")[0][0]
        change = rows(
            """
            select statement from drivers.win_rate_change
            where comparison = 'last two quarters' and basis = 'closed'
            """
        )
        alerts = dict(rows("select severity, count(*) from alerts.alerts group by all"))
        n_checks = rows("select count(*) from quality.data_checks")[0][0]
    return BuildFacts(
        outcomes[0],
        *ledger,
        *(
            ", ".join(
                [f"{wording.count(n)} {code}" for is_skip, code, n in reasons if is_skip == wanted][
                    :5
                ]
            )
            for wanted in (False, True)
        ),
        *outcomes[1:],
        verdict,
        change[0][0] if change else None,
        alerts,
        n_checks,
    )


def read_errors(warehouse: Path) -> list[str]:
    """Why an export cannot be used as a whole, a sentence each.

    warehouse: a database that a build may have left unfinished; without the table of errors there
        is no sentence.
    """
    try:
        with database.open_readonly(warehouse) as connection:
            return export_errors(connection)
    except duckdb.Error:
        return []


def export_errors(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Why an export cannot be used as a whole, a sentence each."""
    query = "select message from staging.export_errors order by error_code"
    return [message for (message,) in connection.execute(query).fetchall()]


def summary_text(
    facts: BuildFacts, deals: Path, warehouse: Path, report: Path, importance_max_deals: int
) -> str:
    """The lines to print: deals, outcomes, verdict, alerts and where everything is."""
    n = wording.count
    n_rows = facts.n_read - facts.n_skipped
    lines = [
        (
            "deals",
            f"{n(n_rows)} read, {n(facts.n_accepted)} accepted, {n(facts.n_rejected)} rejected",
        )
    ]
    if facts.n_rejected:
        lines.append(("", f"rejected: {facts.rejections}; see quality.rejected_deals"))
    if facts.n_skipped:
        lines.append(("", f"skipped: {facts.skips}"))
    lines += [
        ("outcomes", f"{n(facts.n_won)} won, {n(facts.n_lost)} lost, {n(facts.n_open)} open"),
        ("verdict", facts.verdict),
    ]
    if facts.change:
        lines.append(("change", facts.change))
    if facts.n_won + facts.n_lost > importance_max_deals:
        sample = f"fixed sample of {n(importance_max_deals)} deals"
        lines.append(("recipe", f"drivers.importance is fitted on a {sample}"))
    if facts.n_checks:
        found = f"leaks and traps found: {n(facts.n_checks)}; see quality.data_checks"
        lines.append(("checks", found))
    alerts = ", ".join(f"{n(facts.alerts.get(name, 0))} {name}" for name in SEVERITIES)
    lines += [
        ("alerts", alerts),
        ("warehouse", str(warehouse)),
        ("report", str(report / "index.html")),
    ]
    body = "\n".join(_paragraph(name, text) for name, text in lines)
    return f"{deals.name}, as of {facts.as_of_date}\n\n{body}\n"


def _paragraph(name: str, text: str) -> str:
    """'  name      text', its further lines below the text."""
    return textwrap.fill(
        text,
        width=WIDTH,
        initial_indent=f"  {name:<10} ",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )
