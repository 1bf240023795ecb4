"""Tables and generated blocks of the Markdown files in the repository.

A block is the text between `<!-- name: written by `make target` -->` and `<!-- end of name -->`.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; each row is a sequence of texts, in which bars are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines
    )


def read_block(path: Path, name: str) -> str:
    """The text of a block; raises ValueError if the file has no such block."""
    found = _block(name).search(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path} has no block '{name}'.")
    return found["text"]


def write_block(path: Path, name: str, text: str) -> None:
    """Replace the text of a block by `text`, which ends with a line break."""
    read_block(path, name)
    written = _block(name).sub(
        lambda found: found["start"] + text + found["end"], path.read_text(encoding="utf-8")
    )
    path.write_text(written, encoding="utf-8")


def _block(name: str) -> re.Pattern:
    return re.compile(
        rf"(?P<start><!-- {name}: written by `make \w+` -->\n)"
        rf"(?P<text>.*?)(?P<end><!-- end of {name} -->)",
        re.DOTALL,
    )
