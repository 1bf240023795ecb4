"""The section on what changed."""

from support.report_story import change, story_with


def test_an_incomplete_quarter_is_hollow_and_says_so(story):
    points = [t for t in story.figures["trend"]["data"] if "markers" in t["mode"]]
    complete, incomplete = points
    assert complete["x"] == ["2025 Q4", "2026 Q1"]
    assert incomplete["x"] == ["2026 Q2"]
    assert incomplete["marker"]["color"] == "white"
    assert "incomplete" in incomplete["text"][0] and "incomplete" in incomplete["hovertext"][0]
    assert "incomplete" not in complete["text"][0]


def test_the_hover_text_of_a_quarter_has_its_interval_and_the_band(story):
    complete = next(t for t in story.figures["trend"]["data"] if "markers" in t["mode"])
    assert complete["hovertext"][0] == (
        "2025 Q4: 40.0% of 90 deals<br>95% interval 30.0% to 50.0%"
        "<br>expected by chance: 25.0% to 55.0%"
    )


def test_the_line_of_all_closed_deals_is_their_win_rate(story):
    [line] = [t for t in story.figures["trend"]["data"] if t.get("name") == "all closed deals"]
    assert line["y"] == [0.5] * 3


def test_every_comparison_is_listed_with_its_verdict_the_primary_one_first(story, page):
    row = "Last two quarters closed 2025 Q3 to 2025 Q4: 45.0% of 1,400 2026 Q1 to 2026 Q2: 40.0%"
    assert f"{row} of 1,500 -5.0 -8.6 to -1.4 5.2 declined" in story.text
    assert story.text.index("Last two quarters closed") < story.text.index("Last quarter closed")
    changes = [change(is_primary=False), change(comparison="year on year")]
    text = page(story_with(drivers_win_rate_change=changes)).text
    assert text.index("Year on year closed") < text.index("Last two quarters closed")


def test_the_trend_says_which_deals_are_not_in_it(story, page):
    message = "1,240 closed deals have no usable close date."
    checks = [{"check_name": "date_is_missing", "severity": "info", "message": message}]
    text = page(story_with(quality_data_checks=checks)).text
    trend = text[text.index("What changed") :]
    assert message in trend[: trend.index("Complete quarters are compared")]
