"""Every alert condition has its section in docs/alerts.md, and every section its condition."""

import csv
import re

import pytest
import yaml

from winrate import project

DOC = project.ROOT / "docs" / "alerts.md"
RULES = project.ROOT / "seeds" / "alert_rules.csv"
MODELS = project.ROOT / "models" / "alerts"


def sections() -> dict[str, str]:
    """The sections of the runbook by their anchor, as GitHub makes anchors of headings."""
    parts = re.split(r"^## (.+)\n", DOC.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in parts[::2]]
    return dict(zip(anchors, parts[1::2], strict=True))


def conditions() -> list[str]:
    with RULES.open(encoding="utf-8", newline="") as file:
        return [rule["condition"] for rule in csv.DictReader(file)]


def test_every_condition_has_the_section_that_its_runbook_column_names():
    # macros/alerts.sql: 'docs/alerts.md#' and the condition with '-' for '_'
    assert sorted(sections()) == sorted(condition.replace("_", "-") for condition in conditions())


@pytest.mark.parametrize("condition", conditions())
def test_a_section_answers_the_same_questions(condition):
    section = sections()[condition.replace("_", "-")]
    questions = ["What it says", "When it fires", "What to check first", "What to do"]
    asked = re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)
    assert asked == [*questions, "When it is wrong"]


@pytest.mark.parametrize("condition", conditions())
def test_the_example_of_a_section_is_a_message_of_a_unit_test(condition):
    example = " ".join(re.findall(r"^> (.+)$", sections()[condition.replace("_", "-")], re.M))
    text = (MODELS / f"alert_{condition}.yml").read_text(encoding="utf-8")
    expected = [case["expect"]["rows"] for case in yaml.safe_load(text)["unit_tests"]]
    assert example in [row.get("message") for rows in expected for row in rows]
