"""The page of the story, and pages of databases made by hand."""

from pathlib import Path

import pytest

from support.page import Page
from support.report_story import STORY, write_page, write_report
from winrate.report import sections


@pytest.fixture(scope="session")
def story_folder(tmp_path_factory) -> Path:
    """The report of STORY."""
    return write_report(STORY, tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="session")
def story(story_folder) -> Page:
    """The page of STORY."""
    return Page(story_folder / "index.html")


@pytest.fixture
def write(tmp_path):
    """Write the report of some tables; returns its folder."""
    return lambda tables: write_report(tables, tmp_path)


@pytest.fixture
def page(request, tmp_path):
    """Write the page of some tables, without chart files.

    Its sections are the `SECTIONS` of the module that tests them, since a whole page takes ten
    times as long as one section. A module without them gets all.
    """
    shown = getattr(request.module, "SECTIONS", sections.SECTIONS)
    return lambda tables: Page(write_page(tables, tmp_path / "index.html", shown))
