"""The report as a browser reads it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path


class Page(HTMLParser):
    """A page: its elements, its text, its scripts."""

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
