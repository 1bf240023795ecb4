"""The section on why the win rate changed."""

import pytest

from support.report_story import cause, change, change_part, segment, story_with
from winrate.report.sections import why
from winrate.report.style import HURTS, NEUTRAL, PALE_HELPS, PALE_HURTS

SECTIONS = [why.section]


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
        HURTS,  # a mix effect whose interval excludes zero, where the mix is a cause
        PALE_HELPS,
        PALE_HELPS,
        NEUTRAL,
    ]
    assert "-4.1 points, 95% interval -5.1 to -3.1" in bars["hovertext"][2]
    assert "Part of region." in bars["hovertext"][2]
    assert "not statistically significant" not in bars["hovertext"][2]
    assert "not statistically significant" in bars["hovertext"][1]


def test_only_a_significant_cause_makes_a_step_strong(page):
    """Whatever the table by feature says of its own intervals."""
    parts = [
        change_part("baseline", 0.0, -4.0, "got worse"),
        change_part("region", -3.0, 0.0),
        change_part("lead_source", 2.0, 0.0),
    ]
    causes = [cause(-1.0), cause(-4.0, cause="all deals", cause_order=2)]
    tables = {"drivers_win_rate_change_model": parts, "drivers_win_rate_change_causes": causes}
    pale = page(story_with(**tables))
    assert HURTS not in pale.figures["why"]["data"][0]["marker"]["color"]
    assert "Every step is pale: none is statistically significant." in pale.text
    causes[1] |= {"evidence": "lowered"}
    parsed = page(story_with(**tables))
    bars = parsed.figures["why"]["data"][0]
    assert bars["marker"]["color"] == [NEUTRAL, PALE_HURTS, PALE_HELPS, HURTS, NEUTRAL]
    assert "Every step is pale" not in parsed.text


def test_a_feature_without_a_segment_among_the_causes_has_no_rate_step(page):
    parts = [
        change_part("baseline", 0.0, -1.0),
        change_part("region", 0.1, -4.1),
        change_part("lead_source", -1.5, 0.0),
    ]
    parsed = page(story_with(drivers_win_rate_change_model=parts))
    names = parsed.figures["why"]["layout"]["yaxis"]["ticktext"]
    assert names[1:-1] == ["Region: mix", "Region: rate", "Lead source: mix", "All deals alike"]


def test_the_causes_are_listed_with_their_evidence(story):
    for row in (
        "Mix of deals -1.4 -3.4 to +0.6 lowered it",
        "All deals alike +0.2 -1.8 to +2.2 inconclusive",
        "Region: APAC -3.8 -5.8 to -1.8 lowered it 37.0% → 20.0% 420 → 465",
    ):
        assert row in story.text
    assert "India" not in story.text  # a cause of another comparison
    assert "No cause of the change in this comparison" not in story.text


def test_a_cause_that_is_none_although_its_interval_excludes_zero_says_why(page):
    because = "may be chance among 9 causes"
    causes = [cause(-2.4, inconclusive_because=because), segment("APAC", -3.8, "lowered")]
    text = page(story_with(drivers_win_rate_change_causes=causes)).text
    assert f"Mix of deals -2.4 -4.4 to -0.4 inconclusive: {because}" in text


def test_causes_without_evidence_are_listed_as_such(page):
    parsed = page(
        story_with(drivers_win_rate_change_causes=[cause(-4.0), cause(-1.0, cause_order=2)])
    )
    assert "No cause of the change in this comparison is statistically significant." in parsed.text


def test_a_change_that_cannot_be_split_gets_a_sentence(page):
    too_few = [cause(None, "too few deals"), cause(None, "too few deals", cause_order=2)]
    for causes in ([], too_few):
        parsed = page(story_with(drivers_win_rate_change_causes=causes))
        assert "why" not in parsed.figures
        assert "Too few deals to say why the win rate changed." in parsed.text


def test_causes_do_not_need_the_steps_by_feature(page):
    parsed = page(story_with(drivers_win_rate_change_model=[]))
    assert "why" not in parsed.figures
    assert "Region: APAC -3.8" in parsed.text


def test_the_comparison_with_the_strongest_evidence_is_explained(page):
    causes = [
        cause(-1.0),
        segment("APAC", -3.8, "lowered", q_value=0.02),
        segment("India", -2.0, "lowered", comparison="last quarter", q_value=0.01),
    ]
    changes = [
        change("no detectable change"),
        change("no detectable change", comparison="last quarter", is_primary=False),
    ]
    tables = {"drivers_win_rate_change_causes": causes, "drivers_win_rate_change": changes}
    text = page(story_with(**tables)).text
    assert "Causes of the change: last quarter" in text
    assert "Region: India -2.0" in text and "Region: APAC" not in text
