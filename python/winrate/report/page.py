"""Renders the page from the templates.

Jinja2 escapes whatever a template writes; before that, `_printable` replaces control and
text-direction characters. Only what this module wraps in `Markup` is written as it is.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from winrate import wording
from winrate.report import style
from winrate.report.blocks import Chart
from winrate.report.data import Data
from winrate.report.footer import footer
from winrate.report.sections import SECTIONS
from winrate.report.summary import summary

TITLE = "Win rate report"


def html(data: Data) -> str:
    """The page of a built database, as one text."""
    sections = [section for make in SECTIONS if (section := make(data))]
    charts = [block for section in sections for block in section.blocks if isinstance(block, Chart)]
    environment = _environment()
    plotly_js = get_plotlyjs()
    charts_js = environment.get_template("charts.js").render(
        figures=_json({chart.name: chart.figure for chart in charts})
    )
    return environment.get_template("page.html").render(
        title=TITLE,
        font=Markup(style.FONT),
        summary=summary(data),
        sections=sections,
        footer=footer(data),
        scripts=[Markup(plotly_js), Markup(charts_js)],
        script_hashes=Markup(" ".join(_csp_hash(script) for script in (plotly_js, charts_js))),
    )


class ScopeLink(NamedTuple):
    """A scope of an export, whose report is in the folder of its name; figures: how it stands."""

    name: str
    scope: str
    figures: str


def scopes_html(links: Sequence[ScopeLink]) -> str:
    """The page that links the reports of several scopes, as one text."""
    template = _environment().get_template("scopes.html")
    return template.render(title=TITLE, font=Markup(style.FONT), links=links)


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("winrate.report"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: Any) -> str:
    """The text of an expression in a template, without control or text-direction characters."""
    return value if isinstance(value, Markup) else wording.printable(str(value))


def _json(figures: dict[str, go.Figure]) -> Markup:
    """The figures as JSON, by name."""
    # Plotly writes < and > as escapes: no text in a figure can end the script element.
    return Markup(
        "{" + ",".join(f"{json.dumps(name)}:{fig.to_json()}" for name, fig in figures.items()) + "}"
    )


def _csp_hash(script: str) -> str:
    """The source of a script in the content security policy: only this text may run."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"
