"""The alerts of the day, the most severe first."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Guide, Heading, Paragraph, Section, Table
from winrate.report.data import Data
from winrate.report.summary import by_severity
from winrate.report.text import known, linked, short_name, span, without_blank_columns

MAX_ALERTS = 15  # of one condition; the view of the condition has the others

ALERTS = f"""
    select
        severity, condition, recommended_action, message, alerts.deal_url, alerts.owner,
        coalesce(account_name, account_id) as account, amount_at_stake,
        amount_at_stake_low, amount_at_stake_high, count(*) over same as n_alerts
    from alerts.alerts
    left join scores.open_deals on entity_type = 'deal' and entity_id = deal_id
    window same as (partition by severity, condition, recommended_action)
    qualify row_number() over (
        partition by severity, condition, recommended_action
        order by amount_at_stake desc nulls last, entity_id, message
    ) <= {MAX_ALERTS}
    order by severity, condition, recommended_action, amount_at_stake desc nulls last, entity_id,
        message
"""


def section(data: Data) -> Section:
    """One table per condition and recommended action."""
    alerts = data.rows(ALERTS)
    if alerts.empty:
        return Section("alerts", "Alerts today", [Paragraph("There are no alerts today.")])
    by_name = dict(tuple(alerts.groupby("severity", dropna=False)))
    blocks = [
        block
        for severity in by_severity(by_name)
        for _, rows in by_name[severity].groupby(["condition", "recommended_action"], dropna=False)
        for block in _group(severity, rows, data.amount)
    ]
    return Section("alerts", "Alerts today", blocks)


def _group(severity: str, alerts: pd.DataFrame, amount: Callable[[Any], str]) -> list[Block]:
    """The alerts of one condition that call for one action.

    amount: how an amount reads.
    """
    first = alerts.iloc[0]
    condition, n_alerts = known(first["condition"]), int(first["n_alerts"])
    rows = [
        {
            "Message": linked(known(row.message), row.deal_url),
            "Account": short_name(row.account),
            "Owner": short_name(row.owner),
            "Amount at stake": _at_stake(row, amount),
        }
        for row in alerts.itertuples()
    ]
    blocks: list[Block] = [
        Heading(f"{wording.feature_title(condition)} ({wording.count(n_alerts)})", known(severity)),
        Paragraph(f"Recommended action: {known(first['recommended_action'])}"),
        Table(
            without_blank_columns(rows, ["Account"]),
            numbers=frozenset(["Amount at stake"]),
        ),
    ]
    n_more = n_alerts - len(alerts)
    if n_more > 0:
        blocks.append(Guide(f"and {wording.count(n_more)} more in alerts.alert_{condition}"))
    return blocks


def _at_stake(alert: Any, amount: Callable[[Any], str]) -> str:
    """'€1,200 (€400 to €2,000)': with its interval, where it is an estimate."""
    if pd.isna(alert.amount_at_stake_low):
        return amount(alert.amount_at_stake)
    interval = span(alert.amount_at_stake_low, alert.amount_at_stake_high, amount)
    return f"{amount(alert.amount_at_stake)} ({interval})"
