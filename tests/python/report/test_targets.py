"""The coverage on top of the page, and the section on targets."""

from support.report_story import story_with
from winrate.report.sections import targets

SECTIONS = [targets.section]


def target(entity_id="all", **values):
    """A row of drivers.target_coverage of a quarter under way."""
    return {
        "period": "2026 Q3",
        "grain": "quarter",
        "period_start": "2026-07-01",
        "period_end": "2026-09-30",
        "entity_type": "all",
        "entity_id": entity_id,
        "is_over": False,
        "is_current": True,
        "target_amount": 1_000_000,
        "won_amount": 400_000,
        "needed_amount": 600_000,
        "open_amount": 1_860_000,
        "coverage_ratio": 3.1,
        "weighted_coverage_ratio": 0.8,
        "weighted_coverage_ratio_low": 0.6,
        "weighted_coverage_ratio_high": 1.0,
        "share_of_pattern": 0.45,
        "statement": f"About {entity_id}: coverage 3.1 times.",
    } | values


TARGETS = [
    target(),
    target("Ann Lee", entity_type="owner", weighted_coverage_ratio=1.4),
    target("Bob Day", entity_type="owner", weighted_coverage_ratio=0.2),
    target("EMEA", entity_type="team", coverage_ratio=None, weighted_coverage_ratio=None),
    target(
        period="2026 Q4",
        period_start="2026-10-01",
        period_end="2026-12-31",
        is_current=False,
        statement="Of a later quarter.",
    ),
    target(
        period="2026 Q2",
        period_start="2026-04-01",
        period_end="2026-06-30",
        is_over=True,
        is_current=False,
        statement="2026 Q2: how it ended.",
    ),
]


def test_the_coverage_of_all_deals_is_on_top_and_the_others_are_in_a_table(page):
    text = page(story_with(drivers_target_coverage=TARGETS)).text
    top, rest = text.split("Closed deals 2 Won 1", 1)
    assert "About all: coverage 3.1 times." in top
    assert "Of a later quarter." not in text and "About Ann Lee" not in text
    section = rest[rest.index("Targets and coverage") :]
    assert (
        "All deals 2026 Q3 1,000,000 400,000 600,000 1,860,000 3.1 0.8 0.6 to 1.0 45.0%" in section
    )
    # All deals first, then teams and owners, those with the lowest coverage first.
    order = [section.index(name) for name in ("All deals", "EMEA", "Bob Day", "Ann Lee", "2026 Q4")]
    assert order == sorted(order)
    assert "EMEA 2026 Q3 1,000,000 400,000 600,000 1,860,000 - - - 45.0%" in section
    assert "2026 Q2: how it ended." in section


def test_a_pattern_that_is_not_known_is_no_column(page):
    text = page(story_with(drivers_target_coverage=[target(share_of_pattern=None)])).text
    assert "95% interval Usual by now" not in text and "3.1 0.8 0.6 to 1.0" in text


def test_without_targets_the_page_is_silent(story):
    assert "arget" not in story.text
