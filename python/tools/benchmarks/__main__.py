"""Measures builds of up to 10 million deals and writes docs/benchmarks.md with a picture.

python -m tools.benchmarks [--deals 100000 1000000 10000000]
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.benchmarks import builds, document, peers
from tools.benchmarks.daily import daily_times
from tools.docs import markdown
from winrate import project

PAGE = project.ROOT / "docs" / "benchmarks.md"
README = project.ROOT / "README.md"
BLOCK = "benchmark"
RECIPE_FRACTION = 10  # the original recipe is measured on that part of the deals
SIZES = (100_000, 1_000_000, 10_000_000)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--deals", type=int, nargs="+", default=SIZES)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args(argv)
    most = max(arguments.deals)
    sizes = [*((n_deals, "csv") for n_deals in arguments.deals), (most, "parquet")]
    with tempfile.TemporaryDirectory() as folder:
        sample = builds.sample_seconds(Path(folder))
        measured = []
        daily = None
        for times, export, warehouse in builds.measured_builds(sizes, Path(folder)):
            print(document.row(times), flush=True)
            measured.append(times)
            if times.kind == "csv" and times.n_deals == most:
                daily = daily_times(times.n_deals, export, warehouse, Path(folder))
        others = peers.measured_peers(most, most // RECIPE_FRACTION, Path(folder))
    document.write(arguments.page, sample, measured, others, daily)
    markdown.write_block(README, BLOCK, document.headline(measured) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
