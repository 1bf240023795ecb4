"""The recipes of CONTRIBUTING.md name files that exist, and no recipe is long.

A recipe is a heading under 'Recipes' with a numbered list of files to edit by hand. Its line
'Example: `<x>` is `name`' says what each placeholder stands for in files that exist.
"""

import re
import subprocess
from pathlib import Path

import pytest

from winrate import project

TEXT = (project.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# Files to edit by hand, at most; a longer list means that a fact is in too many places.
LIMITS = {
    "Add an alert condition": 5,
    "Add a column to a public table: a count or a sum": 4,
    "Add a column to a public table: a statistic": 4,
    "Add a public table": 7,
    "Add a CRM": 3,
    "Change a setting": 1,
    "Add a chart to the page": 3,
    "Add a data check": 4,
}


def section(title: str, level: str) -> str:
    """The text below a heading, up to the next heading of its level or a higher one."""
    found = re.search(
        rf"^{level} {re.escape(title)}\n(.*?)(?=^#{{2,{len(level)}}} |\Z)", TEXT, re.M | re.S
    )
    assert found, title
    return found[1]


def recipes() -> dict[str, str]:
    parts = re.split(r"^### (.+)\n", section("Recipes", "##"), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def edited_files(recipe: str) -> list[str]:
    return re.findall(r"^\d+\. `([^`]+)`", recipe, re.MULTILINE)


def with_example(text: str, recipe: str) -> str:
    """The text with the names of the recipe's example for its placeholders."""
    for placeholder, name in re.findall(r"`(<\w+>)` is\s+`(\w+)`", recipe):
        text = text.replace(placeholder, name)
    return text


def test_there_is_a_recipe_for_each_kind_of_change():
    assert list(recipes()) == list(LIMITS)


@pytest.mark.parametrize("title", LIMITS)
def test_a_recipe_names_files_that_exist(title):
    recipe = recipes()[title]
    # Files in the list, and others that the text names, which have a folder in their path.
    named = edited_files(recipe) + re.findall(r"`([\w./]+/[\w.<>]*)`", recipe)
    missing = [name for name in named if not (project.ROOT / with_example(name, recipe)).exists()]
    assert named and missing == []


@pytest.mark.parametrize(("title", "limit"), LIMITS.items())
def test_a_recipe_has_few_files_to_edit_by_hand(title, limit):
    files = edited_files(recipes()[title])
    assert 1 <= len(files) <= limit
    assert len(files) == len(set(files))


@pytest.mark.parametrize("title", LIMITS)
def test_the_files_of_a_recipe_are_numbered_without_a_gap(title):
    numbers = re.findall(r"^(\d+)\. ", recipes()[title], re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]


def listed_folders() -> list[str]:
    rows = re.findall(r"^\| (`[^|]+`) \|", section("What lives where", "##"), re.MULTILINE)
    return [folder for row in rows for folder in re.findall(r"`([^`]+)/`", row)]


def test_the_map_lists_folders_that_exist():
    assert [name for name in listed_folders() if not (project.ROOT / name).is_dir()] == []


def test_the_map_lists_every_folder_of_models_macros_and_the_package():
    tracked = subprocess.run(
        ["git", "ls-files", "models", "macros", "python/winrate"],
        cwd=project.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    folders = {Path(name).parent.as_posix() for name in tracked}
    # The row of a package names what is in it; models/docs.md is the only file beside the folders.
    covered = re.compile(r"models|python/winrate(/\w+/.+)?")
    assert {name for name in folders if not covered.fullmatch(name)} <= {*listed_folders()}


def test_commands_select_models_and_tests_that_exist():
    commands = section("Run one thing", "##")
    names = [
        name
        for selected in re.findall(r"dbt \w+ --select ([\w, :]+?)(?: --|`)", commands)
        for name in re.split(r"[ ,]", selected)
        if ":" not in name
    ]
    properties = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("models", "seeds")
        for path in (project.ROOT / folder).rglob("*.yml")
    )
    assert names
    assert [name for name in names if f"- name: {name}\n" not in properties] == []
    for path in re.findall(r"(?:models|tests)/[\w/]+\.\w+", commands):
        assert (project.ROOT / path).is_file(), path
