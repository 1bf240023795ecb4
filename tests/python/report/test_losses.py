"""The section on why deals are lost."""

import re

from support.report_story import loss, story_with
from winrate.report.sections import losses

SECTIONS = [losses.section]

ROW = re.compile(r"Price\s+120\s+1,200,000\s+15\.0%\s+10\.0%\s+\+5\.0\s+\+3\.0 to \+7\.0\s+rose")


def section_of(page, *rows) -> str:
    text = page(story_with(drivers_loss_reasons=list(rows))).text
    return text[text.index("Why deals are lost") :]


def test_an_export_without_reasons_has_no_such_section(story):
    assert "Why deals are lost" not in story.text


def test_claims_come_first_the_strongest_at_the_top(page):
    text = section_of(
        page,
        loss("Timing"),
        loss("Price", "rose", statement="Price rose.", rank=2),
        loss(
            "no decision", "rose", dimension="kind", q_value=0.001, statement="Kind rose.", rank=3
        ),
    )
    places = [text.index(each) for each in ("Kind rose.", "Price rose.", "Kind of loss", "Timing")]
    assert places == sorted(places)
    assert ROW.search(text)
    assert "No share of a loss reason has changed" not in text


def test_without_a_claim_the_section_says_so(page):
    text = section_of(page, loss("Timing", inconclusive_because="may be chance among 9 shares"))
    assert "No share of a loss reason has changed significantly." in text
    assert "inconclusive: may be chance among 9 shares" in text


def test_segments_and_other_comparisons_are_not_on_the_page(page):
    text = section_of(
        page,
        loss("Timing"),
        loss("Of APAC", feature="region", level="APAC", rank=2),
        loss("Of a year", comparison="year on year", is_primary=False),
    )
    assert "Timing" in text and "Of APAC" not in text and "Of a year" not in text


def test_a_short_export_shows_the_comparison_that_it_has(page):
    text = section_of(page, loss("Timing", comparison="year on year", is_primary=False))
    assert "the comparison 'year on year'" in text


def test_of_many_reasons_the_most_frequent_are_listed(page, monkeypatch):
    monkeypatch.setattr(losses, "MAX_REASONS", 2)
    rows = [loss(f"Reason {n}", n_lost_after=n, rank=n) for n in range(1, 6)]
    text = section_of(page, *rows)
    assert text.index("Reason 5") < text.index("Reason 4")
    assert "Reason 3" not in text and "and 3 more in drivers.loss_reasons" in text
