"""Benchmarks measure what they say, on exports that are the same everywhere."""

import subprocess
import sys

import duckdb
import numpy as np
import pytest

from tools.benchmarks import document, peers
from tools.benchmarks.builds import BuildTimes
from tools.benchmarks.daily import COPIED, DailyTimes, daily_times
from tools.benchmarks.exports import deals_query, write_export
from tools.benchmarks.measure import Measured, measured
from tools.benchmarks.peers import PeerTimes

MIB = 1 << 20


def test_a_longer_export_begins_with_the_deals_of_a_shorter_one():
    first = duckdb.sql(f"select * from ({deals_query(500)}) order by deal_id").fetchall()
    longer = duckdb.sql(f"select * from ({deals_query(2_000)}) order by deal_id").fetchall()
    assert longer[:500] == first
    assert len({deal_id for deal_id, *_ in longer}) == 2_000


def test_an_export_has_effects_and_a_few_open_deals(tmp_path):
    path = write_export(tmp_path / "deals.csv", 20_000)
    ((open_share, referral, partner),) = duckdb.sql(
        f"""
        select
            count(*) filter (outcome = 'Open') / count(*),
            count(*) filter (lead_source = 'Referral' and outcome = 'Won')
            / count(*) filter (lead_source = 'Referral' and outcome != 'Open'),
            count(*) filter (lead_source = 'Partner' and outcome = 'Won')
            / count(*) filter (lead_source = 'Partner' and outcome != 'Open')
        from '{path}'
        """
    ).fetchall()
    assert open_share == pytest.approx(0.06, abs=0.01)
    assert referral - partner > 0.1


def test_features_are_added_beside_the_others(tmp_path):
    deals = duckdb.read_csv(str(write_export(tmp_path / "deals.csv", 1_000, 3, n_levels=4)))
    plain = duckdb.read_csv(str(write_export(tmp_path / "plain.csv", 1_000)))
    assert deals.columns == [*plain.columns, "feature_01", "feature_02", "feature_03"]
    assert deals.project(", ".join(plain.columns)).fetchall() == plain.fetchall()
    ((n_levels, n_pairs),) = deals.aggregate(
        "count(distinct feature_01), count(distinct (feature_01, feature_02))"
    ).fetchall()
    assert (n_levels, n_pairs) == (4, 16)


def test_a_fit_on_profiles_is_that_of_the_peers(tmp_path):
    path = write_export(tmp_path / "deals.parquet", 20_000)
    n_deals = peers.profiles(path)["n_deals"]
    on_profiles = np.repeat(peers.fit_winrate(path), n_deals)
    on_deals = peers.fit_newton_cholesky(path)
    assert np.sort(on_profiles) == pytest.approx(np.sort(on_deals), abs=1e-8)


def test_a_daily_build_is_compared_with_the_one_before(tmp_path):
    path = write_export(tmp_path / "deals.csv", 1_000)
    warehouse = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for name in COPIED:
            connection.execute(f"create schema {name.split('.')[0]}")
            connection.execute(f"create table {name} as from '{path}'")
    assert daily_times(1_000, path, warehouse, tmp_path).copy_seconds > 0
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as connection:
        assert connection.table("scored_deals").count("*").fetchall() == [(1_000,)]


def test_all_processes_of_a_command_are_measured():
    grandchild = f"x = bytearray({200 * MIB}); sum(range(20_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"
    result = measured(sys.executable, "-c", child)
    assert result.peak_memory > 200 * MIB
    assert result.cpu_seconds > 0


def test_what_a_failed_command_printed_is_told():
    with pytest.raises(subprocess.CalledProcessError) as raised:
        measured(sys.executable, "-c", "print('no such export'); raise SystemExit(1)")
    assert "no such export" in raised.value.output


def test_the_page_has_each_build_with_its_ratio_to_the_bare_read(tmp_path):
    builds = [
        BuildTimes(
            *(n_deals, "csv", 93 * n_deals, 45 * n_deals, read, Measured(seconds, 9, 1 << 30)),
            by_layer={"staging": 30.0, "estimates": 90.0},
        )
        for n_deals, read, seconds in [(1_000_000, 0.5, 20.0), (10_000_000, 2.0, 90.0)]
    ]
    sample = {"import of dbt": Measured(1.5, 1.5, 0), "second build": Measured(12.0, 12.0, 0)}
    page = tmp_path / "benchmarks.md"
    others = [
        PeerTimes("winrate", 10_000_000, 1, 2.0, Measured(3.0, 3.0, 1 << 29)),
        PeerTimes("original recipe", 1_000_000, 10, 20.0, Measured(22.0, 22.0, 1 << 30)),
    ]
    document.write(page, sample, builds, others, DailyTimes(10_000_000, 4.0, 5.0))
    text = page.read_text()
    assert "| 10,000,000 | csv, 930 MB | 90.0 s | 9.0 s | 1.00 GiB | 2.00 s | 45.0 | 0.48 |" in text
    assert "90 seconds and 1.0 GiB of memory" in text and "45 times" in text
    assert "| second build | 12.00 s | 12.00 s | 8.0 |" in text
    assert "| winrate | 10,000,000 | 2.0 s | 3.0 s | 0.50 GiB | 1.0 |" in text
    assert "| original recipe | 1,000,000 x 10 | 200.0 s | 22.0 s | 1.00 GiB | 100.0 |" in text
    assert "| staging | 30.0 s | 25% |" in text
    assert "it would take 85% of the time of a full build" in text  # 75%, and 9 of 90 seconds
    assert (tmp_path / document.PICTURE).stat().st_size > 0
