"""Same inputs, same tables: whatever the threads, the time zone and the order of the rows."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest

from support.builds import run_main
from support.exports import sample_deals
from support.project_copy import copy_project
from support.shared import shared_folder
from winrate import project
from winrate.build import compiled, data_tests

N_DEALS = 2_500
# DuckDB spreads work over threads from 122,880 rows on. This makes it do so from 2,048 on, so that
# an export of seconds shows what a large one would.
SPREAD = "pragma verify_parallelism"
EXPORTING = ["export", "--folder", "export"]


class Built(NamedTuple):
    """A build: its page, and its public tables as CSV files."""

    page: str
    tables: dict[str, bytes]


def spreading_project(folder: Path) -> Path:
    """A copy of the project whose models always spread their work over all threads."""
    root = copy_project(folder)
    settings = root / "dbt_project.yml"
    text = settings.read_text(encoding="utf-8")
    materialized = "    +materialized: table\n"
    assert text.count(materialized) == 1
    spread = f'    +pre-hook: {{sql: "{SPREAD}", transaction: false}}\n'
    settings.write_text(text.replace(materialized, materialized + spread), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def deals() -> pd.DataFrame:
    """Closed and open deals of the sample, with data for which the order of rows could matter.

    These are rejected rows, levels spelled in two ways equally often, and duplicate deals.
    """
    sample = sample_deals().fillna("")
    deals = sample.iloc[:: len(sample) // N_DEALS].head(N_DEALS).reset_index(drop=True)
    deals.loc[::100, "created_date"] = "soon"
    deals.loc[1::500, "sales_cycle_days"] = [f"{n} or so" for n in range(len(deals.loc[1::500]))]
    india = deals.index[deals["region"] == "India"]
    deals.loc[india[: len(india) // 2], "region"] = "INDIA"
    # Cents, whose sums as floats depend on their order.
    deals["deal_amount"] += [f".{n % 100:02}" for n in range(len(deals))]
    other_values = deals.iloc[10:40].assign(deal_amount="7.25", region="Europe")
    return pd.concat([deals, other_values, deals.iloc[50:60]], ignore_index=True)


def keep_data_tests(compiled_once: Path, root: Path) -> None:
    """Have DuckDB run the data tests of the first build, too; they are those of the project."""
    tests = data_tests.read(compiled_once, compiled.project_key())
    (root / "target").mkdir()
    compiled.write(root / "target" / data_tests.FILE, compiled.project_key(root=root), tests)


@pytest.fixture(scope="module")
def build_and_export(tmp_path_factory) -> Callable[..., Built]:
    """`build_and_export(name, deals, zone, threads, run)` builds and exports, each name once.

    run: in a folder with `deals.csv`, what leaves `report` and `export` there.
    """

    def build_named(
        name: str, deals: pd.DataFrame, zone: str, threads: int, run: Callable[..., None]
    ) -> Built:
        with shared_folder(tmp_path_factory, f"determinism_{name}") as shared:
            finished = shared / "finished"
            if not finished.exists():
                folder = shared / "build"
                folder.mkdir()
                deals.to_csv(folder / "deals.csv", index=False)
                run(folder, threads, TZ=zone, PYTHONHASHSEED=str(threads))
                folder.rename(finished)
        page = (finished / "report" / "index.html").read_text(encoding="utf-8")
        exported = (finished / "export").iterdir()
        return Built(page, {file.stem: file.read_bytes() for file in exported})

    return build_named


def run_commands(compiled_once: Path, folder: Path, threads: int, **environment: str) -> None:
    """`winrate build` and `winrate export`, with dbt, of a copy of the project that spreads."""
    root = spreading_project(folder.with_name("project"))
    keep_data_tests(compiled_once, root)
    building = ["build", "--deals", "deals.csv", "--threads", str(threads)]
    run_python(
        f"from winrate.__main__ import main; exit(main({building}) or main({EXPORTING}))",
        folder,
        environment | {"PYTHONPATH": str(root / "python"), "DBT_TARGET_PATH": str(root / "target")},
    )


def run_compiled(compiled_once: Path, folder: Path, threads: int, **environment: str) -> None:
    """The same without dbt: the models as it compiled them, one after the other."""
    paths = [project.ROOT / "python", project.ROOT / "tests/python"]
    run_python(
        "from pathlib import Path; from support.builds import built;"
        "from winrate.__main__ import main;"
        f"built(Path(), Path('deals.csv'), first={SPREAD!r}, threads={threads});"
        f"exit(main({EXPORTING}))",
        folder,
        environment
        | {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "DBT_TARGET_PATH": str(compiled_once),
        },
    )


def run_python(code: str, folder: Path, environment: dict[str, str]) -> None:
    """Run code in a process of its own, in a folder."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def first(build_and_export, deals, compiled_once) -> Built:
    """One thread, in UTC, rows as the CRM has them."""
    run = partial(run_compiled, compiled_once)
    return build_and_export("first", deals, "UTC", 1, run)


@pytest.fixture(scope="module")
def elsewhere(build_and_export, deals, compiled_once) -> Built:
    """The same export, built by dbt with four threads half a day away, as users build it."""
    run = partial(run_commands, compiled_once)
    return build_and_export("elsewhere", deals, "Asia/Kolkata", 4, run)


@pytest.fixture(scope="module")
def shuffled(build_and_export, deals, compiled_once) -> Built:
    """The same rows in another order, built by four threads on the other side of UTC."""
    in_disorder = deals.sample(frac=1, random_state=1)
    run = partial(run_compiled, compiled_once)
    return build_and_export("shuffled", in_disorder, "America/Los_Angeles", 4, run)


def without(table: bytes, columns: set[str]) -> list[tuple[str, ...]]:
    """The rows of a CSV file, sorted, without some of its columns."""
    header, *lines = csv.reader(table.decode().splitlines(keepends=True))
    kept = [position for position, name in enumerate(header) if name not in columns]
    return [tuple(header[n] for n in kept), *sorted(tuple(line[n] for n in kept) for line in lines)]


def differing(one: Built, other: Built, columns: dict[str, set[str]]) -> list[str]:
    """The tables that are not the same in both; `columns` of a table do not count."""
    assert one.tables.keys() == other.tables.keys()
    return [
        name
        for name, table in one.tables.items()
        if (
            without(table, columns[name]) != without(other.tables[name], columns[name])
            if name in columns
            else table != other.tables[name]
        )
    ]


RUN = {"run_id", "built_at"}


def test_threads_and_time_zone_change_nothing_but_the_name_of_the_run(
    first, elsewhere, record_figure
):
    differ = differing(first, elsewhere, {"quality.build_info": RUN})
    assert differ == []
    assert first.tables["quality.build_info"] != elsewhere.tables["quality.build_info"]
    record_figure(
        "public tables of two builds, 1 thread in UTC and 4 threads in Kolkata, that differ",
        f"{len(differ)} of {len(first.tables)}",
    )


def test_shuffled_rows_change_nothing_but_what_names_their_lines(first, shuffled, record_figure):
    lines = {
        "quality.build_info": RUN | {"input_sha256"},
        "quality.rejected_deals": {"source_line", "reason"},  # of two rows, which line is kept
        "staging.stg_deals": {"source_line"},
    }
    differ = differing(first, shuffled, lines)
    assert differ == []
    # The rows were indeed read in another order.
    assert all(first.tables[name] != shuffled.tables[name] for name in lines)
    record_figure(
        "public tables of two builds, the second of shuffled rows by 4 threads in Los Angeles, "
        "that differ",
        f"{len(differ)} of {len(first.tables)}",
    )


def test_the_page_of_the_same_export_differs_in_the_name_of_the_run_alone(first, elsewhere):
    def nameless(build: Built) -> str:
        rows = csv.DictReader(build.tables["quality.build_info"].decode().splitlines())
        [run] = rows
        assert build.page.count(run["run_id"]) == build.page.count(run["built_at"]) == 1
        return build.page.replace(run["run_id"], "").replace(run["built_at"], "")

    assert nameless(first) == nameless(elsewhere)


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none_is_refused(threads, tmp_path):
    warehouse = tmp_path / "warehouse.duckdb"
    run = run_main("build", f"--threads={threads}", "--warehouse", warehouse)
    assert run.returncode == 1
    assert f"THREADS is '{threads}'; expected a whole number from 1 on." in run.stderr
    assert not warehouse.exists()
