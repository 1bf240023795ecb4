"""Builds are all or nothing, and docs/reliability.md has the figures that show it."""

import ast
from pathlib import Path

from winrate import reliability_doc


def recorded_names() -> list[str]:
    """The names that the tests give their figures, read from the source."""
    return [
        ast.literal_eval(node.args[0])
        for path in sorted(Path(__file__).parent.glob("test_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record_figure"
    ]


def test_the_table_of_figures_has_a_row_for_every_figure_and_no_other():
    assert sorted(reliability_doc.shown_figures()) == sorted(recorded_names()), (
        "docs/reliability.md is out of date: run `make reliability`"
    )
