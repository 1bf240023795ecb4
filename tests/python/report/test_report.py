"""The report page and the chart files, from small databases made by hand."""

import re
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import numpy as np
import pandas as pd
import pytest

from support.page import Page
from winrate.report import charts, report

SCRIPT = "<script>alert(1)</script>"
END_OF_SCRIPT = "</script>"
IMAGE = '"><img src=x onerror=alert(1)>'

# The columns that the report reads; a warehouse has more.
TABLES = {
    "drivers.model_verdict": "verdict varchar, minimum_deals bigint, statement varchar",
    "drivers.win_rate_change": """
        comparison varchar, basis varchar, before_start date, before_end date, after_start date,
        after_end date, n_before bigint, n_after bigint, win_rate_before double,
        win_rate_after double, change_pp double, change_pp_low double, change_pp_high double,
        p_value double, detectable_pp double, verdict varchar, statement varchar
    """,
    "drivers.win_rate_change_model": """
        comparison varchar, feature varchar, explained_pp double, explained_pp_low double,
        explained_pp_high double, unexplained_pp double, unexplained_pp_low double,
        unexplained_pp_high double, total_pp double, evidence varchar, statement varchar
    """,
    "drivers.win_rate_drivers": """
        feature varchar, level varchar, n_deals bigint, win_rate double, effect_pp double,
        effect_pp_low double, effect_pp_high double, q_value double, evidence varchar,
        known_at varchar, statement varchar
    """,
    "drivers.importance": "feature varchar, coefficient double",
    "drivers.win_rate_trend": """
        basis varchar, grain varchar, period_start date, n_deals bigint, win_rate double,
        win_rate_low double, win_rate_high double, control_low double, control_high double,
        is_complete boolean
    """,
    "drivers.win_rate_change_segments": """
        comparison varchar, feature varchar, level varchar, share_before double,
        share_after double, win_rate_before double, win_rate_after double, mix_effect_pp double,
        rate_effect_pp double, rate_effect_pp_low double, rate_effect_pp_high double,
        evidence varchar, rank bigint
    """,
    "drivers.rep_performance": """
        sales_rep_id varchar, n_deals bigint, win_rate double, shrunk_win_rate double,
        between_rep_sd double, chance_sd double, evidence varchar, statement varchar
    """,
    "drivers.pipeline_health": "statement varchar",
    "scores.scored_deals": """
        deal_id varchar, status varchar, as_of_date date, deal_stage varchar, deal_amount double,
        win_probability double, win_probability_low double, win_probability_high double,
        grade varchar, expected_amount double, top_reason_1 varchar, top_reason_2 varchar,
        top_reason_3 varchar
    """,
    "alerts.alerts": """
        condition varchar, severity varchar, entity_id varchar, owner varchar, message varchar,
        recommended_action varchar, amount_at_stake double
    """,
    "quality.data_checks": "check_name varchar, feature varchar, level varchar, message varchar",
    "quality.row_ledger": """
        source_file varchar, n_read bigint, n_accepted bigint, n_rejected bigint, n_skipped bigint
    """,
    "quality.build_info": """
        run_id varchar, built_at varchar, input_sha256 varchar, as_of_date date,
        winrate_version varchar
    """,
}


def driver(level, effect, evidence="inconclusive", **values):
    """A row of drivers.win_rate_drivers with an interval of one point on either side."""
    return {
        "feature": "lead_source",
        "level": level,
        "n_deals": 100,
        "win_rate": 0.4,
        "effect_pp": effect,
        "effect_pp_low": None if effect is None else effect - 1,
        "effect_pp_high": None if effect is None else effect + 1,
        "q_value": 0.01,
        "evidence": evidence,
        "known_at": "creation",
        "statement": f"About {level}.",
    } | values


def change(verdict="declined", **values):
    """The row of drivers.win_rate_change that the page is about."""
    return {
        "comparison": "last two quarters",
        "basis": "closed",
        "before_start": "2025-07-01",
        "before_end": "2025-12-31",
        "after_start": "2026-01-01",
        "after_end": "2026-06-30",
        "n_before": 1400,
        "n_after": 1500,
        "win_rate_before": 0.45,
        "win_rate_after": 0.40,
        "change_pp": -5.0,
        "change_pp_low": -8.6,
        "change_pp_high": -1.4,
        "p_value": 0.006,
        "detectable_pp": 5.2,
        "verdict": verdict,
        "statement": "A fall of 5 points.",
    } | values


def change_part(feature, mix, rate, evidence="inconclusive"):
    """A row of drivers.win_rate_change_model with intervals of one point on either side."""
    return {
        "comparison": "last two quarters",
        "feature": feature,
        "explained_pp": mix,
        "explained_pp_low": mix - 1,
        "explained_pp_high": mix + 1,
        "unexplained_pp": rate,
        "unexplained_pp_low": rate - 1,
        "unexplained_pp_high": rate + 1,
        "total_pp": mix + rate,
        "evidence": evidence,
        "statement": f"Part of {feature}.",
    }


def rep(name, evidence="inconclusive", **values):
    return {
        "sales_rep_id": name,
        "n_deals": 100,
        "win_rate": 0.4,
        "shrunk_win_rate": 0.42,
        "between_rep_sd": 0.05,
        "chance_sd": 0.05,
        "evidence": evidence,
        "statement": f"About {name}.",
    } | values


def quarter(start, is_complete=True):
    return {
        "basis": "closed",
        "grain": "quarter",
        "period_start": start,
        "n_deals": 90,
        "win_rate": 0.4,
        "win_rate_low": 0.3,
        "win_rate_high": 0.5,
        "control_low": 0.25,
        "control_high": 0.55,
        "is_complete": is_complete,
    }


def deal(deal_id, status, grade=None, **values):
    return {
        "deal_id": deal_id,
        "status": status,
        "as_of_date": "2026-06-30",
        "deal_stage": "Proposal",
        "deal_amount": 1000,
        "win_probability": 0.62,
        "win_probability_low": 0.5,
        "win_probability_high": 0.7,
        "grade": grade,
        "expected_amount": 620,
    } | values


def alert(condition, severity, entity_id, **values):
    return {
        "condition": condition,
        "severity": severity,
        "entity_id": entity_id,
        "owner": "rep_1",
        "message": f"Message on {entity_id}",
        "recommended_action": f"Do something about {condition}.",
        "amount_at_stake": 1000,
    } | values


def segment(level, evidence):
    return {
        "comparison": "last two quarters",
        "feature": "region",
        "level": level,
        "share_before": 0.3,
        "share_after": 0.31,
        "win_rate_before": 0.37,
        "win_rate_after": 0.2,
        "mix_effect_pp": -0.01,
        "rate_effect_pp": -5.1,
        "rate_effect_pp_low": -6.8,
        "rate_effect_pp_high": -3.3,
        "evidence": evidence,
        "rank": 1,
    }


STORY = {
    "drivers.model_verdict": [{"verdict": "signal", "statement": "The deals can tell."}],
    "drivers.win_rate_change": [
        change("no detectable change", comparison="last quarter", statement="Not this one."),
        change(),
    ],
    "drivers.win_rate_change_model": [
        change_part("baseline", 0.0, 0.2),
        change_part("lead_source", -1.5, 0.3),
        change_part("region", 0.1, -4.1, "got worse"),
        change_part("region", 9.0, 9.0) | {"comparison": "last quarter"},
    ],
    "drivers.win_rate_drivers": [
        driver("Referral", 12.5, "helps"),
        driver("Partner", -13.3, "hurts"),
        driver("Inbound", 0.5),
        driver("Outbound", -0.4, "too few deals"),
        driver("Walk-in", None, "inconclusive", q_value=None),
    ],
    "drivers.importance": [
        {"feature": "cat__lead_source_Referral", "coefficient": 0.5},
        {"feature": "cat__lead_source_Partner", "coefficient": -0.6},
        {"feature": "num__deal_amount", "coefficient": -0.00001},
    ],
    "drivers.win_rate_trend": [
        quarter("2026-01-01"),
        quarter("2025-10-01"),
        quarter("2026-04-01", is_complete=False),
    ],
    "drivers.win_rate_change_segments": [
        segment("APAC", "got worse"),
        segment("Europe", "inconclusive"),
    ],
    "drivers.rep_performance": [
        rep("rep_2", n_deals=150, win_rate=0.45),
        rep("rep_1", "below", n_deals=200, win_rate=0.2),
        rep("rep_3", "above", n_deals=50, win_rate=0.7),
        rep("rep_4", "too few deals", n_deals=2, win_rate=1.0),
        rep("rep_5", "too few deals", n_deals=0, win_rate=None),
    ],
    "drivers.pipeline_health": [{"statement": "The pipeline is as large as a year ago."}],
    "quality.row_ledger": [
        {
            "source_file": "deals.csv",
            "n_read": 1005,
            "n_accepted": 1000,
            "n_rejected": 4,
            "n_skipped": 1,
        }
    ],
    "quality.build_info": [
        {
            "run_id": "5f2c1a",
            "built_at": "2026-07-01T06:00:00Z",
            "input_sha256": "0123456789abcdef" * 4,
            "as_of_date": "2026-06-30",
            "winrate_version": "0.1.0",
        }
    ],
    "scores.scored_deals": [
        deal("W1", "won"),
        deal("L1", "lost"),
        deal("O1", "open", "A", top_reason_1="Lead source Referral: +12.0 points"),
        deal("O2", "open", "D", win_probability=0.1, expected_amount=100),
    ],
    "alerts.alerts": [
        alert("deal_stalled", "warning", "O1"),
        alert("win_rate_decline", "critical", "all"),
    ],
}


def write_report(tables: dict[str, list[dict]], folder: Path) -> Path:
    """Write a database of these rows per table, and its report; returns the report's folder."""
    folder.mkdir(exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for schema in ("drivers", "scores", "alerts", "quality"):
            connection.execute(f"create schema {schema}")
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
            for row in tables.get(table, []):
                connection.execute(
                    f"insert into {table} ({', '.join(row)}) values ({', '.join('?' * len(row))})",
                    list(row.values()),
                )
    page = report.write_report(warehouse, folder / "report")
    assert page == folder / "report" / "index.html"
    return page.parent


@pytest.fixture(scope="module")
def story_folder(tmp_path_factory) -> Path:
    """The report of STORY."""
    return write_report(STORY, tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def story(story_folder) -> Page:
    """The page of STORY."""
    return Page(story_folder / "index.html")


@pytest.fixture
def write(tmp_path):
    """Write the report of some tables; returns its folder."""
    return lambda tables: write_report(tables, tmp_path)


@pytest.fixture
def page(write):
    """Write the report of some tables; returns its page."""
    return lambda tables: Page(write(tables) / "index.html")


def only(**tables) -> dict[str, list[dict]]:
    """The story with some tables replaced: `alerts_alerts=[...]`."""
    return STORY | {name.replace("_", ".", 1): rows for name, rows in tables.items()}


# ---- the page as a whole


def test_the_page_needs_no_other_file_and_no_network(story):
    assert not [
        (tag, name, value)
        for tag, attributes in story.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "action")
    ]
    assert not {tag for tag, _ in story.elements} & {"link", "img", "iframe", "object", "base"}
    policies = [a["content"] for tag, a in story.elements if a.get("http-equiv")]
    assert policies[0].startswith("default-src 'none'; script-src 'sha256-")
    assert "https://cdn" not in story.scripts[-1]
    assert len(story.scripts) == 2


def test_the_verdict_and_the_change_come_first(story):
    text = story.text
    assert text.index("As of 2026-06-30") < text.index("The deals can tell.")
    assert text.index("The deals can tell.") < text.index("A fall of 5 points.")
    assert text.index("A fall of 5 points.") < text.index("Closed deals 2 Won 1 Win rate 50.0%")
    assert "Open deals 2 Open amount 2,000 Alerts today 1 critical · 1 warning" in text
    assert "Not this one." not in text


def test_the_same_tables_give_the_same_files(story_folder, write):
    again = write(STORY)
    for path in story_folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_text_from_the_data_is_never_live(page):
    hostile = f"{SCRIPT}{END_OF_SCRIPT}{IMAGE}<b>%{{x}} $1$ &lt;"
    parsed = page(
        {
            "drivers.model_verdict": [{"verdict": "signal", "statement": hostile}],
            "drivers.win_rate_change": [change(statement=hostile)],
            "drivers.win_rate_change_model": [
                change_part(hostile, 0.0, -5.0, "got worse") | {"statement": hostile}
            ],
            "drivers.rep_performance": [
                rep(hostile, "above", statement=hostile),
                rep(f"2{hostile}", statement=hostile),
            ],
            "drivers.pipeline_health": [{"statement": hostile}],
            "quality.data_checks": [{"check_name": hostile, "message": hostile}],
            "quality.row_ledger": [{"source_file": hostile}],
            "drivers.win_rate_drivers": [
                driver(hostile, 3.0, "helps", feature=hostile),
                driver(hostile, None, feature=hostile, known_at="close"),
            ],
            "drivers.importance": [{"feature": f"cat__{hostile}", "coefficient": 1.0}],
            "drivers.win_rate_trend": [quarter("2026-01-01")],
            "drivers.win_rate_change_segments": [
                segment(hostile, "got worse") | {"feature": hostile}
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
    assert parsed.text.count(hostile) >= 14

    def strings(node):
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict | list):
            for child in node.values() if isinstance(node, dict) else node:
                yield from strings(child)

    drawn = list(strings(parsed.figures))
    assert any("&lt;script&gt;" in text for text in drawn)
    for text in drawn:
        assert "<" not in re.sub(r"</?b>|<br>", "", text)
    assert "<script" not in parsed.scripts[-1] and "</script" not in parsed.scripts[-1]


def test_empty_tables_give_sentences(write):
    folder = write({})
    text = Page(folder / "index.html").text
    for sentence in [
        "No level has an estimate",
        "The original recipe has no coefficients",
        "No deal has closed yet",
        "There are no open deals in the data.",
        "No alert holds today.",
        "There are not enough complete quarters to compare.",
        "No rep has closed a deal yet.",
        "Too few won or lost deals to act on yet: what moves the win rate cannot be told, and "
        "there are too few complete quarters to say whether the win rate changed.",
        "Closed deals 0 Won 0 Win rate - Open deals 0 Open amount - Alerts today none",
    ]:
        assert sentence in text
    assert "No level has an estimate" in (folder / "win_rate_drivers.svg").read_text()


def test_rows_of_nulls_do_no_harm(page):
    parsed = page(
        {
            "drivers.model_verdict": [{"verdict": "no signal"}],
            "drivers.win_rate_change": [
                {"comparison": "last two quarters", "basis": "closed"},
                {"comparison": "last quarter"},
            ],
            "drivers.win_rate_change_model": [
                {"comparison": "last two quarters", "feature": "region"},
                {"comparison": "last two quarters"},
            ],
            "drivers.rep_performance": [
                {"sales_rep_id": "rep_1"},
                {"n_deals": 3, "win_rate": 0.5},
                {"n_deals": 3, "win_rate": 0.5, "evidence": "above"},
            ],
            "drivers.pipeline_health": [{"statement": None}],
            "quality.data_checks": [{"check_name": "level_is_new"}],
            "quality.row_ledger": [{"source_file": None}],
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
            "drivers.win_rate_change_segments": [
                {"comparison": "last two quarters", "evidence": "got worse"}
            ],
            "scores.scored_deals": [
                {"deal_id": "O1", "status": "open"},
                {"deal_id": "O2", "status": "open", "grade": "A"},
                {"deal_id": "O3", "status": "open", "grade": "B", "win_probability": 1.0},
            ],
            "alerts.alerts": [{"condition": "deal_stalled"}, {"owner": None}],
        }
    )
    assert "nan" not in parsed.text.lower()
    assert "<NA>" not in parsed.text and "None" not in parsed.text


# ---- the headline


NO_SIGNAL = [{"verdict": "no signal", "minimum_deals": 1653, "statement": "Nothing."}]
TOO_FEW = [{"verdict": "too few deals", "statement": "Too few."}]
FLAT = {"win_rate_before": 0.452, "win_rate_after": 0.455, "change_pp": 0.3, "p_value": 0.8}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(
            {},
            "Win rate fell 5.0 points in the last two quarters (45.0% to 40.0%), more than "
            "chance does; region APAC is where it got worse.",
            id="declined_with_a_culprit",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [
                    segment(level, "got worse") | {"rank": rank}
                    for rank, level in enumerate(["A", "B", "C", "D", "E"])
                ]
            },
            "does; region A, region B, region C and 2 more are where it got worse.",
            id="declined_with_many_culprits",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [
                    segment("SaaS", "got worse") | {"feature": "industry"},
                    segment("APAC", "got worse") | {"rank": 2},
                ]
            },
            "does; region APAC is where it got worse.",
            id="declined_with_a_segment_that_shares_deals_with_the_culprit",
        ),
        pytest.param(
            {"drivers_win_rate_change_segments": [segment("APAC", "got better")]},
            "more than chance does; no single segment can be told to account for it.",
            id="declined_without_a_culprit",
        ),
        pytest.param(
            {
                "drivers_win_rate_change_segments": [],
                "drivers_win_rate_change_model": [change_part("baseline", 0.0, -5.0, "got worse")],
            },
            "more than chance does; deals of all kinds are won less often.",
            id="declined_in_all_deals_alike",
        ),
        pytest.param(
            {"drivers_win_rate_change_segments": [], "drivers_model_verdict": NO_SIGNAL},
            "more than chance does, but these 2 closed deals do not tell won from lost, so no "
            "cause can be named.",
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
            "chance does; region India is where it got better.",
            id="improved",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", **FLAT)],
                "drivers_model_verdict": NO_SIGNAL,
                "drivers_win_rate_change_segments": [],
            },
            "Nothing here to act on: these 2 closed deals do not tell won from lost, and the "
            "change of the win rate in the last two quarters (45.2% to 45.5%) is within chance.",
            id="no_signal",
        ),
        pytest.param(
            {"drivers_win_rate_change": [change("no detectable change", **FLAT)]},
            "The change of the win rate in the last two quarters (45.2% to 45.5%) is within "
            "chance, but region APAC got worse.",
            id="no_change_but_a_segment",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("no detectable change", p_value=0.03)],
                "drivers_win_rate_change_segments": [],
            },
            "is no more than chance does among so many.",
            id="a_change_that_is_one_of_many",
        ),
        pytest.param(
            {
                "drivers_win_rate_change": [change("too few deals")],
                "drivers_model_verdict": TOO_FEW,
            },
            "Too few won or lost deals to act on yet: what moves the win rate cannot be told, and "
            "there are too few recent deals to say whether the win rate changed.",
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
    text = page(only(**tables)).text
    assert expected in text
    assert text.index(expected) < text.index("Closed deals")


def test_without_signal_the_page_says_what_it_would_take(story, page):
    assert "What it would take" not in story.text
    text = page(only(drivers_model_verdict=NO_SIGNAL)).text
    assert "needs 1,653 closed deals to find a signal of usual strength, and there are 2" in text
    assert "would usually show is 5.2 points." in text


# ---- bars


def test_bars_go_from_most_negative_to_most_positive_blue_helps_and_chance_is_pale(story):
    [trace] = story.figures["drivers"]["data"]
    assert trace["x"] == [-13.3, -0.4, 0.5, 12.5]
    assert trace["marker"]["color"] == [
        charts.HURTS,
        charts.PALE_HURTS,
        charts.PALE_HELPS,
        charts.HELPS,
    ]
    assert trace["error_x"]["array"] == pytest.approx([1.0] * 4)
    assert trace["error_x"]["arrayminus"] == pytest.approx([1.0] * 4)


def test_bars_are_named_from_the_top_and_explained_on_hover(story):
    figure = story.figures["drivers"]
    axis = figure["layout"]["yaxis"]
    assert axis["range"][0] > axis["range"][1]
    assert axis["ticktext"] == [
        "Lead source: Partner",
        "Lead source: Outbound",
        "Lead source: Inbound",
        "Lead source: Referral",
    ]
    assert figure["layout"]["title"]["text"] == "Win Rate Drivers"
    hover = figure["data"][0]["hovertext"][0]
    for part in ["-13.3 points", "-14.3 to -12.3", "100 deals", "40.0%", "q-value 0.01", "About"]:
        assert part in hover


def test_a_level_without_estimate_is_named_below_the_chart(story):
    assert "Lead source: Walk-in: no estimate, so no bar." in story.text


def test_the_original_recipe_has_the_same_title_and_colours_and_no_interval(story):
    figure = story.figures["recipe"]
    [trace] = figure["data"]
    assert figure["layout"]["title"]["text"] == "Win Rate Drivers"
    assert "riginal recipe" in figure["layout"]["title"]["subtitle"]["text"]
    assert trace["x"] == [-0.6, -0.00001, 0.5]
    assert trace["marker"]["color"] == [charts.HURTS, charts.HURTS, charts.HELPS]
    assert "error_x" not in trace


def test_the_original_recipe_is_explained_only_where_there_is_no_signal(story, page):
    explanation = "any 3 coefficients fitted to chance come out positive or negative"
    assert explanation not in story.text
    nothing = [{"verdict": "no signal", "statement": "Nothing."}]
    text = page(STORY | {"drivers.model_verdict": nothing}).text
    assert explanation in text
    assert "stops before it converges, because the numeric columns are not scaled" in text


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("cat__lead_source_Partner", "Lead source: Partner"),
        ("cat__lead_source_x_y", "Lead source x: y"),
        ("cat__lead_source_x", "Lead source: x"),
        ("num__deal_amount", "Deal amount (per unit)"),
        ("cat__unheard_of", "unheard_of"),
        ("plain", "plain"),
    ],
)
def test_recipe_label(encoded, expected):
    assert charts.recipe_label(encoded, ["lead_source", "lead_source_x"]) == expected


def test_a_label_is_one_line_without_text_direction_marks():
    assert charts.label(" a\nb\u202ec\x00 ") == "a b c"


def test_chart_files_are_valid_and_say_what_the_page_says(write):
    hostile = f"$1$ {SCRIPT}"
    folder = write(only(drivers_win_rate_drivers=[driver(hostile, 2.0, "helps")]))
    assert {path.name for path in folder.iterdir()} == {
        "index.html",
        "win_rate_drivers.svg",
        "win_rate_drivers.png",
        "original_recipe.svg",
        "original_recipe.png",
    }
    for name in ("win_rate_drivers", "original_recipe"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
        drawing = ElementTree.fromstring((folder / f"{name}.svg").read_bytes())
        texts = {element.text for element in drawing.iter() if element.text}
        assert "Win Rate Drivers" in texts
        assert not list(drawing.iter("{http://www.w3.org/2000/svg}script"))
        assert name == "original_recipe" or f"Lead source: {hostile}" in texts
    assert charts.HELPS in (folder / "win_rate_drivers.svg").read_text(encoding="utf-8")


# ---- the other parts


def test_an_incomplete_quarter_is_hollow_and_says_so(story):
    points = [t for t in story.figures["trend"]["data"] if "markers" in t["mode"]]
    complete, incomplete = points
    assert complete["x"] == ["2025 Q4", "2026 Q1"]
    assert incomplete["x"] == ["2026 Q2"]
    assert incomplete["marker"]["color"] == "white"
    assert "incomplete" in incomplete["text"][0] and "incomplete" in incomplete["hovertext"][0]
    assert "incomplete" not in complete["text"][0]


def test_every_comparison_is_listed_with_its_verdict(story):
    row = "Last two quarters closed 2025 Q3 to 2025 Q4: 45.0% of 1,400 2026 Q1 to 2026 Q2: 40.0%"
    assert f"{row} of 1,500 -5.0 -8.6 to -1.4 5.2 declined" in story.text
    assert story.text.index("Last two quarters closed") < story.text.index("Last quarter closed")


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


def test_a_step_of_the_waterfall_is_pale_unless_it_is_more_than_chance(story):
    bars = story.figures["why"]["data"][0]
    assert bars["marker"]["color"] == [
        charts.NEUTRAL,
        charts.PALE_HELPS,
        charts.HURTS,
        charts.HURTS,  # a change of mix whose interval excludes zero
        charts.PALE_HELPS,
        charts.PALE_HELPS,
        charts.NEUTRAL,
    ]
    assert "-4.1 points, 95% interval -5.1 to -3.1" in bars["hovertext"][2]
    assert "Part of region." in bars["hovertext"][2]


def test_a_change_that_cannot_be_split_gets_a_sentence(page):
    parsed = page(only(drivers_win_rate_change_model=[]))
    assert "why" not in parsed.figures
    assert "Too few deals to split the change of the win rate by feature." in parsed.text
    # The segments do not hang on the split.
    assert "Region: APAC got worse" in parsed.text


def test_levels_known_only_at_close_are_marked(page, story):
    assert "known at close" not in story.text
    parsed = page(only(drivers_win_rate_drivers=[driver("Demo", 9.0, "helps", known_at="close")]))
    assert "(known at close)" in parsed.figures["drivers"]["data"][0]["hovertext"][0]
    assert "Lead source (known at close): known only when a deal is over" in parsed.text
    assert "they are not levers" in parsed.text


def test_the_colour_of_a_rep_follows_the_evidence_alone(story):
    [points] = [t for t in story.figures["reps"]["data"] if t["name"] == "rep"]
    assert points["x"] == [2, 50, 150, 200]
    assert points["y"] == [1.0, 0.7, 0.45, 0.2]
    assert points["marker"]["color"] == [
        charts.NEUTRAL,
        charts.HELPS,
        charts.NEUTRAL,
        charts.HURTS,
    ]
    assert points["text"] == ["", "rep_3", "", "rep_1"]
    assert "win rate 20.0% of 200 deals; expect 42.0%" in points["hovertext"][3]
    assert "About rep_1." in points["hovertext"][3]


def test_the_funnel_narrows_around_the_win_rate_of_all_reps(story):
    lines = [t for t in story.figures["reps"]["data"] if t["mode"] == "lines"]
    low_95, high_95, low_998, high_998, overall = lines
    # 50 x 0.7 + 150 x 0.45 + 200 x 0.2 + 2 of 402 deals
    assert overall["y"] == pytest.approx([144.5 / 402] * 2)
    at_50, at_200 = (low_95["x"].index(n) for n in (50, 200))
    assert high_95["y"][at_50] - low_95["y"][at_50] == pytest.approx(2 * 1.96 * 0.0679, rel=0.1)
    assert high_95["y"][at_200] - low_95["y"][at_200] == pytest.approx(2 * 1.96 * 0.0339, rel=0.1)
    assert low_998["y"][at_200] < low_95["y"][at_200] < high_95["y"][at_200] < high_998["y"][at_200]


@pytest.mark.parametrize(
    ("between_sd", "evidence", "expected"),
    [
        (0.051, "inconclusive", "no more than chance does (p = 0.37), so a ranking of reps would"),
        (0.051, "above", "no more than chance does (p = 0.37), but 4 reps stand out."),
        (0.2, "inconclusive", "more than chance does (p < 0.001); no rep stands out alone."),
        (0.2, "below", "more than chance does (p < 0.001); 4 reps stand out."),
        (None, "inconclusive", "There are too few reps with closed deals to compare them."),
    ],
)
def test_a_sentence_says_whether_the_spread_of_reps_is_chance(page, between_sd, evidence, expected):
    reps = [rep(f"rep_{n}", evidence, between_rep_sd=between_sd) for n in range(4)]
    assert expected in page(only(drivers_rep_performance=reps)).text


def test_the_health_of_the_pipeline_stands_with_the_open_deals(story):
    assert "Open deals by score The pipeline is as large as a year ago." in story.text


def test_data_checks_are_shown_and_escaped(story, page):
    assert "Read with care" not in story.text
    checks = [{"check_name": f"check_{n:02}", "message": f"Check {n:02}."} for n in range(17)]
    parsed = page(only(quality_data_checks=[{"check_name": "a", "message": SCRIPT}, *checks]))
    assert f"Read with care {SCRIPT} Check 00. Check 01." in parsed.text
    assert "Check 13." in parsed.text and "Check 14." not in parsed.text
    assert "and 3 more in quality.data_checks" in parsed.text
    assert len(parsed.scripts) == 2


def test_the_footer_accounts_for_the_rows_that_were_read(story):
    assert "deals.csv: 1,005 rows read, 1,000 accepted, 4 rejected" in story.text
    assert "1 skipped as declared." in story.text


def test_the_footer_names_the_run_its_input_and_its_day(story):
    assert "Built at 2026-07-01T06:00:00Z by Winrate 0.1.0 (run 5f2c1a), as of 2026-06-30" in (
        story.text
    )
    assert "from a file whose SHA-256 starts with 0123456789ab;" in story.text


def test_open_deals_are_counted_by_score_and_grade_and_the_largest_listed_first(story):
    likely, unlikely = story.figures["open-deals"]["data"]
    assert (likely["name"], likely["x"], likely["y"]) == ("grade A", [62.5], [1])
    assert (unlikely["name"], unlikely["x"], unlikely["y"]) == ("grade D", [12.5], [1])
    assert "O1 Proposal 1,000 62.0% 50.0% to 70.0% A Lead source Referral: +12.0" in story.text
    assert story.text.index("O1 Proposal") < story.text.index("O2 Proposal")


def test_ungraded_open_deals_get_a_sentence(page):
    nothing = [{"verdict": "no signal", "statement": "Nothing."}]
    parsed = page(
        STORY | {"scores.scored_deals": [deal("O1", "open")], "drivers.model_verdict": nothing}
    )
    assert "None of the 1 open deals has a grade, because nothing in the data tells" in parsed.text
    assert "open-deals" not in parsed.figures


def test_alerts_stand_by_severity_and_long_lists_are_cut(page):
    stalled = [
        alert("deal_stalled", "warning", f"D{n:02}", amount_at_stake=float(n)) for n in range(20)
    ]
    info = [alert("deal_opportunity", "info", "O1", amount_at_stake=None)]
    decline = [alert("win_rate_decline", "critical", "all", owner="Chief revenue officer")]
    text = page(only(alerts_alerts=[*info, *stalled, *decline])).text
    order = ["critical Win rate decline (1)", "warning Deal stalled (20)", "info Deal opportunity"]
    assert sorted(order, key=text.index) == order
    assert "Recommended action: Do something about deal_stalled." in text
    assert "Message on all Chief revenue officer 1,000" in text
    assert "and 5 more in alerts.alert_deal_stalled" in text
    assert "Message on D19 rep_1 19" in text and "Message on D05" in text
    assert "Message on D04" not in text


def test_only_segments_with_evidence_are_listed(story, page):
    text = story.text
    assert "Region: APAC got worse 37.0% → 20.0% 30.0% → 31.0% -5.1 -6.8 to -3.3 +0.0" in text
    assert "Region: Europe" not in text
    nothing = only(drivers_win_rate_change_segments=[segment("Europe", "inconclusive")])
    assert "can be told from chance." in page(nothing).text


def test_order_bars_leaves_out_what_has_no_value():
    bars = pd.DataFrame(
        {"label": ["b", "a", "none"], "value": [1.0, 1.0, None], "is_pale": [False, True, False]}
    )
    ordered = charts.order_bars(bars)
    assert ordered["label"].tolist() == ["a", "b"]
    assert ordered["colour"].tolist() == [charts.PALE_HELPS, charts.HELPS]


def test_of_very_many_bars_the_claims_and_the_longest_are_drawn():
    importance = pd.DataFrame(
        {"feature": [f"cat__industry_{n}" for n in range(500)], "coefficient": np.arange(500) - 100}
    )
    bars = charts.recipe_bars(importance, ["industry"])
    assert len(bars.rows) == charts.MAX_BARS
    assert bars.rows["value"].tolist() == list(range(340, 400))
    assert "60 of 500, the others are in drivers.importance" in bars.subtitle

    ordered = charts.order_bars(
        pd.DataFrame(
            {
                "label": [str(n) for n in range(100)],
                "value": [0.5, *range(1, 100)],
                "is_pale": [False] + [True] * 99,
            }
        )
    )
    assert ordered["value"].tolist() == [0.5, *range(41, 100)]
