"""The first sentence of the page."""

import pytest

from support.report_story import cause, change, segment, story_with

SECTIONS = []  # the headline stands above them

NO_SIGNAL = [{"verdict": "no signal", "minimum_deals": 1653, "statement": "Nothing."}]
LEAK = [
    {"verdict": "suspected leak", "suspected_feature": "lead_source", "statement": "Suspected."}
]
TOO_FEW = [{"verdict": "too few deals", "statement": "Too few."}]
FLAT = {
    "win_rate_before": 0.452,
    "win_rate_after": 0.455,
    "change_pp": 0.3,
    "change_pp_low": -3.3,
    "change_pp_high": 3.9,
}


APAC = segment("APAC", -3.8, "lowered")
MIX = cause(-1.4, "lowered")
SHARED = cause(-4.6, "lowered", cause="all deals", cause_order=2)
NO_CAUSE = [cause(-1.0), cause(-4.0, cause="all deals", cause_order=2)]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(
            {"drivers_win_rate_change_causes": [cause(-1.2), APAC]},
            "Win rate fell 5.0 points in the last two quarters (45.0% to 40.0%), more than "
            "expected by chance; region APAC lowered it by 3.8 points.",
            id="declined_in_one_segment",
        ),
        pytest.param(
            {"drivers_win_rate_change_causes": [MIX]},
            "by chance; the mix of deals lowered it by 1.4 points.",
            id="declined_by_the_mix",
        ),
        pytest.param(
            {"drivers_win_rate_change_causes": [cause(0.1), SHARED]},
            "by chance; a change that all deals share lowered it by 4.6 points.",
            id="declined_in_all_deals_alike",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_causes": [
                    MIX,
                    SHARED,
                    APAC,
                    segment("Partner", 2.4, "raised", feature="lead_source", cause_order=4),
                    segment("India", 0.3, "inconclusive", cause_order=None),
                ]
            },
            "by chance; the mix of deals lowered it by 1.4 points, a change that all deals share "
            "by 4.6 points and region APAC by 3.8 points, and lead source Partner raised it by 2.4 "
            "points.",
            id="several_causes",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_causes": [
                    segment(level, -1.0, "lowered", cause_order=order)
                    for order, level in enumerate(["A", "B", "C", "D", "E"], start=3)
                ]
            },
            "by chance; region A lowered it by 1.0 points, region B by 1.0 points, region C by 1.0 "
            "points and 2 more.",
            id="declined_in_many_segments",
        ),
        pytest.param(
            {"drivers_win_rate_change_causes": NO_CAUSE},
            "by chance; no single cause of it is statistically significant.",
            id="declined_without_a_cause",
        ),
        pytest.param(
            {"drivers_win_rate_change_causes": NO_CAUSE, "drivers_model_verdict": NO_SIGNAL},
            "by chance, but in 2 closed deals, the features do not discriminate between won and "
            "lost deals, so no cause can be named.",
            id="declined_without_signal",
        ),
        pytest.param(
            {"drivers_win_rate_change_causes": NO_CAUSE, "drivers_model_verdict": LEAK},
            "Win rate fell 5.0 points in the last two quarters (45.0% to 40.0%), more than "
            "expected by chance; no single cause of it is statistically significant.",
            id="declined_with_a_suspected_leak",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change("improved", win_rate_after=0.52, change_pp=7.0),
                ],
                "drivers_win_rate_change_causes": [segment("India", 5.5, "raised")],
            },
            "Win rate rose 7.0 points in the last two quarters (45.0% to 52.0%), more than "
            "expected by chance; region India raised it by 5.5 points.",
            id="improved",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change("no detectable change", q_value=0.4, **FLAT),
                    change(comparison="year on year", is_primary=False, q_value=0.01),
                ],
                "drivers_win_rate_change_causes": NO_CAUSE,
            },
            "Win rate fell 5.0 points year on year (45.0% to 40.0%), more than expected by chance;",
            id="only_another_comparison_declined",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change("no detectable change", q_value=0.4, **FLAT),
                    change("no detectable change", comparison="quarter to date", is_primary=False),
                ],
                "drivers_win_rate_change_causes": [
                    *NO_CAUSE,
                    segment("APAC", -3.8, "lowered", comparison="quarter to date"),
                ],
            },
            "The change of the win rate in the quarter to date (45.0% to 40.0%) is not "
            "statistically significant among so many comparisons, but region APAC lowered it by "
            "3.8 points.",
            id="only_another_comparison_has_a_cause",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change(q_value=0.03),
                    change(comparison="year on year", is_primary=False, q_value=0.01),
                ],
                "drivers_win_rate_change_causes": [
                    APAC | {"q_value": 0.02},
                    APAC | {"q_value": 0.001, "comparison": "year on year"},
                ],
            },
            "Win rate fell 5.0 points year on year",
            id="another_comparison_has_stronger_evidence",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change(q_value=0.03),
                    change("no detectable change", comparison="last quarter", is_primary=False),
                ],
                "drivers_win_rate_change_causes": [
                    APAC | {"q_value": 0.002},
                    APAC | {"q_value": 0.001, "comparison": "last quarter"},
                ],
            },
            "Win rate fell 5.0 points in the last two quarters",
            id="a_significant_change_goes_before_one_with_a_cause_alone",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change(q_value=0.01),
                    change(comparison="a year", is_primary=False, q_value=0.01),
                ]
            },
            "Win rate fell 5.0 points in the last two quarters",
            id="with_equal_evidence_the_primary_comparison_leads",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [
                    change("no detectable change", q_value=0.4, **FLAT),
                    change(basis="created", comparison="year on year", q_value=0.001),
                ],
                "drivers_model_verdict": NO_SIGNAL,
                "drivers_win_rate_change_causes": NO_CAUSE,
            },
            "Nothing here to act on: in 2 closed deals, the features do not discriminate between "
            "won and lost deals, and the change of the win rate in the last two quarters (45.2% "
            "to 45.5%) is not statistically significant.",
            id="no_signal",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", **FLAT)],
                "drivers_model_verdict": LEAK,
                "drivers_win_rate_change_causes": NO_CAUSE,
            },
            "Lead source seems to know the outcome, so no driver is named; the change of the win "
            "rate in the last two quarters (45.2% to 45.5%) is not statistically significant.",
            id="suspected_leak",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", **FLAT)],
                "drivers_model_verdict": [LEAK[0] | {"suspected_feature": None}],
                "drivers_win_rate_change_causes": NO_CAUSE,
            },
            "A feature seems to know the outcome, so no driver is named; the change",
            id="suspected_leak_of_several_features",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", **FLAT)],
                "drivers_win_rate_change_causes": [APAC],
            },
            "The change of the win rate in the last two quarters (45.2% to 45.5%) is not "
            "statistically significant, but region APAC lowered it by 3.8 points.",
            id="no_change_but_a_segment",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change")],
                "drivers_win_rate_change_causes": NO_CAUSE,
            },
            "is not statistically significant among so many comparisons.",
            id="a_change_that_is_significant_only_alone",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("too few deals")],
                "drivers_model_verdict": TOO_FEW,
                "drivers_win_rate_change_causes": [cause(None, "too few deals")],
            },
            "Too few won or lost deals to act on yet: the drivers of the win rate cannot be "
            "estimated, and there are too few recent deals to say whether the win rate changed.",
            id="too_few_deals",
        ),
        pytest.param(
            {"drivers_win_rate_change": [], "drivers_win_rate_change_causes": []},
            "There are too few complete quarters to say whether the win rate changed.",
            id="too_few_quarters",
        ),
    ],
)
def test_the_headline_says_what_happened_and_what_accounts_for_it(page, tables, expected):
    text = page(story_with(**tables)).text
    assert expected in text
    assert text.index(expected) < text.index("Closed deals")
