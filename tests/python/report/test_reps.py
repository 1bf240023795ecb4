"""The section on the sales reps."""

import pytest

from support.report_story import rep, story_with
from winrate.report.charts import funnel
from winrate.report.sections import reps as section_of_reps
from winrate.report.style import HELPS, HURTS, NEUTRAL

SECTIONS = [section_of_reps.section]


def test_the_colour_of_a_rep_follows_the_evidence_alone(story):
    [points] = [t for t in story.figures["reps"]["data"] if t["name"] == "rep"]
    assert points["x"] == [2, 50, 160, 200]
    assert points["y"] == pytest.approx([0.98, 0.68, 0.43, 0.18])  # the adjusted win rate
    assert points["marker"]["color"] == [NEUTRAL, HELPS, NEUTRAL, HURTS]
    assert points["text"] == ["", "rep_3", "", "rep_1"]
    assert "win rate 20.0% of 200 deals; others with the same deals 42.0%" in points["hovertext"][3]
    assert "About rep_1." in points["hovertext"][3]


def test_the_funnel_has_the_limits_of_the_table_at_each_number_of_deals(story):
    lines = [t for t in story.figures["reps"]["data"] if t["mode"] == "lines"]
    low_95, high_95, low_998, high_998, overall = lines
    assert overall["y"] == pytest.approx([149 / 412] * 2)  # won of the closed deals of all reps
    for line, times in [(low_95, -1), (high_95, 1), (low_998, -1.5), (high_998, 1.5)]:
        assert line["x"][1:-1] == [2, 50, 160, 200]
        assert line["y"][1:-1] == pytest.approx([0.4 + times * n**-0.5 for n in line["x"][1:-1]])
        assert (line["y"][0], line["y"][-1]) == (line["y"][1], line["y"][-2])
        assert line["x"][0] < 2 and line["x"][-1] > 200
    assert [line["showlegend"] for line in lines[:4]] == [True, False, True, False]


def test_the_funnel_of_reps_with_equally_many_deals_has_lines(page):
    reps = [rep("rep_1", n_deals=40, n_won=10), rep("rep_2", n_deals=40, n_won=20)]
    figure = page(story_with(drivers_rep_performance=reps)).figures["reps"]
    low_95 = figure["data"][0]
    assert low_95["x"] == pytest.approx([38.8, 40, 41.2])
    assert len(set(low_95["y"])) == 1


def test_of_very_many_reps_some_are_drawn(page, monkeypatch):
    monkeypatch.setattr(funnel, "MAX_POINTS", 2)
    reps = [
        rep("small_and_above", n_deals=40, n_won=39, evidence="above"),
        rep("middle", n_deals=50, n_won=20),
        rep("large", n_deals=60, n_won=20),
    ]
    drawn = page(story_with(drivers_rep_performance=reps)).figures["reps"]
    [points] = [trace for trace in drawn["data"] if trace["name"] == "rep"]
    assert points["x"] == [40, 60]


@pytest.mark.parametrize(
    ("spread", "evidence", "expected"),
    [
        (
            {"spread_evidence": "inconclusive", "spread_p_value": 0.37},
            "inconclusive",
            "The differences between reps are not statistically significant (p = 0.37), so a "
            "ranking of reps would mostly reflect luck.",
        ),
        (
            {"spread_evidence": "inconclusive", "spread_p_value": 0.37},
            "above",
            "not statistically significant (p = 0.37), but 4 reps stand out.",
        ),
        (
            {"spread_evidence": "differs", "spread_p_value": 1e-5},
            "inconclusive",
            "The reps differ more than expected by chance (p < 0.001); no single rep stands out.",
        ),
        (
            {"spread_evidence": "differs", "spread_p_value": 1e-5},
            "below",
            "standard deviation of 5.1 points; by chance alone it would be 5.0 points. The reps "
            "differ more than expected by chance (p < 0.001); 4 reps stand out.",
        ),
        (
            {"spread_evidence": "too few deals", "spread_p_value": None, "between_rep_sd": None},
            "inconclusive",
            "There are too few reps with closed deals to compare them.",
        ),
    ],
)
def test_a_sentence_says_whether_the_reps_differ(page, spread, evidence, expected):
    reps = [rep(f"rep_{n}", evidence, **spread) for n in range(4)]
    assert expected in page(story_with(drivers_rep_performance=reps)).text


def team(name, difference, evidence="inconclusive", **values):
    """A row of drivers.team_performance with an interval of five points on either side."""
    return {
        "team": name,
        "n_reps": 4,
        "n_deals": 400,
        "win_rate": 0.42 + difference / 100,
        "expected_win_rate": 0.42,
        "observed_minus_expected_pp": difference,
        "observed_minus_expected_pp_low": difference - 5,
        "observed_minus_expected_pp_high": difference + 5,
        "spread_p_value": 0.37,
        "spread_evidence": "inconclusive",
        "evidence": evidence,
    } | values


def test_teams_are_compared_where_there_are_two(page, story):
    teams = [team("West", -2.0), team("East", 3.0), team("No deals", 0.0, n_deals=0)]
    text = page(story_with(drivers_team_performance=teams)).text
    assert (
        "The 2 teams differ no more than expected by chance from the reps they have (p = 0.37)."
    ) in text
    assert "East 4 400 45.0% 42.0% +3.0 -2.0 to +8.0 inconclusive" in text
    assert text.index("East 4 400") < text.index("West 4 400") and "No deals" not in text
    assert "eam" not in story.text
    assert "eam" not in page(story_with(drivers_team_performance=teams[:1])).text


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (["inconclusive", "inconclusive"], "no single team stands out."),
        (["inconclusive", "below"], "West stands out."),
        (["above", "below"], "East and West stand out."),
    ],
)
def test_teams_that_stand_out_are_named(page, evidence, expected):
    spread = {"spread_evidence": "differs", "spread_p_value": 0.0004}
    names = {"East": 8.0, "West": -8.0}
    teams = [
        team(name, names[name], claim, **spread)
        for name, claim in zip(names, evidence, strict=True)
    ]
    text = page(story_with(drivers_team_performance=teams)).text
    assert f"The 2 teams differ more than expected by chance (p < 0.001); {expected}" in text
