"""Checks that tracked files use the vocabulary of CONTRIBUTING.md.

    python -m tools.vocabulary [path ...]

Prints one line per phrase that the table lists, as `file:line: 'phrase': write ...`, and exits with
1 where there is one. Without paths all tracked text files are read.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from winrate import project

TABLE = project.ROOT / "CONTRIBUTING.md"
# What holds the phrases themselves, is generated, or is data.
EXEMPT = {"CONTRIBUTING.md", "LICENSE", "requirements.txt", "seeds/deals.csv"}
SUFFIXES = {".py", ".sql", ".md", ".yml", ".toml", ".html", ".csv", ".css", ".js", ""}
SPACED_PERCENT = re.compile(r"\d %(?![%(\w])")


def phrases(text: str) -> dict[re.Pattern, str]:
    """The phrases of the table and what to write instead.

    text: Markdown with a table whose header is `| do not write | write |`.
    """
    found = {}
    for row in re.findall(r"^\| (`.*) \| (.*) \|$", text, re.MULTILINE):
        for phrase in re.findall(r"`([^`]+)`", row[0]):
            pattern = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
            found[re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)] = row[1]
    return found


def findings(path: Path, listed: dict[re.Pattern, str]) -> Iterator[str]:
    """One line of text per listed phrase in a file."""
    text = path.read_text(encoding="utf-8")
    for pattern, instead in (listed | {SPACED_PERCENT: "no space before the percent sign"}).items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            phrase = " ".join(match[0].split())
            yield f"{path.relative_to(project.ROOT)}:{line}: '{phrase}': write {instead}"


def tracked_files() -> list[Path]:
    """The text files that git tracks and that are written by hand."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project.ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and name not in EXEMPT]
    return [project.ROOT / name for name in names if Path(name).suffix in SUFFIXES]


def main() -> int:
    """Check the files that the command line names, or all."""
    paths = [Path(name).resolve() for name in sys.argv[1:]] or tracked_files()
    listed = phrases(TABLE.read_text(encoding="utf-8"))
    found = [line for path in paths if path.is_file() for line in findings(path, listed)]
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
