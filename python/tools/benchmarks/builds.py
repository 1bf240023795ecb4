"""Whole builds of exports of several sizes, each beside DuckDB's bare read of the same file."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.benchmarks.exports import added_features, write_export
from tools.benchmarks.measure import Measured, measured
from winrate import project
from winrate.build import dbt, directory

N_WIDE_DEALS, N_ADDED = 5_500, 60  # as many deals as the sample
SAMPLE = project.ROOT / "seeds" / "deals.csv"
READ = """
import time, duckdb
start = time.perf_counter()
duckdb.execute("set enable_progress_bar = false")
duckdb.execute("select outcome, count(*) from '{path}' group by 1").fetchall()
print(time.perf_counter() - start)
"""
IMPORT_DBT = "import dbt.cli.main"


@dataclass(frozen=True)
class BuildTimes:
    """One export: its deals, what it is, and what was measured.

    read_seconds: DuckDB's bare read of the file, a count by one column. by_layer: seconds of the
    models of each folder of models/, added up over dbt's threads.
    """

    n_deals: int
    kind: str
    file_bytes: int
    database_bytes: int
    read_seconds: float
    build: Measured
    by_layer: Mapping[str, float] = field(default_factory=dict)


def measured_builds(
    sizes: Sequence[tuple[int, str]], folder: Path
) -> Iterator[tuple[BuildTimes, Path, Path]]:
    """Build an export of each number of deals and kind of file, after a first build of the project.

    Yields what was measured, the export and the database, which are there until the next one.

    The first build is not measured: dbt parses the project in it, once per change of the project.
    """
    warehouse = folder / "warehouse.duckdb"
    _build(SAMPLE, warehouse)
    for n_deals, kind in sizes:
        path = write_export(folder / f"deals_{n_deals}.{kind}", n_deals)
        read = min(_read_seconds(path) for _ in range(3))
        for published in folder.glob("warehouse*.duckdb"):  # scores to compare with take time, too
            published.unlink()
        build = _build(path, warehouse)
        sizes_of_files = path.stat().st_size, warehouse.stat().st_size
        times = BuildTimes(n_deals, kind, *sizes_of_files, read, build, _by_layer(warehouse))
        yield times, path, warehouse
        path.unlink()


def sample_seconds(folder: Path) -> dict[str, Measured]:
    """The sample, built and checked with nothing changed, beside an import of dbt."""
    warehouse = folder / "sample.duckdb"
    wide = _wide_export(folder / "wide")
    check = (sys.executable, "-m", "winrate", "check", "--deals", str(SAMPLE))
    for _ in range(2):
        _build(SAMPLE, warehouse)
        measured(*check, cwd=project.ROOT)
    _build_wide(wide)
    return {
        "import of dbt": measured(sys.executable, "-c", IMPORT_DBT),
        "second build": _build(SAMPLE, warehouse),
        "make check": measured(*check, cwd=project.ROOT),
        f"as many deals, {N_ADDED} features more": _build_wide(wide),
    }


def _wide_export(folder: Path) -> Path:
    """An export with many features, in a folder of settings that name them; returns the folder."""
    folder.mkdir()
    write_export(folder / "deals.csv", N_WIDE_DEALS, N_ADDED)
    features = project.project_vars()["features"]
    categorical = [*features["categorical"], *added_features(N_ADDED)]
    settings = {"features": features | {"categorical": categorical}}
    (folder / "settings.yml").write_text(json.dumps(settings), encoding="utf-8")  # YAML, too
    return folder


def _build_wide(folder: Path) -> Measured:
    return _build(folder / "deals.csv", folder / "wide.duckdb", "--config", str(folder))


def _by_layer(warehouse: Path) -> dict[str, float]:
    """Seconds by folder of models/, from what dbt wrote about its last run."""
    target = directory.directory_path(warehouse) / "target"
    manifest, results = (
        json.loads((target / name).read_text(encoding="utf-8"))
        for name in ("manifest.json", dbt.RESULTS)
    )
    seconds: dict[str, float] = {}
    for result in results["results"]:
        node = manifest["nodes"][result["unique_id"]]
        if node["resource_type"] == "model":
            layer = Path(node["path"]).parts[0]
            seconds[layer] = seconds.get(layer, 0.0) + result["execution_time"]
    return seconds


def _read_seconds(path: Path) -> float:
    """The time of DuckDB's bare read, in a process of its own."""
    command = (sys.executable, "-c", READ.format(path=path))
    read = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(read.stdout)


def _build(deals: Path, warehouse: Path, *options: str) -> Measured:
    """Build an export as `make build` does."""
    with tempfile.TemporaryDirectory() as report:
        return measured(
            *(sys.executable, "-m", "winrate", "build", "--deals", str(deals)),
            *("--warehouse", str(warehouse), "--report", report, *options),
            cwd=project.ROOT,
        )
