"""The top of the page: the headline, the statements behind it and the key figures."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from winrate import wording
from winrate.report.data import Data
from winrate.report.headline import headline
from winrate.report.text import known

SCOPE = """
    select build_info.scope, row_ledger.n_read, row_ledger.n_out_of_scope
    from quality.build_info
    cross join quality.row_ledger
"""
WARNINGS = "select message from quality.data_checks where severity = 'warning' order by all"
COVERAGE = """
    select statement from drivers.target_coverage
    where entity_type = 'all' and is_current
    order by period_end, period_start desc
"""
ALERT_COUNTS = "select severity, count(*) as n_alerts from alerts.alerts group by severity"


@dataclass(frozen=True)
class Summary:
    """What stands above the sections; `figures` are numbers as text, by their names.

    scope: the deals that the page is about, or empty where these are all of the export.
    warnings: what changes how all figures are to be read.
    """

    as_of: str
    scope: str
    headline: str
    warnings: list[str]
    statements: list[str]
    figures: dict[str, str]


def summary(data: Data) -> Summary:
    """The top of the page."""
    totals = data.totals
    return Summary(
        as_of=known(totals["as_of_date"], "{:%Y-%m-%d}".format),
        scope=_scope(data),
        headline=headline(data),
        warnings=[known(message) for message in data.rows(WARNINGS)["message"]],
        statements=[
            *(known(row["statement"]) for row in (data.verdict, data.change) if row is not None),
            *_needed(data),
            *(known(statement) for statement in data.rows(COVERAGE)["statement"]),
        ],
        figures={
            "Closed deals": wording.count(totals["n_closed"]),
            "Won": wording.count(totals["n_won"]),
            "Win rate": known(totals["win_rate"], wording.percent),
            "Open deals": wording.count(totals["n_open"]),
            "Open amount": data.amount(totals["open_amount"]),
            "Alerts today": _alert_counts(data),
        },
    )


def _scope(data: Data) -> str:
    """'Only deals with deal_type=Renewal: 1,234 of 5,500 rows of the export.', or nothing."""
    scope = next(data.rows(SCOPE).itertuples(), None)
    if scope is None or not scope.scope:
        return ""
    n_within = wording.count(scope.n_read - scope.n_out_of_scope)
    return (
        f"Only deals with {known(scope.scope)}: {n_within} of {wording.count(scope.n_read)} rows "
        "of the export."
    )


def by_severity(severities: Iterable[str]) -> list[str]:
    """The most severe first; what is none of `wording.SEVERITIES`, last."""
    ranks = {name: rank for rank, name in enumerate(wording.SEVERITIES)}
    return sorted(severities, key=lambda name: (ranks.get(name, len(ranks)), str(name)))


def _alert_counts(data: Data) -> str:
    """'1 critical · 2 info', or 'none'."""
    n_alerts = data.rows(ALERT_COUNTS).set_index("severity")["n_alerts"]
    counts = [
        f"{wording.count(n_alerts[severity])} {known(severity)}"
        for severity in by_severity(n_alerts.index)
    ]
    return " · ".join(counts) or "none"


def _needed(data: Data) -> list[str]:
    """The sentence on how many deals would be needed; none where the features have a signal."""
    if data.verdict_name != "no signal":
        return []
    clauses = []
    n_closed, minimum = data.totals["n_closed"], data.verdict["minimum_deals"]
    if not pd.isna(minimum):
        advice = (
            "more deals of this kind are unlikely to help, but other features might"
            if n_closed >= minimum
            else "wait for more deals before looking for drivers"
        )
        clauses.append(
            f"a model with these features needs {wording.count(minimum)} closed deals to detect a "
            f"signal of usual strength, and there are {wording.count(n_closed)}, so {advice}"
        )
    if data.change is not None and not pd.isna(data.change["detectable_pp"]):
        clauses.append(
            f"in the comparison '{known(data.change['comparison'])}', the smallest drop that "
            f"would usually be detected is {wording.points(data.change['detectable_pp'])}"
        )
    return [f"What it would take: {'; '.join(clauses)}."] if clauses else []
