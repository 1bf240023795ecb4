"""The section on the forecast."""

from support.report_story import story_with


def forecast(horizon, horizon_end, **values):
    """A row of scores.pipeline_forecast."""
    return {
        "as_of_date": "2026-05-15",
        "horizon": horizon,
        "horizon_end": horizon_end,
        "entity_type": "all",
        "entity_id": "all",
        "n_open_deals": 20,
        "won_amount": 500_000,
        "p10_amount": 100_000,
        "p50_amount": 150_000,
        "p90_amount": 230_000,
        "total_p10_amount": 600_000,
        "total_p90_amount": 730_000,
        "base_rate_pipeline_amount": None,
        "n_past_forecasts": 4,
        "n_past_inside": 3,
        "share_inside_p10_p90": 0.75,
        "share_inside_p10_p90_low": 0.301,
        "share_inside_p10_p90_high": 0.954,
    } | values


def past_forecast(score_date, **values):
    """A row of scores.forecast_backtest."""
    return {
        "score_date": score_date,
        "horizon": "next quarter",
        "horizon_end": "2026-03-31",
        "is_whole_quarter": True,
        "n_open_deals": 18,
        "p10_amount": 90_000,
        "p50_amount": 140_000,
        "p90_amount": 200_000,
        "won_amount": 210_000,
        "is_inside": False,
    } | values


FORECASTS = [
    forecast(
        "in the end",
        None,
        won_amount=None,
        total_p10_amount=None,
        total_p90_amount=None,
        p50_amount=340_000,
        base_rate_pipeline_amount=320_000,
    ),
    forecast("this quarter", "2026-06-30"),
    forecast("this quarter", "2026-06-30", entity_type="owner", entity_id="Ann"),
]


def test_the_forecast_is_shown_by_horizon_beside_what_is_won(page):
    text = page(story_with(scores_pipeline_forecast=FORECASTS)).text
    this_quarter = "2026-06-30 500,000 150,000 100,000 to 230,000 600,000 to 730,000 -"
    in_the_end = "Any time - 340,000 100,000 to 230,000 - 320,000"
    assert f"{this_quarter} {in_the_end}" in text
    assert "Ann" not in text and "past quarter" not in text


def test_what_is_won_in_this_quarter_is_not_added_to_the_next_one(page):
    text = page(story_with(scores_pipeline_forecast=[forecast("next quarter", "2026-09-30")])).text
    assert "Won by Open deals, median P10 to P90 2026-09-30 150,000 100,000 to 230,000" in text


def test_the_forecast_of_the_crm_is_shown_where_there_is_one(page):
    with_crm = [FORECASTS[1] | {"crm_forecast_amount": 260_000}]
    text = page(story_with(scores_pipeline_forecast=with_crm)).text
    assert "With what is won By the CRM" in text and "600,000 to 730,000 260,000" in text
    assert "By the CRM" not in page(story_with(scores_pipeline_forecast=FORECASTS)).text


def test_past_forecasts_of_whole_quarters_are_counted_and_listed(page):
    past = [
        past_forecast("2025-12-31"),
        past_forecast("2026-03-31", horizon_end="2026-06-30", won_amount=None, is_inside=None),
        past_forecast("2026-01-31", is_whole_quarter=False, is_inside=True),
    ]
    text = page(story_with(scores_pipeline_forecast=FORECASTS, scores_forecast_backtest=past)).text
    assert "3 brought an amount from P10 to P90: 75.0%, 95% interval 30.1% to 95.4%" in text
    assert "2025-12-31 2026-03-31 18 140,000 90,000 to 200,000 210,000 no" in text
    assert "2026-01-31" not in text


def test_a_quarter_that_ends_on_the_as_of_date_is_not_forecast(page):
    ends = forecast("this quarter", "2026-05-15", p10_amount=0, p50_amount=0, p90_amount=0)
    text = page(story_with(scores_pipeline_forecast=[ends, FORECASTS[0]])).text
    assert "Forecast of the open deals" in text and "2026-05-15 500,000" not in text


def test_without_scores_there_is_no_section(page):
    unscored = [row | {"p50_amount": None} for row in FORECASTS]
    assert "Forecast of" not in page(story_with(scores_pipeline_forecast=unscored)).text
    assert "Forecast of" not in page(story_with()).text
