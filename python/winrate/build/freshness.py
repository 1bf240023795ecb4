"""Is the published build fresh enough? For a scheduler that must notice when builds stop."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from winrate import database

UNITS = {"m": "minutes", "h": "hours", "d": "days"}
MAX_CLOCK_SKEW = timedelta(minutes=5)  # between the machine that built and the one that asks


class StaleError(RuntimeError):
    """A build that is too old, or whose age cannot be told: one sentence that says which."""


def duration(text: str) -> timedelta:
    """'90m', '26h' or '7d' as a length of time; raises StaleError for anything else."""
    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text, re.ASCII)
    if not match:
        raise StaleError(f"MAX_AGE is '{text}'; expected minutes, hours or days: 90m, 26h, 7d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def check_fresh(warehouse: Path, max_age: timedelta, now: datetime) -> str:
    """A sentence on the age of the published build, where it is at most `max_age` old at `now`.

    now: a moment with its time zone.
    Raises StaleError where it is older, and where nothing tells its age: no file, one that cannot
    be read, no quality.build_info, a moment in the future.
    """
    moment, deals, as_of_date = _built(warehouse)
    age = now - moment
    sentence = (
        f"{warehouse} was built {_ago(age)} ago ({moment:%Y-%m-%d %H:%M} UTC) from {deals}, "
        f"as of {as_of_date}"
    )
    if age < -MAX_CLOCK_SKEW:
        raise StaleError(
            f"{warehouse} says that it was built on {moment:%Y-%m-%d %H:%M} UTC, which is yet to "
            "come; set the clocks right and build again."
        )
    if age > max_age:
        raise StaleError(f"{sentence}: more than {_ago(max_age)}. Find out why no build follows.")
    return f"{sentence}."


def _built(warehouse: Path) -> tuple[datetime, str, str]:
    """When a warehouse was built, from which file and as of which day."""
    if not warehouse.is_file():
        raise StaleError(f"{warehouse} is not there; run `make build` first.")
    query = "select built_at, source_file, as_of_date::text from quality.build_info"
    try:
        with database.open_readonly(warehouse) as connection:
            [(built_at, *rest)] = connection.execute(query).fetchall()
        return datetime.strptime(built_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC), *rest
    except (duckdb.Error, ValueError, TypeError) as error:
        raise StaleError(
            f"{warehouse} does not say when it was built ({database.reason(error)}); expected one "
            "row in quality.build_info. Build it again."
        ) from error


def _ago(age: timedelta) -> str:
    """'90 minutes', '26 hours' or '7 days': the largest unit of which there are two."""
    minutes = max(int(age.total_seconds() // 60), 0)
    for unit, size in (("day", 24 * 60), ("hour", 60)):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}s"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
