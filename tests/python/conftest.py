"""What several tests need: the reference data, whole builds."""

import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from tools.docs import reliability
from winrate import project

REFERENCE = project.ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of the reference data, which is not part of the repository."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference data are not at {REFERENCE}")
    return REFERENCE


def run_winrate(*arguments: object) -> subprocess.CompletedProcess:
    """The command under `make build`, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "winrate", *map(str, arguments)],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
    )


def built(folder: Path, deals: Path, *arguments: object) -> Path:
    """Build a warehouse in `folder`; returns its path."""
    warehouse = folder / "warehouse.duckdb"
    run = run_winrate(
        *("build", "--deals", deals, "--warehouse", warehouse, "--report", folder / "report"),
        *arguments,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return warehouse


def rows(warehouse: Path, query: str) -> list[tuple]:
    """The answer of a read-only connection."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its text, its scripts."""

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        (self.scripts if self.inside == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def figures(self) -> dict:
        """The Plotly figures by section."""
        return json.loads(re.search(r"const figures = (.*);\nconst config", self.scripts[-1])[1])


@pytest.fixture(scope="session", autouse=True)
def own_dbt_target(tmp_path_factory) -> None:
    """Tests that run at the same time parse the project each in a folder of their own."""
    os.environ["DBT_TARGET_PATH"] = str(tmp_path_factory.mktemp("dbt_target"))


@contextlib.contextmanager
def shared_folder(tmp_path_factory, name: str) -> Iterator[Path]:
    """A folder that all processes of one test run share, held by one of them at a time."""
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    run_folder = tmp_path_factory.getbasetemp()
    folder = (run_folder.parent if is_one_of_several else run_folder) / f"shared_{name}"
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def built_once(tmp_path_factory, name: str, deals: Path) -> Path:
    """A build that all processes of one test run share."""
    with shared_folder(tmp_path_factory, name) as folder:
        warehouse = folder / "warehouse.duckdb"
        return warehouse if warehouse.exists() else built(folder, deals)


@pytest.fixture(scope="session")
def sample_warehouse(tmp_path_factory) -> Path:
    """A build of the sample export."""
    return built_once(tmp_path_factory, "sample", project.ROOT / "seeds" / "deals.csv")


@pytest.fixture(scope="session")
def reference_warehouse(tmp_path_factory, reference_data) -> Path:
    """A build of the reference data."""
    return built_once(tmp_path_factory, "reference", reference_data / "deals_5000.csv")


# ---- the figures of docs/reliability.md


def pytest_collection_modifyitems(config, items) -> None:
    """`make reliability` runs those tests only that give a figure."""
    if "WINRATE_FIGURES" in os.environ:
        giving = [item for item in items if "record_figure" in item.fixturenames]
        config.hook.pytest_deselected(items=[item for item in items if item not in giving])
        items[:] = giving


@pytest.fixture
def record_figure(request) -> Callable[[str, object], None]:
    """`record_figure(name, figure)`: what a test found, for the table of docs/reliability.md.

    name: a literal, used once in all tests. figure: the same in every run; no times.
    Where the table has that name, it must have that figure.
    """
    folder = os.environ.get("WINRATE_FIGURES")
    file, line, _ = request.node.location
    recorded = []

    def record(name: str, figure: object) -> None:
        figure = f"{figure:,}" if isinstance(figure, int) else str(figure)
        if not folder:
            shown = reliability.shown_figures().get(name, figure)
            assert figure == shown, f"'{name}' is {figure} now: run `make reliability`"
            return
        test = f"{Path(file).name}: {request.node.originalname}"
        recorded.append(name)
        path = Path(folder) / f"{Path(file).stem}-{line:04}-{len(recorded):02}.json"
        path.write_text(json.dumps({"what": name, "figure": figure, "test": test}))

    return record
