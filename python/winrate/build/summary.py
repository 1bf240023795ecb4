"""The summary of a build: what is printed at its end."""

import itertools
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from winrate import database, wording
from winrate.wording import SEVERITIES

WIDTH = 100
N_REASONS = 5  # of rejected and of skipped rows


@dataclass(frozen=True)
class BuildFacts:
    """The figures of one build, read from its database.

    rejections, skips: the most frequent reason codes of the rejected rows and of the skipped ones,
        with their counts, as text; empty where there are none.
    stages: what was read of the stage history; empty without one.
    change: the sentence on the primary comparison, or None where the data do not reach back.
    alerts: number of alerts per severity.
    warnings: the messages of quality.data_checks that change how all figures are to be read.
    n_checks: rows of quality.data_checks.
    """

    as_of_date: date | None
    n_read: int
    n_accepted: int
    n_rejected: int
    n_skipped: int
    n_out_of_scope: int
    scope: str
    rejections: str
    skips: str
    stages: str
    n_won: int
    n_lost: int
    n_open: int
    verdict: str
    change: str | None
    alerts: dict[str, int]
    warnings: list[str]
    n_checks: int


def read_facts(warehouse: Path) -> BuildFacts:
    """The figures of a built database."""
    with database.open_readonly(warehouse) as connection:

        def rows(query: str) -> list[Any]:
            return database.named_rows(connection, query)

        (ledger,) = rows("select * from quality.row_ledger")
        (outcomes,) = rows(
            """
            select
                max(as_of_date) as as_of_date,
                count(case when is_won = 1 then 1 end) as n_won,
                count(case when is_won = 0 then 1 end) as n_lost,
                count(case when is_open then 1 end) as n_open
            from staging.stg_deals
            """
        )
        histories = rows("select * from quality.stage_row_ledger")
        (scope,) = rows("select scope from quality.build_info")
        reasons = rows(
            """
            select is_skipped, reason_code, count(*) as n_rows
            from quality.rejected_deals
            group by is_skipped, reason_code
            order by n_rows desc, reason_code
            """
        )
        (verdict,) = rows("select statement from drivers.model_verdict")
        changes = rows(
            "select statement from drivers.win_rate_change where is_primary and basis = 'closed'"
        )
        alerts = rows("select severity, count(*) as n_alerts from alerts.alerts group by severity")
        checks = rows("select severity, message from quality.data_checks order by all")
    return BuildFacts(
        as_of_date=outcomes.as_of_date,
        n_read=ledger.n_read,
        n_accepted=ledger.n_accepted,
        n_rejected=ledger.n_rejected,
        n_skipped=ledger.n_skipped,
        n_out_of_scope=ledger.n_out_of_scope,
        scope=scope.scope,
        rejections=_listed(reason for reason in reasons if not reason.is_skipped),
        skips=_listed(reason for reason in reasons if reason.is_skipped),
        stages="".join(_stage_rows(history) for history in histories),
        n_won=outcomes.n_won,
        n_lost=outcomes.n_lost,
        n_open=outcomes.n_open,
        verdict=verdict.statement,
        change=changes[0].statement if changes else None,
        alerts={each.severity: each.n_alerts for each in alerts},
        warnings=[check.message for check in checks if check.severity == "warning"],
        n_checks=len(checks),
    )


def _stage_rows(ledger: Any) -> str:
    """What a row of quality.stage_row_ledger says."""
    n = wording.count
    return (
        f"{n(ledger.n_read)} rows of stage history read, {n(ledger.n_accepted)} accepted, "
        f"{n(ledger.n_rejected)} rejected, {n(ledger.n_skipped)} skipped"
    )


def _listed(reasons: Iterable[Any]) -> str:
    """'12 bad_created_date, 3 duplicate_deal_id': the first reasons, each with its count."""
    shown = itertools.islice(reasons, N_REASONS)
    return ", ".join(f"{wording.count(each.n_rows)} {each.reason_code}" for each in shown)


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
    query = "select message from internal.export_errors order by error_code"
    return [message for (message,) in connection.execute(query).fetchall()]


def summary_text(
    facts: BuildFacts,
    deals: Path,
    warehouse: Path,
    report: Path,
    importance_max_deals: int,
    warnings: Sequence[str] = (),
) -> str:
    """The lines to print: deals, outcomes, verdict, alerts and where everything is.

    warnings: of what the database does not know, such as a state that cannot be used.
    """
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
    if facts.skips:
        lines.append(("", f"skipped: {facts.skips}"))
    if facts.stages:
        lines.append(("stages", facts.stages))
    if facts.scope:
        lines.append(("scope", f"{facts.scope}; {n(facts.n_out_of_scope)} rows are outside"))
    lines += [("warning", warning) for warning in [*facts.warnings, *warnings]]
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
        lines.append(("checks", f"{n(facts.n_checks)} found; see quality.data_checks"))
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
