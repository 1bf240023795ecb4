"""The section on the alerts, and the one on the data checks."""

from support.report_story import alert, open_deal, story_with
from winrate.report.sections import alerts, data_checks

SECTIONS = [alerts.section, data_checks.section]


def test_alerts_stand_by_severity_and_long_lists_are_cut(page):
    stalled = [
        alert("deal_stalled", "warning", f"D{n:02}", amount_at_stake=float(n)) for n in range(20)
    ]
    info = [alert("deal_opportunity", "info", "O1", amount_at_stake=None)]
    decline = [alert("win_rate_decline", "critical", "all", owner="Chief revenue officer")]
    text = page(story_with(alerts_alerts=[*info, *stalled, *decline])).text
    order = ["critical Win rate decline (1)", "warning Deal stalled (20)", "info Deal opportunity"]
    assert sorted(order, key=text.index) == order
    assert "Recommended action: Do something about deal_stalled." in text
    assert "Message on all Chief revenue officer 1,000" in text
    assert "and 5 more in alerts.alert_deal_stalled" in text
    assert "Message on D19 rep_1 19" in text and "Message on D05" in text
    assert "Message on D04" not in text


def test_an_alert_on_a_deal_has_its_account_and_leads_to_the_crm(page):
    alerts = [
        alert(
            "deal_stalled", "warning", "O1", entity_type="deal", deal_url="https://crm.example/O1"
        ),
        alert("stage_bottleneck", "info", "O1", entity_type="stage", amount_at_stake=7),
    ]
    deals = [open_deal("O1", account_name="Acme"), open_deal("O2", account_name="Other")]
    parsed = page(story_with(alerts_alerts=alerts, scores_open_deals=deals))
    assert "Message Account Owner Amount at stake Message on O1 Acme rep_1 1,000" in parsed.text
    assert "Message Owner Amount at stake Message on O1 rep_1 7" in parsed.text
    assert [attributes for tag, attributes in parsed.elements if tag == "a"] == [
        {"href": "https://crm.example/O1", "rel": "noreferrer noopener"}
    ]


def test_amounts_have_the_sign_of_their_currency_and_an_estimate_its_interval(page):
    alerts = [
        alert("deal_stalled", "warning", "D1"),
        alert(
            *("win_rate_decline", "critical", "all deals"),
            amount_at_stake=1_200_000,
            amount_at_stake_low=400_000,
            amount_at_stake_high=2_000_000,
        ),
    ]
    in_euro = [{"reporting_currency": "EUR"}]
    text = page(story_with(alerts_alerts=alerts, quality_build_info=in_euro)).text
    assert "Message on D1 rep_1 €1,000" in text
    assert "Message on all deals rep_1 €1,200,000 (€400,000 to €2,000,000)" in text
    assert "Open amount €2,000" in text


def test_a_severity_is_shown_in_its_colour_and_an_unknown_one_as_info(page):
    alerts = [alert("a", "critical", "1"), alert("b", "none such", "2")]
    parsed = page(story_with(alerts_alerts=alerts))
    classes = [a["class"] for tag, a in parsed.elements if tag == "span" and "class" in a]
    assert [name for name in classes if name not in ("key", "swatch")] == ["critical", "info"]
    assert parsed.text.index("critical A (1)") < parsed.text.index("none such B (1)")


def test_data_checks_are_shown_and_long_lists_are_cut(story, page):
    assert "what needs care" not in story.text
    checks = [{"check_name": f"check_{n:02}", "message": f"Check {n:02}."} for n in range(17)]
    first = {"check_name": "a", "message": "<b>First</b>"}
    parsed = page(story_with(quality_data_checks=[first, *checks]))
    heading = "The data: what needs care, and what is missing"
    assert f"{heading} <b>First</b> Check 00. Check 01." in parsed.text
    assert "Check 13." in parsed.text and "Check 14." not in parsed.text
    assert "and 3 more in quality.data_checks" in parsed.text
