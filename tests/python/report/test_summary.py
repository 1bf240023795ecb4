"""The top and the end of the page."""

from support.report_story import story_with
from winrate.report.sections import data_checks

SECTIONS = [data_checks.section]

NO_SIGNAL = [{"verdict": "no signal", "minimum_deals": 1653, "statement": "Nothing."}]


def test_the_verdict_and_the_change_come_first(story):
    text = story.text
    assert text.index("As of 2026-06-30") < text.index("The features have a signal.")
    assert text.index("The features have a signal.") < text.index("A fall of 5 points.")
    assert text.index("A fall of 5 points.") < text.index("Closed deals 2 Won 1 Win rate 50.0%")
    assert "Open deals 2 Open amount 2,000 Alerts today 1 critical · 1 warning" in text
    assert "Not this one." not in text


def test_without_signal_the_page_says_what_it_would_take(story, page):
    assert "What it would take" not in story.text
    text = page(story_with(drivers_model_verdict=NO_SIGNAL)).text
    assert "needs 1,653 closed deals to detect a signal of usual strength, and there are 2" in text
    assert "so wait for more deals" in text
    assert "'last two quarters', the smallest drop that would usually be detected is 5.2" in text


def test_with_deals_enough_the_page_advises_other_features(page):
    enough = [{"verdict": "no signal", "minimum_deals": 2, "statement": "Nothing."}]
    text = page(story_with(drivers_model_verdict=enough)).text
    assert "so more deals of this kind are unlikely to help, but other features might" in text


def test_the_footer_accounts_for_the_rows_that_were_read(story):
    assert "deals.csv: 1,005 rows read, 1,000 accepted, 4 rejected" in story.text
    assert "1 skipped." in story.text


def test_the_footer_names_the_run_its_input_and_its_day(story):
    assert "Built at 2026-07-01T06:00:00Z by Winrate 0.1.0 (run 5f2c1a), as of 2026-06-30" in (
        story.text
    )
    assert "from a file whose SHA-256 starts with 0123456789ab;" in story.text


def test_what_changes_how_all_figures_are_to_be_read_comes_before_them(story, page):
    warning = "The win rate is 23.0%, and would be 16.6% with the rejected rows."
    checks = [
        {"check_name": "a", "severity": "warning", "message": warning},
        {"check_name": "b", "severity": "info", "message": "No column is read as region."},
    ]
    text = page(story_with(quality_data_checks=checks)).text
    assert text.index(warning) < text.index("The features have a signal.")
    assert text.index("No column is read as region.") > text.index("Closed deals 2 Won 1")
    assert warning not in story.text
