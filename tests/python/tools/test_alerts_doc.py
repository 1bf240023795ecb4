"""Every alert leads to a section of docs/alerts.md, and every section belongs to an alert."""

import csv
import re

from winrate import project

DOC = project.ROOT / "docs" / "alerts.md"
RULES = project.ROOT / "seeds" / "alert_rules.csv"


def anchors() -> list[str]:
    """The anchors of the sections of the runbook, as GitHub makes them of headings."""
    headings = re.findall(r"^## (.+)$", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def conditions() -> list[str]:
    with RULES.open(encoding="utf-8", newline="") as file:
        return [rule["condition"] for rule in csv.DictReader(file)]


def test_every_condition_has_the_section_that_its_runbook_column_names():
    # macros/alerts.sql: 'docs/alerts.md#' and the condition with '-' for '_'
    assert sorted(anchors()) == sorted(condition.replace("_", "-") for condition in conditions())


def test_every_section_answers_the_same_questions():
    sections = re.split(r"^## ", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    questions = ["What it says", "When it fires", "What to check first", "What to do"]
    for section in sections:
        asked = re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)
        assert asked == [*questions, "When it is wrong"], section.splitlines()[0]
