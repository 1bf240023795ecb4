"""Small databases made by hand for the tests of the report, and the rows that are put into them."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from unittest import mock

import duckdb
import yaml

from winrate import project
from winrate.report import files, page
from winrate.report.blocks import Section
from winrate.report.data import Data

SCHEMAS = ("drivers", "scores", "alerts", "quality")


@cache
def contracts() -> dict[str, dict[str, str]]:
    """Type by column of each public table, as its contract has it."""
    found = {}
    for schema in SCHEMAS:
        for path in sorted((project.ROOT / "models" / schema).rglob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                if model.get("config", {}).get("contract", {}).get("enforced"):
                    columns = {column["name"]: column["data_type"] for column in model["columns"]}
                    found[f"{schema}.{model['name']}"] = columns
    return found


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every public table, with the columns of its contract."""
    for schema in SCHEMAS:
        connection.execute(f"create schema {schema}")
    for table, columns in contracts().items():
        typed = ", ".join(f"{name} {data_type}" for name, data_type in columns.items())
        connection.execute(f"create table {table} ({typed})")


@cache
def empty_tables() -> duckdb.DuckDBPyConnection:
    """Every public table in memory, for tests that take back what they insert."""
    connection = duckdb.connect()
    create_tables(connection)
    return connection


def fill(connection: duckdb.DuckDBPyConnection, tables: dict[str, list[dict]]) -> None:
    """Insert rows by table; what a row lacks is null."""
    for table, rows in tables.items():
        for row in rows:
            connection.execute(
                f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                list(row.values()),
            )


def write_report(tables: dict[str, list[dict]], folder: Path) -> Path:
    """Write a database of these rows per table, and its report; returns the report's folder."""
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.begin()
        create_tables(connection)
        fill(connection, tables)
        connection.commit()
    path = files.write_report(warehouse, folder / "report")
    assert path == folder / "report" / "index.html"
    return path.parent


def write_page(
    tables: dict[str, list[dict]],
    path: Path,
    sections: Sequence[Callable[[Data], Section | None]] = page.SECTIONS,
) -> Path:
    """Write the page of a database of these rows per table, and no chart files.

    sections: which sections the page has, of all. The library of the charts is left out, which is
    nearly all of a page.
    """
    connection = empty_tables().begin()
    try:
        fill(connection, tables)
        with (
            mock.patch.object(page, "SECTIONS", sections),
            mock.patch.object(page, "get_plotlyjs", lambda: "// the library"),
        ):
            path.write_text(page.html(Data(connection)), encoding="utf-8")
    finally:
        connection.rollback()
    return path


def driver(level, effect, evidence="inconclusive", **values):
    """A row of drivers.win_rate_drivers with an interval of one point on either side."""
    return {
        "feature": "lead_source",
        "level": level,
        "n_deals": 100,
        "win_rate": 0.4,
        "effect_pp": effect,
        "effect_pp_low": None if effect is None else effect - 1,
        "effect_pp_high": None if effect is None else effect + 1,
        "q_value": 0.01,
        "evidence": evidence,
        "known_at": "creation",
        "statement": f"About {level}.",
    } | values


def change(verdict="declined", **values):
    """The row of drivers.win_rate_change that leads the page."""
    return {
        "comparison": "last two quarters",
        "is_primary": True,
        "basis": "closed",
        "before_start": "2025-07-01",
        "before_end": "2025-12-31",
        "after_start": "2026-01-01",
        "after_end": "2026-06-30",
        "n_before": 1400,
        "n_after": 1500,
        "win_rate_before": 0.45,
        "win_rate_before_low": 0.42,
        "win_rate_before_high": 0.48,
        "win_rate_after": 0.40,
        "win_rate_after_low": 0.37,
        "win_rate_after_high": 0.43,
        "change_pp": -5.0,
        "change_pp_low": -8.6,
        "change_pp_high": -1.4,
        "p_value": 0.006,
        "detectable_pp": 5.2,
        "verdict": verdict,
        "statement": "A fall of 5 points.",
    } | values


def change_part(feature, mix, rate, evidence="inconclusive", **values):
    """A row of drivers.win_rate_change_model with intervals of one point on either side."""
    return {
        "comparison": "last two quarters",
        "is_primary": True,
        "feature": feature,
        "explained_pp": mix,
        "explained_pp_low": mix - 1,
        "explained_pp_high": mix + 1,
        "unexplained_pp": rate,
        "unexplained_pp_low": rate - 1,
        "unexplained_pp_high": rate + 1,
        "total_pp": mix + rate,
        "evidence": evidence,
        "statement": f"Part of {feature}.",
    } | values


def cause(contribution, evidence="inconclusive", **values):
    """A row of drivers.win_rate_change_causes with an interval of two points on either side."""
    return {
        "comparison": "last two quarters",
        "is_primary": True,
        "cause_order": 1,
        "cause": "mix",
        "contribution_pp": contribution,
        "contribution_pp_low": None if contribution is None else contribution - 2,
        "contribution_pp_high": None if contribution is None else contribution + 2,
        "q_value": 0.01,
        "evidence": evidence,
        "statement": "About a cause.",
    } | values


def segment(level, contribution, evidence, **values):
    """A row of drivers.win_rate_change_causes on a segment."""
    return cause(
        contribution,
        evidence,
        **{
            "cause_order": 3,
            "cause": "segment",
            "feature": "region",
            "level": level,
            "n_before": 420,
            "n_after": 465,
            "win_rate_before": 0.37,
            "win_rate_after": 0.2,
        }
        | values,
    )


def loss(reason, evidence="inconclusive", **values):
    """A row of drivers.loss_reasons on all deals, with an interval of two points on either side."""
    return {
        "comparison": "last two quarters",
        "is_primary": True,
        "dimension": "loss_reason",
        "reason": reason,
        "kind": "other",
        "n_lost_after": 120,
        "n_all_lost_after": 800,
        "lost_amount_after": 1_200_000,
        "share_before": 0.1,
        "share_after": 0.15,
        "change_pp": 5.0,
        "change_pp_low": 3.0,
        "change_pp_high": 7.0,
        "q_value": 0.02,
        "evidence": evidence,
        "rank": 1,
    } | values


def rep(name, evidence="inconclusive", n_deals=100, n_won=40, **values):
    """A row of drivers.rep_performance, the limits as wide as one over the root of its deals."""
    width = n_deals**-0.5 if n_deals else None
    limits = {
        f"funnel_{end}_{coverage}": width and 0.4 + sign * times * width
        for coverage, times in (("95", 1.0), ("998", 1.5))
        for end, sign in (("low", -1), ("high", 1))
    }
    return {
        "sales_rep_id": name,
        "n_deals": n_deals,
        "n_won": n_won,
        "win_rate": n_won / n_deals if n_deals else None,
        **limits,
        "expected_win_rate": 0.42,
        "adjusted_win_rate": n_won / n_deals - 0.02 if n_deals else None,
        "between_rep_sd": 0.051,
        "chance_sd": 0.05,
        "spread_p_value": 0.37,
        "spread_evidence": "inconclusive",
        "evidence": evidence,
        "statement": f"About {name}.",
    } | values


def quarter(start, is_complete=True):
    """A row of drivers.win_rate_trend."""
    return {
        "basis": "closed",
        "grain": "quarter",
        "period_start": start,
        "n_deals": 90,
        "win_rate": 0.4,
        "win_rate_low": 0.3,
        "win_rate_high": 0.5,
        "control_low": 0.25,
        "control_high": 0.55,
        "is_complete": is_complete,
    }


def deal(deal_id, status, grade=None, **values):
    """A row of scores.scored_deals."""
    return {
        "deal_id": deal_id,
        "status": status,
        "as_of_date": "2026-06-30",
        "deal_stage": "Proposal",
        "deal_amount": 1000,
        "win_probability": 0.62,
        "win_probability_low": 0.5,
        "win_probability_high": 0.7,
        "grade": grade,
        "expected_amount": 620,
    } | values


def open_deal(deal_id, grade="A", **values):
    """A row of scores.open_deals."""
    row = deal(deal_id, "open", grade, **{"owner": "rep_1"} | values)
    return {name: value for name, value in row.items() if name != "status"}


def alert(condition, severity, entity_id, **values):
    """A row of alerts.alerts."""
    return {
        "condition": condition,
        "severity": severity,
        "entity_id": entity_id,
        "owner": "rep_1",
        "message": f"Message on {entity_id}",
        "recommended_action": f"Do something about {condition}.",
        "amount_at_stake": 1000,
    } | values


STORY = {
    "drivers.model_verdict": [
        {"verdict": "signal", "win_rate": 0.5, "statement": "The features have a signal."}
    ],
    "drivers.win_rate_change": [
        change(
            "no detectable change",
            comparison="last quarter",
            is_primary=False,
            statement="Not this one.",
        ),
        change(),
    ],
    "drivers.win_rate_change_model": [
        change_part("baseline", 0.0, 0.2),
        change_part("lead_source", -1.5, 0.3),
        change_part("region", 0.1, -4.1, "got worse"),
        change_part("region", 9.0, 9.0, comparison="last quarter", is_primary=False),
    ],
    "drivers.win_rate_drivers": [
        driver("Referral", 12.5, "helps"),
        driver("Partner", -13.3, "hurts"),
        driver("Inbound", 0.5),
        driver("Outbound", -0.4, "too few deals"),
        driver("Walk-in", None, "inconclusive", q_value=None),
    ],
    "drivers.importance": [
        {"feature": "cat__lead_source_Referral", "coefficient": 0.5},
        {"feature": "cat__lead_source_Partner", "coefficient": -0.6},
        {"feature": "num__deal_amount", "coefficient": -0.00001},
    ],
    "drivers.win_rate_trend": [
        quarter("2026-01-01"),
        quarter("2025-10-01"),
        quarter("2026-04-01", is_complete=False),
    ],
    "drivers.win_rate_change_causes": [
        cause(-1.4, "lowered"),
        cause(0.2, cause="all deals", cause_order=2),
        segment("APAC", -3.8, "lowered"),
        segment("India", 0.4, "inconclusive", comparison="last quarter", is_primary=False),
    ],
    "drivers.rep_performance": [
        rep("rep_2", n_deals=160, n_won=72),
        rep("rep_1", "below", n_deals=200, n_won=40),
        rep("rep_3", "above", n_deals=50, n_won=35),
        rep("rep_4", "too few deals", n_deals=2, n_won=2),
        rep("rep_5", "too few deals", n_deals=0, n_won=0),
    ],
    "drivers.pipeline_health": [{"statement": "The pipeline is as large as a year ago."}],
    "quality.row_ledger": [
        {
            "source_file": "deals.csv",
            "n_read": 1005,
            "n_accepted": 1000,
            "n_rejected": 4,
            "n_skipped": 1,
        }
    ],
    "quality.build_info": [
        {
            "run_id": "5f2c1a",
            "built_at": "2026-07-01T06:00:00Z",
            "input_sha256": "0123456789abcdef" * 4,
            "as_of_date": "2026-06-30",
            "winrate_version": "0.1.0",
        }
    ],
    "scores.scored_deals": [
        deal("W1", "won"),
        deal("L1", "lost"),
        deal("O1", "open", "A", top_reason_1="Lead source Referral: +12.0 points"),
        deal("O2", "open", "D", win_probability=0.1, expected_amount=100),
    ],
    "scores.open_deals": [
        open_deal("O1", top_reason_1="Lead source Referral: +12.0 points"),
        open_deal("O2", "D", win_probability=0.1, expected_amount=100),
    ],
    "alerts.alerts": [
        alert("deal_stalled", "warning", "O1"),
        alert("win_rate_decline", "critical", "all"),
    ],
}


def story_with(**tables) -> dict[str, list[dict]]:
    """The story with some tables replaced: `alerts_alerts=[...]`."""
    return STORY | {name.replace("_", ".", 1): rows for name, rows in tables.items()}
