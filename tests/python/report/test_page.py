"""The page as a whole, and what holds for every section."""

import base64
import hashlib
import json
import re

import pytest

from support.builds import rows
from support.page import Page
from support.report_story import (
    STORY,
    alert,
    change,
    change_part,
    contracts,
    deal,
    driver,
    open_deal,
    quarter,
    rep,
    segment,
    story_with,
)
from winrate import wording
from winrate.report.data import BASELINE

SCRIPT = "<script>alert(1)</script>"
END_OF_SCRIPT = "</script>"
IMAGE = '"><img src=x onerror=alert(1)>'


def test_the_page_needs_no_other_file_and_no_network(story):
    assert not [
        (tag, name, value)
        for tag, attributes in story.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action")
    ]
    assert not {tag for tag, _ in story.elements} & {"link", "img", "iframe", "object", "base"}
    assert "https://cdn" not in story.scripts[-1]
    assert len(story.scripts) == 2


def test_the_policy_allows_the_two_scripts_of_the_page_and_nothing_else(story):
    [policy] = [a["content"] for tag, a in story.elements if a.get("http-equiv")]
    digests = [
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        for script in story.scripts
    ]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert policy == (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_the_same_tables_give_the_same_files(story_folder, write):
    again = write(STORY)
    for path in story_folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_each_chart_is_drawn_in_an_element_of_the_page(story):
    names = {a["id"] for _, a in story.elements if a.get("class") == "chart"}
    assert names == {f"{name}-chart" for name in story.figures}
    assert set(story.figures) >= {"trend", "why", "drivers", "recipe", "reps", "open-deals"}


def test_sections_stand_in_their_order(story):
    slugs = [a["id"] for tag, a in story.elements if tag == "section"]
    expected = ["trend", "why", "drivers", "recipe", "reps", "open-deals", "alerts"]
    assert [slug for slug in slugs if slug in expected] == expected


def test_text_from_the_data_is_never_live(page):
    hostile = f"{SCRIPT}{END_OF_SCRIPT}{IMAGE}<b>%{{x}} $1$ {{{{ 7*7 }}}} &lt;"
    parsed = page(
        {
            "drivers.model_verdict": [{"verdict": "signal", "statement": hostile}],
            "drivers.win_rate_change": [change(comparison=hostile, statement=hostile)],
            "drivers.win_rate_change_model": [
                change_part(hostile, 0.0, -5.0, "got worse", statement=hostile)
            ],
            "drivers.rep_performance": [
                rep(hostile, "above", statement=hostile),
                rep(f"2{hostile}", statement=hostile),
            ],
            "drivers.pipeline_health": [{"statement": hostile}],
            "quality.data_checks": [{"check_name": hostile, "message": hostile}],
            "quality.row_ledger": [{"source_file": hostile}],
            "quality.build_info": [{"run_id": hostile, "input_sha256": hostile}],
            "drivers.win_rate_drivers": [
                driver(hostile, 3.0, "helps", feature=hostile),
                driver(hostile, None, feature=hostile, known_at="close"),
            ],
            "drivers.importance": [{"feature": f"cat__{hostile}", "coefficient": 1.0}],
            "drivers.win_rate_trend": [quarter("2026-01-01")],
            "drivers.win_rate_change_causes": [
                segment(hostile, -3.0, "lowered", feature=hostile, comparison=hostile)
            ],
            "scores.scored_deals": [
                deal(
                    hostile,
                    "open",
                    hostile,
                    deal_stage=hostile,
                    **{f"top_reason_{rank}": hostile for rank in (1, 2, 3)},
                )
            ],
            "scores.open_deals": [
                open_deal(
                    hostile,
                    hostile,
                    deal_name=hostile,
                    account_name=hostile,
                    owner=hostile,
                    deal_url=f"https://crm.example/{hostile}",
                    **{f"top_reason_{rank}": hostile for rank in (1, 2, 3)},
                )
            ],
            "alerts.alerts": [
                alert(hostile, hostile, hostile, owner=hostile, recommended_action=hostile)
            ],
        }
    )
    tags = [tag for tag, _ in parsed.elements]
    assert tags.count("script") == len(parsed.scripts) == 2
    assert not {"img", "b"} & set(tags)
    names = {name for _, attributes in parsed.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    assert parsed.text.count(hostile) >= 16

    drawn = list(strings(parsed.figures))
    assert any("&lt;script&gt;" in text for text in drawn)
    for text in drawn:
        assert "<" not in re.sub(r"</?b>|<br>", "", text)
    assert "<script" not in parsed.scripts[-1] and "</script" not in parsed.scripts[-1]


def strings(node):
    """All strings in a figure."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from strings(child)


def test_control_and_text_direction_characters_never_reach_the_page(write):
    hostile = "a\u202eb\x1bc\x00d\u2066e"
    folder = write(
        story_with(
            drivers_model_verdict=[{"verdict": "signal", "statement": hostile}],
            quality_data_checks=[{"check_name": "a", "message": hostile}],
            alerts_alerts=[alert(hostile, "info", "O1", owner=hostile, message=hostile)],
            drivers_win_rate_change_causes=[segment(hostile, -3.0, "lowered")],
            drivers_win_rate_drivers=[driver(hostile, 3.0, "helps", statement=hostile)],
            drivers_rep_performance=[rep(hostile, "above"), rep("b")],
            scores_scored_deals=[deal(hostile, "open", "A")],
            scores_open_deals=[
                open_deal(hostile, account_name=hostile, deal_url=f"https://{hostile}")
            ],
        )
    )
    page = Page(folder / "index.html")
    assert page.text.count("a b c d e") >= 8
    drawn = [text for text in strings(page.figures) if "a b c d e" in text]
    assert len(drawn) >= 4
    own = {*json.dumps(page.figures, ensure_ascii=False), *page.text}
    assert not [letter for letter in own if not letter.isprintable()]


def test_empty_tables_give_sentences(write):
    folder = write({})
    text = Page(folder / "index.html").text
    for sentence in [
        "No level has an estimate",
        "The original recipe has no coefficients",
        "No deal has closed yet",
        "There are no open deals in the data.",
        "There are no alerts today.",
        "There are not enough complete quarters to compare.",
        "No rep has closed a deal yet.",
        "Too few won or lost deals to act on yet: the drivers of the win rate cannot be estimated, "
        "and there are too few complete quarters to say whether the win rate changed.",
        "Closed deals 0 Won 0 Win rate - Open deals 0 Open amount - Alerts today none",
    ]:
        assert sentence in text
    assert "No level has an estimate" in (folder / "win_rate_drivers.svg").read_text()


def test_rows_of_nulls_do_no_harm(page):
    parsed = page(
        {
            "drivers.model_verdict": [{"verdict": "no signal"}],
            "drivers.win_rate_change": [
                {"comparison": "last two quarters", "is_primary": True, "basis": "closed"},
                {"comparison": "last quarter"},
            ],
            "drivers.win_rate_change_model": [
                {"comparison": "last two quarters", "is_primary": True, "feature": "region"},
                {"comparison": "last two quarters", "is_primary": True},
            ],
            "drivers.rep_performance": [
                {"sales_rep_id": "rep_1"},
                {"n_deals": 3, "win_rate": 0.5},
                {"n_deals": 3, "win_rate": 0.5, "evidence": "above"},
            ],
            "drivers.pipeline_health": [{"statement": None}],
            "quality.data_checks": [{"check_name": "level_is_new"}],
            "quality.row_ledger": [{"source_file": None}],
            "quality.build_info": [{"run_id": None}],
            "drivers.win_rate_drivers": [
                {"feature": "region", "level": "APAC"},
                {"feature": "region", "level": "India", "effect_pp": 1.0},
            ],
            "drivers.importance": [{"feature": "num__deal_amount"}],
            "drivers.win_rate_trend": [
                {"basis": "closed", "grain": "quarter", "period_start": "2026-01-01"},
                {
                    "basis": "closed",
                    "grain": "quarter",
                    "period_start": "2026-04-01",
                    "win_rate": 0.4,
                },
            ],
            "drivers.win_rate_change_causes": [
                {"comparison": "last two quarters", "is_primary": True, "evidence": "lowered"},
                {"comparison": "last two quarters", "contribution_pp": 1.0},
            ],
            "scores.scored_deals": [
                {"deal_id": "O1", "status": "open"},
                {"deal_id": "O2", "status": "open", "grade": "A"},
                {"deal_id": "O3", "status": "open", "grade": "B", "win_probability": 1.0},
            ],
            "scores.open_deals": [{"deal_id": "O2", "grade": "A"}, {"grade": "B"}],
            "alerts.alerts": [{"condition": "deal_stalled"}, {"owner": None}],
        }
    )
    assert "nan" not in parsed.text.lower()
    assert "<NA>" not in parsed.text and "None" not in parsed.text


# ---- what the page takes for granted of a build


def test_a_built_page_has_the_step_that_all_deals_share(sample_warehouse):
    query = "select distinct feature from drivers.win_rate_change_model where is_primary"
    assert (BASELINE,) in rows(sample_warehouse, query)
    page = Page(sample_warehouse.parent / "report" / "index.html")
    labels = page.figures["why"]["layout"]["yaxis"]["ticktext"]
    assert labels[-2:] == ["All deals alike", "Win rate after"]


@pytest.mark.parametrize(
    "table",
    [f"win_rate_change{part}" for part in ("", "_causes", "_segments", "_model")],
)
def test_a_build_has_one_primary_comparison(sample_warehouse, table):
    query = f"select distinct comparison from drivers.{table} where is_primary"
    assert rows(sample_warehouse, query) == [("last two quarters",)]


def test_the_severities_are_those_of_the_alert_rules(sample_warehouse):
    severities = {name for (name,) in rows(sample_warehouse, "select severity from alerts.alerts")}
    assert severities <= set(wording.SEVERITIES)


def test_the_tables_of_the_tests_are_the_public_ones():
    assert len(contracts()) > 30
    assert contracts()["alerts.alerts"]["message"] == "string"
