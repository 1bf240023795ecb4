"""Moments become days of the time zone in the settings, or are counted near a quarter's end."""

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest

from support.builds import run_main
from support.exports import sample_deals
from winrate.build import staging
from winrate.build.build import BuildRequest
from winrate.config import folder
from winrate.config.folder import Config
from winrate.project import SettingsError

ZONE = "America/New_York"  # behind UTC, with summer time


@pytest.fixture(scope="module")
def deals(tmp_path_factory, compiled_project) -> Path:
    """The sample, its deals closed at moments in UTC; they are created on days without a time."""
    path = tmp_path_factory.mktemp("moments") / "deals.csv"
    frame = sample_deals()
    minutes = np.random.default_rng(1).integers(1, 24 * 60, len(frame))
    closed = pd.to_datetime(frame["closed_date"]) + pd.to_timedelta(minutes, unit="m")
    frame["closed_date"] = closed.dt.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    frame.to_csv(path, index=False)
    return path


def staged_closes(deals: Path, config: Config, session_zone: str) -> dict[str, date]:
    """The close date of each closed deal, read in a session of a time zone."""
    request = BuildRequest(deals, Path("untouched.duckdb"), Path("untouched"), config=config)
    models = staging.compiled_models(config)
    with duckdb.connect() as connection:
        connection.execute(f"set timezone = '{session_zone}'")
        staging.stage(connection, models, request.run_values())
        query = "select deal_id, close_date from internal.checked_rows where not is_open"
        return dict(connection.execute(query).fetchall())


def moments(deals: Path) -> dict[str, pd.Timestamp]:
    frame = pd.read_csv(deals).dropna(subset=["closed_date"])
    return dict(zip(frame["deal_id"], pd.to_datetime(frame["closed_date"], utc=True), strict=True))


def test_every_moment_becomes_its_day_in_the_zone_whatever_that_of_the_machine(deals):
    own = deals.parent / "own"
    own.mkdir()
    (own / "settings.yml").write_text(f"time_zone: {ZONE}\n", encoding="utf-8")
    config = folder.read(own)
    expected = {
        deal: moment.astimezone(ZoneInfo(ZONE)).date() for deal, moment in moments(deals).items()
    }
    assert {(moment.date() - expected[deal]).days for deal, moment in moments(deals).items()} == {
        0,
        1,
    }
    for session_zone in ("Pacific/Auckland", "UTC"):
        assert staged_closes(deals, config, session_zone) == expected
    run = run_main("check", "--deals", deals, "--config", own)
    assert "of the end of a quarter" not in run.stdout


def test_closes_near_the_end_of_a_quarter_are_counted_without_a_zone(deals):
    found = moments(deals)
    assert staged_closes(deals, Config(), ZONE) == {deal: at.date() for deal, at in found.items()}
    half_a_day = timedelta(hours=12)
    n_near = sum(
        pd.Period(at - half_a_day, "Q") != pd.Period(at + half_a_day, "Q")
        for at in (moment.tz_localize(None) for moment in found.values())
    )
    assert n_near > 0
    run = run_main("check", "--deals", deals)
    line = f"{n_near} deals of {len(found):,} within 12 hours of the end of a quarter"
    assert line in run.stdout and "time_zone: Europe/Berlin" in run.stdout


@pytest.mark.parametrize(
    ("zone", "sentence"),
    [
        ("Berlin", "time_zone is 'Berlin'; expected a name of IANA, such as Europe/Berlin"),
        ("Europe/Berln", "the closest name is 'Europe/Berlin'"),
    ],
)
def test_a_time_zone_that_is_none_is_refused(tmp_path, zone, sentence):
    (tmp_path / "settings.yml").write_text(f"time_zone: {zone}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=sentence):
        folder.read(tmp_path)
