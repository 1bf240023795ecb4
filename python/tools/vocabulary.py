"""Checks that tracked files use the vocabulary of CONTRIBUTING.md.

    python -m tools.vocabulary [path ...]

Prints one line per listed phrase, as `file:line: 'phrase': write ...`, and exits with 1 if there is
one. Without paths it reads all tracked text files.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from winrate import project

TABLE = project.ROOT / "CONTRIBUTING.md"
# The table itself, the former names of settings, and files that are generated or not written by us.
EXEMPT = {"CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "requirements.txt", "seeds/deals.csv"}
SUFFIXES = {".py", ".sql", ".md", ".yml", ".yaml", ".toml", ".html", ".csv", ".css", ".js", ""}
# A percent sign after a digit and a space, but not the end of a template tag or a format in code.
SPACED_PERCENT = re.compile(r"\d %(?![%(}\w])")


def phrases(text: str) -> dict[re.Pattern, str]:
    """The phrases of the table and what to write instead.

    text: Markdown with a table whose header is `| do not write | write |`.
    """
    rows = re.findall(r"^\| (`.*) \| (.*) \|$", _table(text), re.MULTILINE)
    return {
        _pattern(phrase): instead
        for cell, instead in rows
        for phrase in re.findall(r"`([^`]+)`", cell)
    }


def _table(text: str) -> str:
    """The part of a document from the header of the table on."""
    return text[text.index("| do not write | write |") :]


def _pattern(phrase: str) -> re.Pattern:
    """Matches the phrase in any case and over line breaks, as whole words; `*` is any ending."""
    pattern = re.escape(phrase).replace(r"\*", r"\w*").replace(r"\ ", r"\s+")
    return re.compile(rf"(?<!\w){pattern}(?!\w)", re.IGNORECASE)


def findings(path: Path, listed: dict[re.Pattern, str]) -> Iterator[str]:
    """One line of text per listed phrase in a file."""
    text = path.read_text(encoding="utf-8")
    for pattern, instead in (listed | {SPACED_PERCENT: "no space before the percent sign"}).items():
        for match in pattern.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            phrase = " ".join(match[0].split())
            yield f"{_name(path)}:{line}: '{phrase}': write {instead}"


def is_checked(path: Path) -> bool:
    """Whether a file is text of this repository, written by hand."""
    return path.is_file() and path.suffix in SUFFIXES and _name(path) not in EXEMPT


def _name(path: Path) -> str:
    """A path as git writes it; as it is, outside of the repository."""
    is_ours = path.is_relative_to(project.ROOT)
    return path.relative_to(project.ROOT).as_posix() if is_ours else str(path)


def tracked_files() -> list[Path]:
    """The files that git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project.ROOT, capture_output=True, text=True, check=True
    )
    return [project.ROOT / name for name in listed.stdout.split("\0") if name]


def main(arguments: list[str]) -> int:
    """Check the files that the command line names, or all tracked ones."""
    paths = [Path(name).resolve() for name in arguments] or tracked_files()
    listed = phrases(TABLE.read_text(encoding="utf-8"))
    found = [line for path in paths if is_checked(path) for line in findings(path, listed)]
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
