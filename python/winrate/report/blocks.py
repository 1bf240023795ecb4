"""What a section of the page is made of.

Each block is plain text and numbers; the macro of templates/blocks.html that `macro` names makes
HTML of it and escapes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import plotly.graph_objects as go

from winrate import wording


@dataclass(frozen=True)
class Heading:
    """A heading within a section; with a `severity`, that is shown before the text."""

    macro: ClassVar[str] = "heading"
    text: str
    severity: str | None = None

    @property
    def css_class(self) -> str:
        """The class of the severity's label."""
        return self.severity if self.severity in wording.SEVERITIES else "info"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    macro: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Key:
    """What one or more colours of a chart mean."""

    colours: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Guide:
    """How to read the chart or table above: text, then what the colours mean."""

    macro: ClassVar[str] = "guide"
    text: str
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Items:
    """A list, one text per item."""

    macro: ClassVar[str] = "items"
    texts: Sequence[str]


@dataclass(frozen=True)
class Link:
    """A cell of a table that leads to a web address."""

    text: str
    address: str


@dataclass(frozen=True)
class Table:
    """A table: one dictionary per row, column name to text or a link; at least one row.

    numbers: the columns that are aligned right.
    """

    macro: ClassVar[str] = "table"
    rows: Sequence[dict[str, str | Link]]
    numbers: frozenset[str] = frozenset()
    caption: str = ""


@dataclass(frozen=True)
class Chart:
    """A Plotly figure.

    name: unique on the page; the element in which the figure is drawn has the id '<name>-chart'.
    title: what a screen reader says.
    """

    macro: ClassVar[str] = "chart"
    name: str
    title: str
    figure: go.Figure


Block = Heading | Paragraph | Guide | Items | Table | Chart


@dataclass(frozen=True)
class Section:
    """A part of the page: its anchor, its heading and its blocks from the top down."""

    slug: str
    heading: str
    blocks: Sequence[Block]
