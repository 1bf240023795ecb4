"""Every relative link in the documentation leads to a file, and to a heading where it names one."""

import re
from pathlib import Path

import pytest

from winrate import project

PAGES = sorted([*project.ROOT.glob("*.md"), *(project.ROOT / "docs").rglob("*.md")])


def links(page: Path) -> list[str]:
    """The targets of the links and images of a page, without those that lead to the web."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    targets = re.findall(r"\]\(([^()\s]+)\)", text)
    return [target for target in targets if not re.match(r"\w+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(project.ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    broken = []
    for link in links(page):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_links_to_every_guide_in_docs():
    guides = {path.name for path in (project.ROOT / "docs").glob("*.md")}
    linked = {Path(link).name for link in links(project.ROOT / "README.md")}
    assert guides <= linked
