"""What the README shows of the sample: its build summary and its driver chart.

Run by `make docs` on a build of the sample; a test holds that both are up to date.
"""

import argparse
import re
from pathlib import Path

from winrate import project, summary

README = project.ROOT / "README.md"
PICTURE = project.ROOT / "docs" / "images" / "win_rate_drivers.svg"
BLOCK = re.compile(
    r"(?<=<!-- summary: written by `make docs` -->\n).*?(?=<!-- end of summary -->)", re.DOTALL
)


def summary_block(warehouse: Path) -> str:
    """The summary of a build of the sample, as a code block with the default paths."""
    text = summary.summary_text(
        summary.read_facts(warehouse),
        deals=Path("seeds/deals.csv"),
        warehouse=Path("warehouse.duckdb"),
        report=Path("report"),
        importance_max_deals=project.project_vars()["importance_max_deals"],
    )
    return f"```text\n{text}```\n"


def main() -> None:
    """Write the summary into the README, and copy the picture that it shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path, help="a build of the sample")
    parser.add_argument("report", type=Path, help="the folder of its report")
    options = parser.parse_args()
    block = summary_block(options.warehouse)
    readme = BLOCK.sub(lambda _: block, README.read_text(encoding="utf-8"))
    README.write_text(readme, encoding="utf-8")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_bytes((options.report / PICTURE.name).read_bytes())


if __name__ == "__main__":
    main()
