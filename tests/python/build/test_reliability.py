"""Builds are all or nothing, and docs/reliability.md has the figures that show it."""

import ast
import itertools
import multiprocessing
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from unittest import mock

import duckdb
import pandas as pd
import pytest

from support import dbt as dbt_in_process
from support.builds import built_once, rows, run_main
from support.exports import sample_deals, small_export
from support.paths import SAMPLE
from support.project_copy import copy_project
from tools.docs import reliability
from winrate import database, project
from winrate.build import build, data_tests, dbt, publish, summary
from winrate.build.directory import directory_path
from winrate.ingest import typed_cells
from winrate.report import files
from winrate.state import store
from winrate.state.recording import Recording

N_SMALL = 300  # deals of the published build
N_SAMPLE = 5500  # deals of the build that is to replace it
N_SWAPS = 60
TABLES = ("staging.stg_deals", "scores.scored_deals", "quality.row_ledger")
DEAL = 7  # one of them
ADDED_TO_STATE = {
    "internal.known_exports": """
        null::bigint as record_number, date '2026-06-30' as as_of_date, true as is_this_export,
        'alike' as reading_of_deal_stage
    """,
    "internal.new_deal_values": """
        'D1' as deal_id, date '2026-06-01' as created_date, null::bigint as record_number,
        true as is_in_export, 'Demo' as deal_stage
    """,
    "scores.score_history": f"""
        '{DEAL}' as deal_id, 0.5 as win_probability, 0.25 as win_probability_low,
        0.75 as win_probability_high, 0.5 as baseline_probability, 'B' as grade,
        'a model' as model_run_id, true as is_this_build
    """,
    "quality.build_info": """
        '{run_id}' as run_id, 'a hash' as input_sha256, '' as scope, date '2026-06-30' as as_of_date
    """,
}
PYTHON = project.ROOT / "python"
PATIENCE = 300  # seconds after which a test gives up on a process that should have ended

# Children of a server that has imported the package, and has no thread and no open database.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["pytest", "winrate.build.build", "winrate.report.files"])


# ---- the figures

TESTS = Path(__file__).parents[1]


def recorded_names() -> list[str]:
    """The names that the tests give their figures, read from the source."""
    return [
        ast.literal_eval(node.args[0])
        for path in sorted(TESTS.rglob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_figure"
    ]


def test_the_table_of_figures_has_a_row_for_every_figure_and_no_other():
    assert sorted(reliability.shown_figures()) == sorted(recorded_names()), (
        "docs/reliability.md is out of date: run `make reliability`"
    )


def test_a_figure_of_the_table_that_counts_some_of_many_has_all_of_them_or_none():
    parts = [re.fullmatch(r"(\d+) of (\d+)", text) for text in reliability.shown_figures().values()]
    counts = [(int(part[1]), int(part[2])) for part in parts if part]
    assert counts and [(n, total) for n, total in counts if n not in (0, total)] == []


# ---- a build that stands, and one to replace it


@pytest.fixture(scope="session")
def small_deals(tmp_path_factory) -> Path:
    return small_export(tmp_path_factory.mktemp("small") / "deals.csv", N_SMALL)


@pytest.fixture(scope="session")
def small_warehouse(tmp_path_factory, small_deals, compiled_project) -> Path:
    """A build of the first deals of the sample."""
    return built_once(tmp_path_factory, "small", small_deals, chart_files=True)


@pytest.fixture
def place(tmp_path_factory) -> Path:
    """The path of a database that is not there, in a folder that is the same for all tests.

    What dbt parsed in the test before is kept: for a database at another path it parses anew.
    """
    warehouse = tmp_path_factory.getbasetemp() / "place" / "warehouse.duckdb"
    parsed = parse_of(warehouse)
    kept = parsed.read_bytes() if parsed.exists() else None
    shutil.rmtree(warehouse.parent, ignore_errors=True)
    warehouse.parent.mkdir()
    keep_parse(warehouse, kept)
    return warehouse


def parse_of(warehouse: Path) -> Path:
    """The file in which dbt keeps what it parsed for a database."""
    return directory_path(warehouse) / "target" / "partial_parse.msgpack"


def keep_parse(warehouse: Path, kept: bytes | None) -> None:
    """Have the next build of a database start from what dbt parsed, if anything."""
    if kept:
        parse_of(warehouse).parent.mkdir(parents=True)
        parse_of(warehouse).write_bytes(kept)


@pytest.fixture
def published(place, small_warehouse) -> Path:
    """A published build of N_SMALL deals, with its report."""
    return put(small_warehouse, place)


def put(finished: Path, published: Path) -> Path:
    """Publish a copy of a finished build; its report stands beside it."""
    shutil.copyfile(finished, published)
    pages = published.parent / "report"
    shutil.copytree(finished.parent / "report", pages, dirs_exist_ok=True)
    return published


def n_deals(warehouse: Path) -> set[int]:
    """The number of deals by each of TABLES: one number, unless runs are mixed."""
    staging, scores, ledger = TABLES
    query = (
        f"select count(*) from {staging} union select count(*) from {scores}"
        f" union select n_accepted from {ledger}"
    )
    return {n for (n,) in rows(warehouse, query)}


def contents(folder: Path) -> dict[str, bytes]:
    """Each file of a folder; dbt's artifacts and what builds leave aside are none of a reader's."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def start_build(
    published: Path,
    deals: Path,
    hooks: Path | None = None,
    preexec: Callable[[], None] | None = None,
) -> subprocess.Popen:
    """The command under `make build`, not waited for; dbt's artifacts where they are by default.

    hooks: a folder with a sitecustomize.py, which dbt's process runs at its start.
    preexec: what the process does before it becomes Python.
    """
    environment = {name: text for name, text in os.environ.items() if name != "DBT_TARGET_PATH"}
    paths = [hooks, PYTHON] if hooks else [PYTHON]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "winrate", "build", "--deals", deals),
            *("--warehouse", published, "--report", published.parent / "report"),
        ],
        cwd=project.ROOT,
        env=environment | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=preexec,
    )


def finish(running: subprocess.Popen) -> tuple[int, str]:
    """The exit code of a build and what it said."""
    _, said = running.communicate(timeout=PATIENCE)
    return running.returncode, said


def copied_build(finished: Path, published: Path, kill_at: int | None = None) -> None:
    """A build as it is, but for dbt and the report, which are copied from a finished build.

    kill_at: the number of the step on the file system or with DuckDB before which it is killed.
    """

    def copy_database(request, directory, new_warehouse, *_):
        shutil.copyfile(finished, new_warehouse)

    def copy_report(warehouse, folder):
        for page in (finished.parent / "report").iterdir():
            shutil.copyfile(page, folder / page.name)

    if kill_at:
        die_at_step(kill_at)
    with (
        mock.patch.object(build, "run_dbt", copy_database),
        mock.patch.object(files, "write_report", copy_report),
    ):
        build.build(build.BuildRequest(SAMPLE, published, published.parent / "report"))


def die_at_step(number: int) -> None:
    """Have this process killed before the given step."""
    steps = itertools.count(1)
    events = {"os.link", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}

    def step() -> None:
        if next(steps) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        return lambda *arguments, **named: (step(), function(*arguments, **named))[1]

    sys.addaudithook(lambda event, _: event in events and step())
    os.fsync = counted(os.fsync)
    duckdb.connect = counted(duckdb.connect)


def publish_three_tables(finished: Path, published: Path, kill_at: int | None = None) -> None:
    """As `copied_build`, of a database by `three_tables`, from which no summary can be made."""

    def read_no_facts(warehouse):
        database.open_readonly(warehouse).close()

    with (
        mock.patch.object(summary, "read_facts", read_no_facts),
        mock.patch.object(summary, "summary_text"),
    ):
        copied_build(finished, published, kill_at)


def three_tables(folder: Path, n_deals: int) -> Path:
    """A small database with TABLES of so many deals, and a report beside it; returns its path.

    It has what a build adds to the state, too.
    """
    warehouse = folder / "warehouse.duckdb"
    (folder / "report").mkdir(parents=True)
    with duckdb.connect(str(warehouse)) as connection:
        for table, columns in ADDED_TO_STATE.items():
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            connection.execute(f"create table {table} as select {columns}".format(run_id=n_deals))
        for table in TABLES:
            connection.execute(f"create schema if not exists {table.split('.')[0]}")
            one_or_all = (
                f"{n_deals} as n_accepted"
                if table == TABLES[-1]
                else "range::varchar as deal_id, null::date as created_date from range(?)"
            )
            connection.execute(
                f"create table {table} as select {one_or_all}", [n_deals] * ("?" in one_or_all)
            )
    for name in ("index.html", "drivers.svg", "recipe.svg"):
        (folder / "report" / name).write_text(f"{name} of {n_deals} deals", encoding="utf-8")
    return warehouse


def in_a_process(function, *arguments) -> int:
    """The exit code of a function in a process of its own; the number of its signal is negative."""
    process = processes.Process(target=function, args=arguments)
    process.start()
    process.join(PATIENCE)
    return process.exitcode


# ---- killed


@pytest.mark.slow
def test_killed_at_any_step_of_publishing_the_old_or_the_new_build_stands(tmp_path, record_figure):
    old_build = three_tables(tmp_path / "old", N_SMALL)
    new_build = three_tables(tmp_path / "new", N_SAMPLE)
    old, new = contents(old_build.parent / "report"), contents(new_build.parent / "report")
    (tmp_path / "published").mkdir()
    published = put(old_build, tmp_path / "published" / "warehouse.duckdb")
    state = store.default_folder(published)
    standing = []
    recorded = []
    for step in itertools.count(1):
        exit_code = in_a_process(publish_three_tables, new_build, published, step)
        if exit_code == 0:  # there are no more steps
            break
        assert exit_code == -signal.SIGKILL
        assert not Path(f"{published}.wal").exists()
        standing.append(*n_deals(published))
        if standing[-1] == N_SMALL:
            assert published.read_bytes() == old_build.read_bytes()
            assert contents(published.parent / "report") == old
        else:
            assert n_deals(publish.previous_path(published)) == {N_SMALL}
            pages = contents(published.parent / "report")
            assert all(pages[name] in (old[name], new[name]) for name in pages)
        recorded.append(len(store.read_records(state)))
        # What the next build does first: the state has this build if, and only if, it stands.
        recording = Recording(state, "", directory_path(published), published)
        assert recording.warnings == []
        assert len(store.read_records(state)) == (2 if standing[-1] == N_SAMPLE else 0)
        assert in_a_process(publish_three_tables, new_build, published) == 0
        assert n_deals(published) == {N_SAMPLE}
        assert contents(published.parent / "report") == new
        put(old_build, published)
        publish.previous_path(published).unlink()
        shutil.rmtree(state)
    assert recorded == sorted(recorded) and set(recorded) == {0, 1, 2}
    assert recorded.count(0) > standing.count(N_SMALL), "a build stands before it is recorded"
    assert standing == sorted(standing), "once the new build stands, it goes on standing"
    assert set(standing) == {N_SMALL, N_SAMPLE} and len(standing) >= 15
    record_figure("steps of publishing before which a build was killed", len(standing))
    record_figure("of these, the build before stood, whole", standing.count(N_SMALL))
    record_figure("of these, the new build stood, whole", standing.count(N_SAMPLE))


# ---- killed while dbt runs

HOOK = """
import ctypes, itertools, os, signal, sys
steps = itertools.count(1)

def at_step(event, arguments):
    # Once per model, seed and test: dbt writes the SQL or Python that it is about to run.
    if event == "open" and "/run/winrate/" in str(arguments[0]) and next(steps) == {number}:
        {action}

if any("dbt.cli.main" in argument for argument in sys.orig_argv):
    {at_start}
    sys.addaudithook(at_step)
"""
KILL_ALL = "os.killpg(0, signal.SIGKILL)"
KILL_PARENT = "os.kill(os.getppid(), signal.SIGKILL)"
DBT_STEPS = (1, 60, 120, 180)  # of about 200


def hook(folder: Path, action: str, number: int = 1, at_start: str = "pass") -> Path:
    """A folder of hooks for `start_build`: at the step of that number dbt's process does that."""
    folder.mkdir(exist_ok=True)
    text = HOOK.format(number=number, action=action, at_start=at_start)
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def gate(tmp_path) -> Path:
    """A pipe: who reads it waits until the test has opened it for writing and closed it."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def test_killed_at_any_time_in_dbt_the_old_build_stands_and_the_next_succeeds(
    tmp_path, published, small_deals, small_warehouse, record_figure
):
    for number in DBT_STEPS:
        hooks = hook(tmp_path / "hooks", KILL_ALL, number)
        assert finish(start_build(published, small_deals, hooks))[0] == -signal.SIGKILL
        assert (directory_path(published) / "new" / published.name).exists()
        assert contents(published.parent / "report") == contents(small_warehouse.parent / "report")
        assert published.read_bytes() == small_warehouse.read_bytes()
    parsed = parse_of(published)
    parsed.write_bytes(parsed.read_bytes()[:100_000])  # killed as it wrote that
    exit_code, said = finish(start_build(published, small_deals))
    assert exit_code == 0, said
    assert n_deals(published) == {N_SMALL}
    assert publish.previous_path(published).read_bytes() == small_warehouse.read_bytes()
    record_figure("models and tests before which a build was killed in dbt", len(DBT_STEPS))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_dbt_ends_with_a_build_that_is_killed(
    tmp_path, published, small_deals, sample_warehouse, gate
):
    # At the gate first: dbt ends so soon after its parent that it would never come to it.
    hooks = hook(tmp_path / "hooks", f"at = open({str(gate)!r}); {KILL_PARENT}; at.read()")
    running = start_build(published, small_deals, hooks)
    with gate.open("w") as held_open:  # once dbt has come to read it
        assert finish(running)[0] == -signal.SIGKILL
        reader = select.poll()
        reader.register(held_open, select.POLLERR)
        assert reader.poll(1000 * PATIENCE), "dbt goes on"
    assert in_a_process(copied_build, sample_warehouse, published) == 0
    assert n_deals(published) == {N_SAMPLE}


def test_where_dbt_outlives_its_build_no_other_build_starts(
    tmp_path, published, small_deals, sample_warehouse, gate
):
    alone = "ctypes.CDLL(None).prctl(1, 0)" if sys.platform == "linux" else "pass"
    action = f"{KILL_PARENT}; open({str(gate)!r}).read(); os._exit(1)"
    hooks = hook(tmp_path / "hooks", action, at_start=alone)
    running = start_build(published, small_deals, hooks)
    with gate.open("w"):
        assert running.wait(PATIENCE) == -signal.SIGKILL
        exit_code, said = finish(start_build(published, small_deals))
        assert exit_code == 75 and "Another build" in said
    with publish.locked(directory_path(published)):
        pass  # dbt has ended
    assert in_a_process(copied_build, sample_warehouse, published) == 0
    assert n_deals(published) == {N_SAMPLE}


# ---- many at once


@pytest.mark.slow
def test_of_six_builds_at_once_one_builds_and_five_say_so(
    tmp_path, place, small_deals, compiled_project, gate, record_figure
):
    # DuckDB runs the data tests.
    target = directory_path(place) / "target"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(compiled_project / data_tests.FILE, target)
    # The one that has the lock waits in dbt until the five others have ended.
    hooks = hook(tmp_path / "hooks", f"open({str(gate)!r}).read()")
    with ThreadPoolExecutor(6) as threads:
        builds = [threads.submit(finish, start_build(place, small_deals, hooks)) for _ in range(6)]
        ended = as_completed(builds)
        turned_away = [next(ended).result() for _ in range(5)]
        gate.open("w").close()
        exit_code, said = next(ended).result()
    assert exit_code == 0, said
    sentence = f"winrate: Another build of {place} is running; nothing was done.\n"
    assert turned_away == [(75, sentence)] * 5
    assert n_deals(place) == {N_SMALL}
    record_figure("exit codes of six builds at once", "0 once, 75 five times")


def test_make_names_the_exit_code_of_a_build_that_is_turned_away(tmp_path):
    directory = directory_path(tmp_path / "warehouse.duckdb")
    directory.mkdir(parents=True)
    with publish.locked(directory):
        run = subprocess.run(
            [
                *("make", "--old-file", ".venv/.ready", "build"),
                *(f"BIN={Path(sys.executable).parent}", f"WAREHOUSE={tmp_path}/warehouse.duckdb"),
            ],
            cwd=project.ROOT,
            env={name: text for name, text in os.environ.items() if name != "MAKEFLAGS"},
            capture_output=True,
            text=True,
        )
    assert run.returncode == 2  # make knows no other
    assert "Another build" in run.stderr and "Error 75" in run.stderr


# ---- readers


def small_run(path: Path, number: int) -> Path:
    """A database in which every row of TABLES names one run."""
    with duckdb.connect(str(path)) as connection:
        for table in TABLES:
            connection.execute(f"create schema {table.split('.')[0]}")
            connection.execute(f"create table {table} as select {number} as run from range(5000)")
    return path


def runs_in(connection: duckdb.DuckDBPyConnection) -> set[int]:
    """The runs that TABLES name, each asked for on its own."""
    found = set()
    for table in TABLES:
        found.update(run for (run,) in connection.execute(f"select run from {table}").fetchall())
    return found


def read_on(published: Path, stopped, read_once, results) -> None:
    """Open, read and close until told to stop; reports the runs of each reading, or the error."""
    readings = []
    try:
        while not stopped.is_set():
            with duckdb.connect(str(published), read_only=True) as connection:
                readings.append(runs_in(connection))
            read_once.release()
    except Exception as error:
        readings.append(str(error))
        read_once.release()
    results.put(readings)


@pytest.mark.slow
def test_a_reader_never_sees_a_mixture_or_an_error_while_builds_are_published(
    tmp_path, record_figure
):
    published = small_run(tmp_path / "warehouse.duckdb", 0)
    (tmp_path / "new").mkdir()
    stopped, read_once, results = processes.Event(), processes.Semaphore(0), processes.Queue()
    reader = processes.Process(target=read_on, args=(published, stopped, read_once, results))
    reader.start()
    for number in range(1, N_SWAPS + 1):
        new = small_run(tmp_path / "new" / "warehouse.duckdb", number)
        assert read_once.acquire(timeout=PATIENCE)  # at least one reading per swap
        publish.replace_database(new, published)
    stopped.set()
    readings = results.get(timeout=PATIENCE)
    reader.join(PATIENCE)
    assert [reading for reading in readings if len(reading) != 1] == []
    assert len(readings) >= N_SWAPS
    seen = [run for reading in readings for run in reading]
    assert seen == sorted(seen) and len(set(seen)) > 2
    record_figure("databases swapped while a reader opened, read and closed", N_SWAPS)
    record_figure("readings with an error, or with tables of two builds", 0)


def test_a_reader_that_stays_goes_on_reading_what_it_opened(tmp_path):
    published = small_run(tmp_path / "warehouse.duckdb", 0)
    (tmp_path / "new").mkdir()
    with duckdb.connect(str(published), read_only=True) as connection:
        for number in (1, 2):
            new = small_run(tmp_path / "new" / "warehouse.duckdb", number)
            publish.replace_database(new, published)
            assert runs_in(connection) == {0}
    with duckdb.connect(str(published), read_only=True) as connection:
        assert runs_in(connection) == {2}


# ---- the build before


def test_the_build_before_is_kept_and_is_put_back_by_renaming_it(
    published, small_warehouse, sample_warehouse
):
    published.chmod(0o640)
    copied_build(sample_warehouse, published)
    assert published.stat().st_mode & 0o777 == 0o640
    previous = publish.previous_path(published)
    assert previous.name == "warehouse.previous.duckdb"
    assert previous.read_bytes() == small_warehouse.read_bytes()
    previous.replace(published)
    assert n_deals(published) == {N_SMALL}
    copied_build(sample_warehouse, published)
    assert n_deals(published) == {N_SAMPLE}
    assert n_deals(previous) == {N_SMALL}


def test_a_file_system_without_links_keeps_the_build_before_too(
    published, small_warehouse, sample_warehouse, monkeypatch
):
    monkeypatch.setattr(os, "link", mock.Mock(side_effect=PermissionError(1, "no links here")))
    published.chmod(0o600)
    copied_build(sample_warehouse, published)
    assert n_deals(published) == {N_SAMPLE}
    previous = publish.previous_path(published)
    assert previous.read_bytes() == small_warehouse.read_bytes()
    assert [path.stat().st_mode & 0o777 for path in (published, previous)] == [0o600, 0o600]


def test_a_folder_in_the_place_of_the_build_before_is_named(published, sample_warehouse):
    publish.previous_path(published).mkdir()
    said = f"{publish.previous_path(published)}: Is a directory; {build.UNCHANGED}."
    with pytest.raises(publish.BuildError, match=re.escape(said)):
        copied_build(sample_warehouse, published)


@pytest.mark.parametrize("command", ["build", "report", "export", "check-fresh"])
def test_a_pipe_in_the_place_of_the_database_is_refused(command, gate):
    run = run_main(command, "--warehouse", gate)
    assert run.returncode == 1
    assert str(gate) in run.stderr and "Traceback" not in run.stderr


@pytest.mark.parametrize("contents", ["no database", "of another version"])
def test_a_file_that_no_report_can_be_drawn_of_is_said(tmp_path, contents):
    warehouse = tmp_path / "warehouse.duckdb"
    if contents == "no database":
        warehouse.write_text(contents, encoding="utf-8")
    else:
        duckdb.connect(str(warehouse)).close()
    with pytest.raises(publish.BuildError, match="expected a database that this version built"):
        publish.publish_report(warehouse, tmp_path / "report")


def test_a_link_to_the_database_stays_a_link(tmp_path, published, sample_warehouse):
    link = tmp_path / "elsewhere" / "current.duckdb"
    link.parent.mkdir()
    link.symlink_to(published)
    copied_build(sample_warehouse, link)
    assert link.is_symlink()
    assert n_deals(published) == {N_SAMPLE}


# ---- a log beside the database


def write_in_place(warehouse: Path, statement: str) -> None:
    """Run a statement and end as a crash does: what was committed stays in the log."""
    code = "import duckdb, os, sys; c = duckdb.connect(sys.argv[1]); c.execute(sys.argv[2]); "
    code += "os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(warehouse), statement], check=True)
    assert Path(f"{warehouse}.wal").exists()


@pytest.mark.parametrize("log", ["its own", "of another database", "no log at all"])
def test_a_stale_log_reaches_neither_the_new_build_nor_the_one_before(
    log, tmp_path, published, sample_warehouse
):
    stale = Path(f"{published}.wal")
    if log == "its own":
        write_in_place(published, "delete from scores.scored_deals")
    elif log == "of another database":
        other = Path(shutil.copyfile(sample_warehouse, tmp_path / "other.duckdb"))
        write_in_place(other, "create table scores.stray as from staging.stg_deals")
        shutil.move(f"{other}.wal", stale)
    else:
        stale.write_bytes(b"not a log " * 100)
    before = published.read_bytes()
    copied_build(sample_warehouse, published)
    assert not stale.exists()
    assert n_deals(published) == {N_SAMPLE}
    assert publish.previous_path(published).read_bytes() == before
    assert n_deals(publish.previous_path(published)) == {N_SMALL}


def test_a_database_that_somebody_writes_to_is_left_alone(published, sample_warehouse):
    before = published.read_bytes()
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(); sys.stdin.read()"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(published)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    writer.stdout.readline()
    try:
        with pytest.raises(publish.BuildError, match="close what has it open for writing"):
            copied_build(sample_warehouse, published)
    finally:
        writer.communicate()
    assert published.read_bytes() == before


# ---- builds that fail


@pytest.fixture
def refused(published, small_warehouse):
    """Checks that a build was refused, and why; what stood before stands, and nothing else."""

    def check(exit_code: int, said: str, *says: str) -> None:
        assert exit_code == 1, said
        assert [part for part in says if part not in said] == [], said
        assert "Traceback" not in said and len(said.splitlines()) <= 8, said
        assert published.read_bytes() == small_warehouse.read_bytes()
        assert contents(published.parent / "report") == contents(small_warehouse.parent / "report")
        assert {path.name for path in published.parent.iterdir()} >= {"report", published.name}
        assert not publish.previous_path(published).exists()
        assert not Path(f"{published}.wal").exists()

    return check


def test_damage_deep_in_an_export_is_said_and_leaves_what_stands(tmp_path, published, refused):
    path = tmp_path / "deals.parquet"
    sample = sample_deals()
    n_copies = typed_cells.BATCH_ROWS // len(sample) + 2  # the first batch is whole
    pd.concat([sample] * n_copies).to_parquet(path, row_group_size=len(sample))
    damaged = bytearray(path.read_bytes())
    near_the_end = len(damaged) * 97 // 100
    damaged[near_the_end : near_the_end + 2000] = b"\xff" * 2000
    path.write_bytes(damaged)
    refused(*finish(start_build(published, path)), "raw_deals: ", str(path), build.UNCHANGED)


@pytest.fixture
def own_project(tmp_path) -> Path:
    """A copy of the project that a test may break."""
    return copy_project(tmp_path / "project")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        (
            "tests/singular/assert_there_is_no_date.sql",
            "select * from {{ ref('as_of_dates') }}",
            "assert_there_is_no_date: Got 1 result, configured to fail if != 0",
        ),
        (
            "models/raw/raw_deals.py",
            "def model(dbt, session):\n    return 1 / 0\n",
            "raw_deals: ZeroDivisionError: division by zero",
        ),
    ],
    ids=["a data test", "a Python model"],
)
def test_what_fails_is_named_and_leaves_what_stands(
    file, text, says, own_project, published, small_deals, refused, tmp_path, monkeypatch
):
    (own_project / file).write_text(text, encoding="utf-8")
    # Another target folder, where no tests are kept that DuckDB runs in place of dbt.
    dbt_in_process.copy_parse(Path(os.environ["DBT_TARGET_PATH"]), tmp_path / "target")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    places = ("--warehouse", published, "--report", published.parent / "report")
    run = run_main("build", "--deals", small_deals, *places, root=own_project)
    refused(run.returncode, run.stderr, says, build.UNCHANGED)


# ---- disks that are full, limited or not to be written


@pytest.fixture
def disk(tmp_path) -> Iterator[Callable[[str], Path]]:
    """`disk(options)` mounts a disk in memory, or mounts it again with other options."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        options = f"remount,{options}" if folder.is_mount() else options
        run = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder])
        if run.returncode:
            pytest.skip("only root may mount a disk")
        return folder

    yield mount
    if folder.is_mount():
        subprocess.run(["umount", folder], check=True)


def used(folder: Path) -> int:
    """Bytes that are taken on a disk."""
    space = os.statvfs(folder)
    return (space.f_blocks - space.f_bfree) * space.f_frsize


def test_a_disk_that_fills_up_in_dbt_is_said_and_leaves_what_stands(
    disk, small_deals, small_warehouse
):
    published = put(small_warehouse, disk("size=100m") / "warehouse.duckdb")
    disk(f"size={used(published.parent) + 3_000_000}")
    exit_code, said = finish(start_build(published, small_deals))
    assert exit_code == 1
    assert "No space left on device" in said and build.UNCHANGED in said
    assert "Traceback" not in said and len(said.splitlines()) <= 8
    assert published.read_bytes() == small_warehouse.read_bytes()
    assert contents(published.parent / "report") == contents(small_warehouse.parent / "report")


def test_a_disk_that_is_full_at_any_moment_of_publishing_leaves_what_stands(
    disk, small_warehouse, sample_warehouse
):
    published = put(small_warehouse, disk("size=200m") / "warehouse.duckdb")
    standing = contents(published.parent / "report")
    taken = used(published.parent)
    for n_refused in itertools.count():
        disk(f"size={taken + n_refused * 1_000_000}")
        try:
            copied_build(sample_warehouse, published)
            break
        except publish.BuildError as error:
            assert "No space left on device" in str(error) and build.UNCHANGED in str(error)
        assert published.read_bytes() == small_warehouse.read_bytes()
        assert contents(published.parent / "report") == standing
        assert used(published.parent) <= taken + 20_000, "something is left behind"
    new_size = sample_warehouse.stat().st_size + sum(map(len, standing.values()))
    assert n_refused >= 0.8 * new_size / 1_000_000
    assert n_deals(published) == {N_SAMPLE}


def test_a_limit_on_the_size_of_files_is_said_and_leaves_what_stands(
    published, small_deals, refused
):
    limit = (2_500_000, 2_500_000)
    at_most = partial(resource.setrlimit, resource.RLIMIT_FSIZE, limit)
    ended = finish(start_build(published, small_deals, preexec=at_most))
    refused(*ended, "File too large", build.UNCHANGED)


def test_a_disk_that_cannot_be_written_is_said(disk, small_deals, small_warehouse):
    published = put(small_warehouse, disk("size=100m") / "warehouse.duckdb")
    disk("ro")
    said = f"winrate: {published.parent} cannot be written to (Read-only file system); "
    assert finish(start_build(published, small_deals)) == (
        1,
        f"{said}the database warehouse.duckdb is built and published there.\n",
    )
    assert published.read_bytes() == small_warehouse.read_bytes()


def test_a_folder_that_cannot_be_made_is_said(tmp_path, small_deals):
    (tmp_path / "file").write_text("no folder")
    exit_code, said = finish(start_build(tmp_path / "file" / "warehouse.duckdb", small_deals))
    assert exit_code == 1
    assert said.startswith(f"winrate: {tmp_path / 'file'} cannot be written to (Not a directory)")


def test_a_report_that_cannot_be_put_anywhere_leaves_the_database(
    tmp_path, published, small_warehouse, sample_warehouse
):
    shutil.rmtree(published.parent / "report")
    (published.parent / "report").write_text("no folder")
    with pytest.raises(publish.BuildError, match=f"report: File exists; {build.UNCHANGED}"):
        copied_build(sample_warehouse, published)
    assert published.read_bytes() == small_warehouse.read_bytes()


def test_a_page_that_cannot_be_replaced_is_said_of_a_database_that_is_new(
    published, sample_warehouse
):
    page = published.parent / "report" / "index.html"
    page.unlink()
    page.mkdir()
    with pytest.raises(publish.BuildError, match="is new, but its report could not be put into"):
        copied_build(sample_warehouse, published)
    assert n_deals(published) == {N_SAMPLE}


# ---- what dbt's process gets


def test_duckdb_leaves_half_of_the_memory_to_the_statistics(monkeypatch):
    assert dbt.memory_limit() <= dbt.MAX_MEMORY
    monkeypatch.setattr(dbt, "MAX_MEMORY", 1 << 60)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # a container may have less
    assert 0 < dbt.memory_limit() <= 0.51 * physical


def test_an_export_that_does_not_fit_into_memory_is_refused_before_the_build(
    tmp_path, monkeypatch, small_deals
):
    monkeypatch.setattr(dbt, "machine_memory", lambda: 1 << 29)
    run = run_main(*("build", "--deals", small_deals, "--warehouse", tmp_path / "new.duckdb"))
    assert run.returncode == 1
    assert run.stderr == (
        f"winrate: {small_deals} needs some 0.8 GiB of memory, and this machine or container has "
        "0.5 GiB; use one with more, or export fewer deals. Nothing was published.\n"
    )
    assert not (tmp_path / "new.duckdb").exists()


def test_no_secret_of_the_caller_reaches_dbt(tmp_path):
    ours = {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": "python",
        "DBT_ENV_CUSTOM_ENV_TOKEN": "copied into artifacts",
        "DBT_FULL_REFRESH": "1",
        "WINRATE_SLACK": "https://hooks.example/secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    run = dbt.DbtRun(tmp_path / "warehouse.duckdb", tmp_path, {"deals_path": "a.csv"}, threads=2)
    assert dbt.environment(ours, run) == {
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": "python",
        "WINRATE_DATABASE": str(tmp_path / "warehouse.duckdb"),
        "WINRATE_DEALS_PATH": "a.csv",
        "WINRATE_THREADS": "2",
        "WINRATE_MEMORY_LIMIT": f"{dbt.memory_limit() >> 20}MiB",
        "WINRATE_DROPS_USED_TABLES": "",
        "DO_NOT_TRACK": "1",
    }


def test_a_word_from_the_keyboard_stops_a_build_in_one_sentence(
    tmp_path, published, small_deals, small_warehouse, gate
):
    hooks = hook(tmp_path / "hooks", f"open({str(gate)!r}).read()")
    # Where the tests run in the background of a shell, the keyboard is ignored.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = start_build(published, small_deals, hooks, preexec=heard)
    with gate.open("w"):
        os.killpg(running.pid, signal.SIGINT)
    exit_code, said = finish(running)
    assert (exit_code, said) == (130, "winrate: Stopped; what is published is whole.\n")
    assert published.read_bytes() == small_warehouse.read_bytes()
