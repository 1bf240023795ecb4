"""The section on why the win rate changed."""

import pytest

from support.report_story import change_part, segment, story_with
from winrate.report.style import HURTS, NEUTRAL, PALE_HELPS


def test_the_waterfall_goes_from_the_win_rate_before_to_the_one_after(story):
    bars = story.figures["why"]["data"][0]
    names = story.figures["why"]["layout"]["yaxis"]["ticktext"]
    assert names == [
        "Win rate before",
        "Region: mix",
        "Region: rate",
        "Lead source: mix",
        "Lead source: rate",
        "All deals alike",
        "Win rate after",
    ]
    ends = [base + length for base, length in zip(bars["base"], bars["x"], strict=True)]
    assert ends[0] == pytest.approx(0.45) and ends[-1] == pytest.approx(0.40)
    assert bars["base"][1:-1] == pytest.approx(ends[:-2])
    assert ends[-2] == pytest.approx(ends[-1])


def test_a_step_of_the_waterfall_is_pale_unless_it_is_significant(story):
    bars = story.figures["why"]["data"][0]
    assert bars["marker"]["color"] == [
        NEUTRAL,
        PALE_HELPS,
        HURTS,
        HURTS,  # a mix effect whose interval excludes zero
        PALE_HELPS,
        PALE_HELPS,
        NEUTRAL,
    ]
    assert "-4.1 points, 95% interval -5.1 to -3.1" in bars["hovertext"][2]
    assert "Part of region." in bars["hovertext"][2]
    assert "not statistically significant" not in bars["hovertext"][2]
    assert "not statistically significant" in bars["hovertext"][1]


def test_steps_that_are_all_pale_are_explained(story, page):
    assert "Every step is pale" not in story.text
    parsed = page(story_with(drivers_win_rate_change_model=[change_part("region", 0.5, 0.5)]))
    assert "Every step is pale: none is statistically significant." in parsed.text


def test_a_change_that_cannot_be_split_gets_a_sentence(page):
    parsed = page(story_with(drivers_win_rate_change_model=[]))
    assert "why" not in parsed.figures
    assert "Too few deals to split the change of the win rate by feature." in parsed.text
    # The segments do not depend on the split.
    assert "Region: APAC got worse" in parsed.text


def test_only_segments_with_evidence_in_the_primary_comparison_are_listed(story, page):
    text = story.text
    assert "Region: APAC got worse 37.0% → 20.0% 30.0% → 31.0% -5.1 -6.8 to -3.3 +0.0" in text
    assert "Region: Europe" not in text and "Region: India" not in text
    nothing = story_with(drivers_win_rate_change_segments=[segment("Europe", "inconclusive")])
    assert "No segment has a statistically significant change" in page(nothing).text
