"""The first sentence of the page."""

import pytest

from support.report_story import change, change_part, segment, story_with

NO_SIGNAL = [{"verdict": "no signal", "minimum_deals": 1653, "statement": "Nothing."}]
TOO_FEW = [{"verdict": "too few deals", "statement": "Too few."}]
FLAT = {
    "win_rate_before": 0.452,
    "win_rate_after": 0.455,
    "change_pp": 0.3,
    "change_pp_low": -3.3,
    "change_pp_high": 3.9,
}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(
            {},
            "Win rate fell 5.0 points in the last two quarters (45.0% to 40.0%), more than "
            "expected by chance; region APAC is where it got worse.",
            id="declined_in_one_segment",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change(comparison="last two quarters", is_primary=False, verdict="improved"),
                    change(comparison="year on year"),
                ]
            },
            "Win rate fell 5.0 points year on year (45.0% to 40.0%), more than expected by chance",
            id="another_comparison_is_primary",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [
                    segment(level, "got worse", rank=rank)
                    for rank, level in enumerate(["A", "B", "C", "D", "E"])
                ]
            },
            "by chance; region A, region B, region C and 2 more are where it got worse.",
            id="declined_in_many_segments",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [
                    segment("SaaS", "got worse", feature="industry"),
                    segment("APAC", "got worse", rank=2),
                ]
            },
            "by chance; region APAC is where it got worse.",
            id="declined_in_a_segment_that_shares_deals_with_another",
        ),
        pytest.param(
            {"drivers_win_rate_change_segments": [segment("APAC", "got better")]},
            "by chance; in no single segment is a fall statistically significant.",
            id="declined_in_no_segment",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [],
                "drivers_win_rate_change_model": [change_part("baseline", 0.0, -5.0, "got worse")],
            },
            "by chance; deals of all kinds are won less often.",
            id="declined_in_all_deals_alike",
        ),
        pytest.param(
            {"drivers_win_rate_change_segments": [], "drivers_model_verdict": NO_SIGNAL},
            "by chance, but in 2 closed deals, the features do not discriminate between won and "
            "lost deals, so no cause can be named.",
            id="declined_without_signal",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change("improved", win_rate_after=0.52, change_pp=7.0),
                ],
                "drivers_win_rate_change_segments": [segment("India", "got better")],
            },
            "Win rate rose 7.0 points in the last two quarters (45.0% to 52.0%), more than "
            "expected by chance; region India is where it got better.",
            id="improved",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", **FLAT)],
                "drivers_model_verdict": NO_SIGNAL,
                "drivers_win_rate_change_segments": [],
            },
            "Nothing here to act on: in 2 closed deals, the features do not discriminate between "
            "won and lost deals, and the change of the win rate in the last two quarters (45.2% "
            "to 45.5%) is not statistically significant.",
            id="no_signal",
        ),
        pytest.param(
            {"drivers_win_rate_change": [change("no detectable change", **FLAT)]},
            "The change of the win rate in the last two quarters (45.2% to 45.5%) is not "
            "statistically significant, but region APAC got worse.",
            id="no_change_but_a_segment",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change")],
                "drivers_win_rate_change_segments": [],
            },
            "is not statistically significant among so many comparisons.",
            id="a_change_that_is_significant_only_alone",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("too few deals")],
                "drivers_model_verdict": TOO_FEW,
            },
            "Too few won or lost deals to act on yet: the drivers of the win rate cannot be "
            "estimated, and there are too few recent deals to say whether the win rate changed.",
            id="too_few_deals",
        ),
        pytest.param(
            {"drivers_win_rate_change": [], "drivers_win_rate_change_segments": []},
            "There are too few complete quarters to say whether the win rate changed.",
            id="too_few_quarters",
        ),
    ],
)
def test_the_headline_says_what_happened_and_what_accounts_for_it(page, tables, expected):
    text = page(story_with(**tables)).text
    assert expected in text
    assert text.index(expected) < text.index("Closed deals")
