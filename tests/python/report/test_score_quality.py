"""The section on how good the scores were."""

import pytest

from support.report_story import story_with
from winrate.report.sections import score_quality

SECTIONS = [score_quality.section]
QUALITY = {"horizon_days": 365, "n_deals": 6000, "n_followed": 5500, "mean_predicted": 0.45}
QUALITY |= {"mean_observed": 0.42, "mean_observed_low": 0.4, "mean_observed_high": 0.44}
QUALITY |= {"auc": 0.65, "auc_low": 0.63, "auc_high": 0.67}
OF_ALL = QUALITY | {"feature": "all", "level": "all"}
BIN = {"age_band": "all", "n_deals": 550, "mean_observed": 0.3}
BIN |= {"mean_observed_low": 0.25, "mean_observed_high": 0.375}


def of_age(level, **values):
    return QUALITY | {"feature": "deal_age_days", "level": level} | values


def test_what_was_expected_and_what_was_won_stands_first(page):
    month_ends = [
        {"score_date": "2026-03-31", "n_followed": 500},
        {"score_date": "2026-04-30", "n_followed": 400},
        {"score_date": "2026-05-31", "n_followed": 0},
    ]
    parsed = page(story_with(scores_score_quality=[OF_ALL], scores_score_backtest=month_ends))
    assert (
        "The deals that were open at the last 2 month ends were scored by what was known then."
        " Within 365 days 42.0% of them were won (95% interval 40.0% to 44.0%);"
        " the scores had expected 45.0%." in parsed.text
    )
    assert "65.0% of the time (95% interval 63.0% to 67.0%; chance: 50%)" in parsed.text
    assert "This rests on 5,500 deals of known outcome" in parsed.text


def test_the_picture_has_the_bins_of_all_deals_in_order(page):
    bins = [
        BIN | {"bin": 2, "mean_predicted": 0.6},
        BIN | {"bin": 1, "mean_predicted": 0.25},
        BIN | {"bin": 1, "mean_predicted": 0.9, "age_band": "0-29 days"},
    ]
    parsed = page(story_with(scores_score_quality=[OF_ALL], scores_calibration=bins))
    line, points = parsed.figures["calibration"]["data"]
    assert line["x"] == line["y"]
    assert (points["x"], points["y"]) == ([0.25, 0.6], [0.3, 0.3])
    assert points["error_y"]["array"] == pytest.approx([0.075, 0.075])
    assert points["error_y"]["arrayminus"] == pytest.approx([0.05, 0.05])


def test_ages_stand_in_order_without_those_of_too_few_deals(page):
    too_few = dict.fromkeys(("mean_predicted", "mean_observed"))
    ages = [of_age("90-179 days"), of_age("360 days and more", **too_few), of_age("0-29 days")]
    text = page(story_with(scores_score_quality=[OF_ALL, *ages])).text
    assert "Age at the month end Deals Expected Won 95% interval" in text
    assert "0-29 days 5,500 45.0% 42.0% 40.0% to 44.0% 90-179 days" in text
    assert "360 days" not in text


@pytest.mark.parametrize("rows", [[], [OF_ALL | {"mean_observed": None, "mean_predicted": None}]])
def test_without_enough_known_outcomes_one_sentence_says_so(page, rows):
    parsed = page(story_with(scores_score_quality=rows))
    assert "Too few deals were open at past month ends to say how good the scores were." in (
        parsed.text
    )
    assert parsed.figures == {}


def test_without_a_signal_there_is_no_such_section(page):
    verdict = [{"verdict": "no signal", "statement": "Nothing."}]
    parsed = page(story_with(scores_score_quality=[OF_ALL], drivers_model_verdict=verdict))
    assert "How good the scores were" not in parsed.text
