"""The report page and the chart files, from small databases made by hand."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pandas as pd
import pytest

from winrate import charts, report

SCRIPT = "<script>alert(1)</script>"
END_OF_SCRIPT = "</script>"
IMAGE = '"><img src=x onerror=alert(1)>'

# The columns that the report reads; a warehouse has more.
TABLES = {
    "drivers.model_verdict": "verdict varchar, statement varchar",
    "drivers.win_rate_change": "comparison varchar, basis varchar, statement varchar",
    "drivers.win_rate_drivers": """
        feature varchar, level varchar, n_deals bigint, win_rate double, effect_pp double,
        effect_pp_low double, effect_pp_high double, q_value double, evidence varchar,
        statement varchar
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
        "statement": f"About {level}.",
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
        {"comparison": "last two quarters", "basis": "closed", "statement": "A fall of 5 points."},
        {"comparison": "last quarter", "basis": "closed", "statement": "Not this one."},
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


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its text, its scripts."""

    def __init__(self, path: Path):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        (self.scripts if self.inside == "script" else self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def figures(self) -> dict:
        """The Plotly figures by section."""
        return json.loads(re.search(r"const figures = (.*);\nconst config", self.scripts[-1])[1])


def write_report(tables: dict[str, list[dict]], folder: Path) -> Path:
    """Write a database of these rows per table, and its report; returns the report's folder."""
    folder.mkdir(exist_ok=True)
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        for schema in ("drivers", "scores", "alerts"):
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
    assert text.index("A fall of 5 points.") < text.index("Closed deals 2 Won 1 Win rate 50.0 %")
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
            "drivers.win_rate_change": [
                {"comparison": "last two quarters", "basis": "closed", "statement": hostile}
            ],
            "drivers.win_rate_drivers": [
                driver(hostile, 3.0, "helps", feature=hostile),
                driver(hostile, None, feature=hostile),
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
    assert parsed.text.count(hostile) >= 10

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
        "Closed deals 0 Won 0 Win rate - Open deals 0 Open amount - Alerts today none",
    ]:
        assert sentence in text
    assert "No level has an estimate" in (folder / "win_rate_drivers.svg").read_text()


def test_rows_of_nulls_do_no_harm(page):
    parsed = page(
        {
            "drivers.model_verdict": [{"verdict": "no signal"}],
            "drivers.win_rate_change": [{"comparison": "last two quarters", "basis": "closed"}],
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
    for part in ["-13.3 points", "-14.3 to -12.3", "100 deals", "40.0 %", "q-value 0.01", "About"]:
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


def test_open_deals_are_counted_by_score_and_grade_and_the_largest_listed_first(story):
    likely, unlikely = story.figures["open-deals"]["data"]
    assert (likely["name"], likely["x"], likely["y"]) == ("grade A", [62.5], [1])
    assert (unlikely["name"], unlikely["x"], unlikely["y"]) == ("grade D", [12.5], [1])
    assert "O1 Proposal 1,000 62.0 % 50.0 % to 70.0 % A Lead source Referral: +12.0" in story.text
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
    assert "Region: APAC got worse 37.0 % → 20.0 % 30.0 % → 31.0 % -5.1 -6.8 to -3.3 +0.0" in text
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
