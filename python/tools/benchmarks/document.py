"""Writes docs/benchmarks.md and its picture from what was measured."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import matplotlib
from matplotlib.figure import Figure

from tools.benchmarks.builds import BuildTimes
from tools.benchmarks.daily import DailyTimes
from tools.benchmarks.measure import Measured
from tools.benchmarks.peers import PeerTimes
from tools.docs import markdown

PICTURE = "images/benchmarks.svg"
GIB, MB = 1 << 30, 1_000_000
HEADER = ["deals", "file", "build", "CPU", "memory", "bare read", "build / read", "database / file"]

SAVED_LAYERS = ("staging", "features", "profiles")  # which a daily build could take over
PEER_HEADER = ["method", "deals", "time", "process", "memory", "time / winrate"]


def row(times: BuildTimes) -> list[str]:
    """One line of the table of builds.

    Of a Parquet file, DuckDB reads the one column that it counts by: no measure of a whole read.
    """
    is_csv = times.kind == "csv"
    return [
        f"{times.n_deals:,}",
        f"{times.kind}, {times.file_bytes / MB:,.0f} MB",
        f"{times.build.seconds:.1f} s",
        f"{times.build.cpu_seconds:.1f} s",
        f"{times.build.peak_memory / GIB:.2f} GiB",
        f"{times.read_seconds:.2f} s" if is_csv else "-",
        f"{times.build.seconds / times.read_seconds:,.1f}" if is_csv else "-",
        f"{times.database_bytes / times.file_bytes:.2f}",
    ]


def headline(builds: Sequence[BuildTimes]) -> str:
    """The sentence of the README."""
    from_csv = [times for times in builds if times.kind == "csv"]
    largest = max(from_csv, key=lambda times: times.n_deals)
    build = largest.build
    return (
        f"{largest.n_deals:,} deals, a CSV file of {largest.file_bytes / MB:,.0f} MB, to tables, "
        f"alerts and page: {build.seconds:.0f} seconds and {build.peak_memory / GIB:.1f} GiB of "
        f"memory on {os.cpu_count()} cores, {build.seconds / largest.read_seconds:.0f} times "
        "DuckDB's bare read of the file."
    )


def peer_rows(peers: Sequence[PeerTimes]) -> list[list[str]]:
    """The table of ways to fit, the first of which is the unit of the last column."""
    unit = peers[0].seconds
    return [
        [
            times.method,
            f"{times.n_deals:,}" + (f" x {times.scale}" if times.scale > 1 else ""),
            f"{times.seconds:.1f} s",
            f"{times.measured.seconds:.1f} s",
            f"{times.measured.peak_memory / GIB:.2f} GiB",
            f"{times.seconds / unit:.1f}",
        ]
        for times in peers
    ]


def write(
    page: Path,
    sample: Mapping[str, Measured],
    builds: Sequence[BuildTimes],
    peers: Sequence[PeerTimes],
    daily: DailyTimes,
) -> None:
    """Write the page and, beside it, the picture."""
    _draw(page.parent / PICTURE, builds)
    unit = sample["import of dbt"].seconds
    of_sample = [
        [name, f"{each.seconds:.2f} s", f"{each.cpu_seconds:.2f} s", f"{each.seconds / unit:.1f}"]
        for name, each in sample.items()
    ]
    page.write_text(
        f"""# Benchmarks

Written by `make bench`; do not edit. Times depend on the machine and on what else it does: compare
ratios within one run.

{headline(builds)}

Measured on {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores with {_memory():.0f} GiB,
{platform.system()}, Python {platform.python_version()}, DuckDB {duckdb.__version__}.

## Whole builds

`make build` of generated exports with 5 categories and 2 numbers, after a build of the project. The
bare read is DuckDB's count by one column of the same CSV file. Memory is the most that all
processes hold together.

{markdown.table(HEADER, map(row, builds))}
![Time and memory of builds]({PICTURE})

## The sample

A build and a check of the sample, 5,500 deals, with nothing changed since the last one, and a build
of an export with 60 features more.

{markdown.table(["", "time", "CPU", "in imports of dbt"], of_sample)}
## The driver step

One logistic regression of the closed deals of a Parquet file on 5 categories and bands of 2
numbers, with reading the file. winrate groups the deals in DuckDB and fits on the
profiles; glum has categorical blocks, newton-cholesky is scikit-learn's on a dense matrix, and the
original recipe is pandas and scikit-learn as they were published. It is measured on a tenth of
the deals and extrapolated linearly; its process and its memory are those of the tenth. The process
has the imports too.

{markdown.table(PEER_HEADER, peer_rows(peers))}
{_daily_text(daily, builds)}""",
        encoding="utf-8",
    )


def _daily_text(daily: DailyTimes, builds: Sequence[BuildTimes]) -> str:
    """What a build of an export with few changes would save."""
    [full] = [each for each in builds if each.kind == "csv" and each.n_deals == daily.n_deals]
    in_all = sum(full.by_layer.values())
    saved = sum(full.by_layer.get(layer, 0.0) for layer in SAVED_LAYERS) / in_all
    rest = 1 - saved + (daily.compare_seconds + daily.copy_seconds) / full.build.seconds
    layers = [
        [layer, f"{seconds:.1f} s", f"{100 * seconds / in_all:.0f}%"]
        for layer, seconds in sorted(full.by_layer.items(), key=lambda item: -item[1])
    ]
    return f"""## A daily build

Of the build of {daily.n_deals:,} deals from CSV, the models of each folder take so long, added up
over dbt's threads:

{markdown.table(["folder", "time", "share"], layers)}
A build of an export with few changes could take over the cleaned rows and the counts of the deals
that did not change (staging, features and profiles). It would still read the file, make all
estimates, scores and tables anew, since a changed deal changes every coefficient, and do two
things more: find what changed ({daily.compare_seconds:.1f} s: the rows are read as text and
compared with hashes of those before) and write the unchanged rows into the new database, which
replaces the published one in one step ({daily.copy_seconds:.1f} s). If every other step took no
time for the deals that did not change, it would take {100 * rest:.0f}% of the time of a full build.
"""


def _draw(path: Path, builds: Sequence[BuildTimes]) -> None:
    """Time and memory of the builds from CSV by number of deals, on logarithmic axes."""
    from_csv = [times for times in builds if times.kind == "csv"]
    n_deals = [times.n_deals for times in from_csv]
    read = [times.read_seconds for times in from_csv]
    with matplotlib.rc_context({"svg.hashsalt": "winrate", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 3), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(n_deals, [times.build.seconds for times in from_csv], marker="o", label="build")
        left.plot(n_deals, read, marker="o", label="bare read")
        left.set(title="seconds", xscale="log", yscale="log", xlabel="deals")
        left.legend(frameon=False)
        right.plot(n_deals, [times.build.peak_memory / GIB for times in from_csv], marker="o")
        right.set(title="memory, GiB", xscale="log", xlabel="deals")
        right.set_ylim(bottom=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def _memory() -> float:
    """The memory of the machine in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
