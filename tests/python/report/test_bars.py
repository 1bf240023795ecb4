"""The two charts of bars: drivers and original recipe, on the page and as files."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from support.report_story import driver, story_with
from winrate.report import text
from winrate.report.charts import bars
from winrate.report.sections import drivers, recipe
from winrate.report.style import HELPS, HURTS, PALE_HELPS, PALE_HURTS

SECTIONS = [drivers.section, recipe.section]

SCRIPT = "<script>alert(1)</script>"


def test_bars_go_from_most_negative_to_most_positive_and_pale_is_not_significant(story):
    [trace] = story.figures["drivers"]["data"]
    assert trace["x"] == [-13.3, -0.4, 0.5, 12.5]
    assert trace["marker"]["color"] == [HURTS, PALE_HURTS, PALE_HELPS, HELPS]
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


def test_a_pale_bar_whose_interval_excludes_zero_is_explained(story, page):
    assert "excludes zero" not in story.text
    because = "like the others once APAC is set aside"
    rows = [driver("APAC", -9, "hurts"), driver("India", 3, inconclusive_because=because)]
    text = page(story_with(drivers_win_rate_drivers=rows)).text
    assert f"Lead source: India: pale although the interval excludes zero ({because})." in text


def test_bars_that_are_all_pale_are_explained(story, page):
    assert "Every bar is pale" not in story.text
    parsed = page(story_with(drivers_win_rate_drivers=[driver("Demo", 9.0)]))
    assert "Every bar is pale: no effect is statistically significant." in parsed.text


def test_a_level_without_estimate_is_named_below_the_chart(story, page):
    assert "Lead source: Walk-in: no estimate, so no bar." in story.text
    levels = [driver("Demo", 9.0), *(driver(f"L{n}", None) for n in range(7))]
    text = page(story_with(drivers_win_rate_drivers=levels)).text
    assert "Lead source: L4 and 2 more levels: no estimate, so no bar." in text


def test_levels_known_only_at_close_are_marked(page, story):
    assert "known at close" not in story.text
    demo = driver("Demo", 9.0, "helps", known_at="close")
    parsed = page(story_with(drivers_win_rate_drivers=[demo]))
    assert "(known at close)" in parsed.figures["drivers"]["data"][0]["hovertext"][0]
    assert "Lead source (known at close): known only when a deal is over" in parsed.text
    assert "they are not levers" in parsed.text


def test_the_original_recipe_has_the_same_title_and_colours_and_no_interval(story):
    figure = story.figures["recipe"]
    [trace] = figure["data"]
    assert figure["layout"]["title"]["text"] == "Win Rate Drivers"
    assert "riginal recipe" in figure["layout"]["title"]["subtitle"]["text"]
    assert trace["x"] == [-0.6, -0.00001, 0.5]
    assert trace["marker"]["color"] == [HURTS, HURTS, HELPS]
    assert "error_x" not in trace


def test_the_original_recipe_is_explained_only_where_there_is_no_signal(story, page):
    explanation = "any 3 coefficients fitted to noise are positive or negative"
    assert explanation not in story.text
    nothing = [{"verdict": "no signal", "statement": "Nothing."}]
    text = page(story_with(drivers_model_verdict=nothing)).text
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
    assert recipe.recipe_label(encoded, ["lead_source", "lead_source_x"]) == expected


def test_a_label_is_one_line_without_text_direction_marks():
    assert text.label(" a\nb\u202ec\x00 ") == "a b c"


def test_chart_files_are_valid_and_say_what_the_page_says(write):
    hostile = f"$1$ {SCRIPT}"
    folder = write(story_with(drivers_win_rate_drivers=[driver(hostile, 2.0, "helps")]))
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
    assert HELPS in (folder / "win_rate_drivers.svg").read_text(encoding="utf-8")


def test_order_bars_leaves_out_what_has_no_value():
    rows = pd.DataFrame(
        {"label": ["b", "a", "none"], "value": [1.0, 1.0, None], "is_pale": [False, True, False]}
    )
    ordered = bars.order_bars(rows)
    assert ordered["label"].tolist() == ["a", "b"]
    assert ordered["colour"].tolist() == [PALE_HELPS, HELPS]


def test_of_very_many_bars_the_claims_and_the_longest_are_drawn():
    importance = pd.DataFrame(
        {"feature": [f"cat__industry_{n}" for n in range(500)], "coefficient": np.arange(500) - 100}
    )
    drawn = recipe.recipe_bars(importance, ["industry"])
    assert len(drawn.rows) == bars.MAX_BARS
    assert drawn.rows["value"].tolist() == list(range(340, 400))
    assert "60 of 500, the others are in drivers.importance" in drawn.subtitle

    ordered = bars.order_bars(
        pd.DataFrame(
            {
                "label": [str(n) for n in range(100)],
                "value": [0.5, *range(1, 100)],
                "is_pale": [False] + [True] * 99,
            }
        )
    )
    assert ordered["value"].tolist() == [0.5, *range(41, 100)]
