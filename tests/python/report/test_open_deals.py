"""The section on the open deals."""

import pytest

from support.report_story import deal, open_deal, story_with
from winrate.report.sections import open_deals

SECTIONS = [open_deals.section]


def test_the_health_of_the_pipeline_stands_with_the_open_deals(story):
    assert "Open deals by score The pipeline is as large as a year ago." in story.text


def test_open_deals_are_counted_by_score_and_grade_and_the_largest_listed_first(story):
    likely, unlikely = story.figures["open-deals"]["data"]
    assert (likely["name"], likely["x"], likely["y"]) == ("grade A", [62.5], [1])
    assert (unlikely["name"], unlikely["x"], unlikely["y"]) == ("grade D", [12.5], [1])
    assert (
        "O1 rep_1 Proposal 1,000 62.0% 50.0% to 70.0% A Lead source Referral: +12.0" in story.text
    )
    assert story.text.index("O1 rep_1 Proposal") < story.text.index("O2 rep_1 Proposal")


def test_a_deal_has_its_name_account_and_owner_and_leads_to_the_crm(page):
    named = open_deal(
        "O1",
        deal_name="Renewal " * 40,
        account_name="<b>Acme</b>",
        account_id="001",
        deal_url="https://crm.example/O1?a=1&b=%22",
    )
    without_a_name = open_deal("O2", "D", account_id="002", deal_url="javascript:alert(1)")
    parsed = page(story_with(scores_open_deals=[named, without_a_name]))
    title = f"{('Renewal ' * 40)[:57]}... (O1)"
    assert "Deal Account Owner Stage Amount" in parsed.text
    assert f"{title} <b>Acme</b> rep_1 Proposal" in parsed.text
    assert "O2 002 rep_1 Proposal" in parsed.text
    assert [attributes for tag, attributes in parsed.elements if tag == "a"] == [
        {"href": "https://crm.example/O1?a=1&b=%22", "rel": "noreferrer noopener"}
    ]


def test_a_page_without_accounts_has_no_column_for_them(story):
    assert "Deal Owner Stage Amount" in story.text and "Account" not in story.text


def test_how_soon_a_deal_is_won_stands_beside_its_probability(page):
    soon = {"win_probability_this_quarter": 0.21, "win_probability_90_days": 0.43}
    text = page(story_with(scores_open_deals=[open_deal("O1", **soon)])).text
    assert "95% interval This quarter In 90 days Grade" in text
    assert "50.0% to 70.0% 21.0% 43.0% A" in text


def test_where_the_quarter_ends_on_the_as_of_date_the_page_does_not_speak_of_it(page):
    soon = {"win_probability_this_quarter": 0.0, "win_probability_90_days": 0.43}
    text = page(story_with(scores_open_deals=[open_deal("O1", **soon)])).text
    assert "95% interval In 90 days Grade" in text


def test_the_reason_why_grades_are_withheld_is_given(page):
    reason = "on 800 deals that were open at past month ends the scores predict nothing"
    verdict = {"verdict": "signal", "score_withheld_because": reason, "statement": "A signal."}
    tables = story_with(scores_scored_deals=[deal("O1", "open")], drivers_model_verdict=[verdict])
    assert f"No grades for the 1 open deal, because {reason}." in page(tables).text


def test_a_grade_has_the_sums_of_its_deals(page):
    deals = [deal("O1", "open", "A"), deal("O2", "open", "A", deal_amount=500, expected_amount=400)]
    parsed = page(story_with(scores_scored_deals=[*deals, deal("W1", "won", "A")]))
    assert "Grade Open deals Amount Expected amount A 2 1,500 1,020" in parsed.text


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("no signal", "because the features do not discriminate between won and lost deals."),
        ("too few deals", "because there are too few won or lost deals to learn from."),
        ("signal", "because none of them could be scored."),
    ],
)
def test_ungraded_open_deals_get_a_sentence(page, verdict, expected):
    parsed = page(
        story_with(
            scores_scored_deals=[deal("O1", "open")],
            drivers_model_verdict=[{"verdict": verdict, "statement": "Nothing."}],
        )
    )
    assert f"No grades for the 1 open deal, {expected}" in parsed.text
    assert "open-deals" not in parsed.figures
