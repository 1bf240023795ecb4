"""The section on what changed."""

import pytest

from support.report_story import change, quarter, story_with
from winrate.report.sections import trend
from winrate.report.style import HURTS

SECTIONS = [trend.section]


def test_an_incomplete_quarter_is_hollow_and_says_so(story):
    points = [t for t in story.figures["trend"]["data"] if "markers" in t["mode"]]
    complete, incomplete = points
    assert [text[:7] for text in complete["hovertext"]] == ["2025 Q4", "2026 Q1"]
    assert [text[:7] for text in incomplete["hovertext"]] == ["2026 Q2"]
    assert incomplete["marker"]["color"] == "white"
    assert incomplete["name"] == "incomplete quarter"
    assert "incomplete" in incomplete["hovertext"][0]
    assert "incomplete" not in complete["hovertext"][0]


def test_the_hover_text_of_a_quarter_has_its_interval(story):
    complete = next(t for t in story.figures["trend"]["data"] if "markers" in t["mode"])
    assert complete["hovertext"][0] == "2025 Q4: 40.0% of 90 deals<br>95% interval 30.0% to 50.0%"


def day_of(value: str) -> str:
    return value[:10]


def test_the_two_periods_that_are_compared_are_drawn_over_their_days(story):
    before_band, before, after_band, after = story.figures["trend"]["data"][:4]
    assert before["name"] == "before: 2025 Q3 to 2025 Q4, with 95% interval"
    assert (list(map(day_of, before["x"])), before["y"]) == (
        ["2025-07-01", "2025-12-31"],
        [0.45] * 2,
    )
    assert (list(map(day_of, after["x"])), after["y"]) == (["2026-01-01", "2026-06-30"], [0.40] * 2)
    assert set(before_band["y"]) == {0.42, 0.48} and set(after_band["y"]) == {0.37, 0.43}
    assert after["hovertext"] == (
        "2026 Q1 to 2026 Q2: 40.0% of 1,500 deals<br>95% interval 37.0% to 43.0%"
    )
    assert after["line"]["color"] == HURTS and before["line"]["color"] != HURTS


def test_the_picture_has_the_difference_that_is_tested_and_its_verdict(story):
    notes = [note["text"] for note in story.figures["trend"]["layout"]["annotations"]]
    assert "<b>-5.0 points</b><br>95% interval<br>-8.6 to -1.4<br>declined" in notes
    assert {"<b>45.0%</b>", "<b>40.0%</b>"} <= set(notes)


@pytest.mark.parametrize("changes", [[], [change("too few deals", change_pp=None)]])
def test_without_a_comparison_only_the_quarters_are_drawn(page, changes):
    figure = page(story_with(drivers_win_rate_change=changes)).figures["trend"]
    assert all("markers" in trace["mode"] for trace in figure["data"])
    assert "annotations" not in figure["layout"]


def test_a_verdict_that_an_interval_seems_to_contradict_is_explained(page):
    because = "may be chance among 6 comparisons"
    changes = [change("no detectable change", inconclusive_because=because)]
    found = page(story_with(drivers_win_rate_change=changes))
    assert f"no detectable change: {because}" in found.text
    notes = [note["text"] for note in found.figures["trend"]["layout"]["annotations"]]
    assert any(
        note.endswith("no detectable<br>change: may be<br>chance among 6<br>comparisons")
        for note in notes
    )


def test_a_change_that_is_none_has_no_colour(page):
    changes = [change("no detectable change")]
    data = page(story_with(drivers_win_rate_change=changes)).figures["trend"]["data"]
    assert data[1]["line"]["color"] == data[3]["line"]["color"]


def test_of_many_quarters_some_are_named(page):
    starts = [f"{year}-{month:02}-01" for year in range(2010, 2026) for month in (1, 4, 7, 10)]
    trend = [quarter(start) for start in starts]
    axis = page(story_with(drivers_win_rate_trend=trend)).figures["trend"]["layout"]["xaxis"]
    assert len(axis["tickvals"]) == len(axis["ticktext"]) <= 12
    assert axis["ticktext"][0] == "2010 Q1"


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
