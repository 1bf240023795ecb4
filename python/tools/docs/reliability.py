"""Writes the table of figures in docs/reliability.md, from what the tests record.

`make reliability` runs it after the tests.
"""

import argparse
import json
from pathlib import Path

from tools.docs import markdown
from winrate import project

DOC = project.ROOT / "docs" / "reliability.md"
BLOCK = "figures"
HEADER = ("what", "figure", "test")


def figures_table(folder: Path) -> str:
    """The recorded figures as a table, in the order of the test files.

    folder: one JSON file per figure, with the keys of HEADER.
    """
    figures = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]
    return markdown.table(HEADER, [[figure[key] for key in HEADER] for figure in figures])


def shown_figures() -> dict[str, str]:
    """The figure of each row of the committed table."""
    rows = markdown.read_block(DOC, BLOCK).splitlines()[2:]
    return dict(row.strip("| ").split(" | ")[:2] for row in rows)


def main() -> None:
    """Write the table into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the recorded figures")
    markdown.write_block(DOC, BLOCK, figures_table(parser.parse_args().folder))


if __name__ == "__main__":
    main()
