"""What the open deals will bring, and how past forecasts turned out."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from winrate import wording
from winrate.report.blocks import Block, Paragraph, Section, Table
from winrate.report.data import Data
from winrate.report.text import known, span, without_blank_columns

# A quarter that ends on the as-of date has nothing to come. What is won is added to what is to come
# in this quarter, and not to what comes until the end of the next one.
FORECAST = """
    select
        horizon_end, p10_amount, p50_amount, p90_amount,
        case when horizon = 'this quarter' then won_amount end as won_amount,
        case when horizon = 'this quarter' then total_p10_amount end as total_p10_amount,
        total_p90_amount, base_rate_pipeline_amount, crm_forecast_amount, n_past_forecasts,
        n_past_inside, share_inside_p10_p90, share_inside_p10_p90_low, share_inside_p10_p90_high
    from scores.pipeline_forecast
    where
        entity_type = 'all' and n_open_deals > 0 and p50_amount is not null
        and (horizon_end is null or horizon_end > as_of_date)
    order by horizon_end nulls last
"""
PAST = """
    select score_date, horizon_end, n_open_deals, p10_amount, p50_amount, p90_amount, won_amount,
        is_inside
    from scores.forecast_backtest
    where is_whole_quarter and is_inside is not null
    order by score_date desc
"""


def section(data: Data) -> Section | None:
    """The forecast by horizon, and those of past quarters; nothing without scored open deals."""
    forecast = data.rows(FORECAST)
    if forecast.empty:
        return None
    blocks: list[Block] = [_forecast_table(forecast, data.amount)]
    past = data.rows(PAST)
    if not past.empty:
        blocks += [Paragraph(_how_they_held(forecast.iloc[0])), _past_table(past, data.amount)]
    return Section("forecast", "Forecast of the open deals", blocks)


def _forecast_table(forecast: pd.DataFrame, amount: Callable[[Any], str]) -> Table:
    rows = [
        {
            "Won by": "Any time" if pd.isna(row.horizon_end) else _day(row.horizon_end),
            "Won already": amount(row.won_amount),
            "Open deals, median": amount(row.p50_amount),
            "P10 to P90": span(row.p10_amount, row.p90_amount, amount),
            "With what is won": known(None)
            if pd.isna(row.total_p10_amount)
            else span(row.total_p10_amount, row.total_p90_amount, amount),
            "By the win rate": amount(row.base_rate_pipeline_amount),
            "By the CRM": amount(row.crm_forecast_amount),
        }
        for row in forecast.itertuples()
    ]
    return Table(
        without_blank_columns(
            rows, ["Won already", "With what is won", "By the win rate", "By the CRM"]
        ),
        numbers=frozenset(rows[0]) - {"Won by"},
        caption=(
            "What the deals that are open now will bring by the end of this quarter, of the next "
            "one and in the end. In 80% of the cases the amount is from P10 to P90; the range has "
            "the error of the win probabilities and the luck of each deal. Deals that are created "
            "later are not in it. By the win rate is the amount of the deals that the CRM expects "
            "by then, times the overall win rate; by the CRM, times the probability that it gives "
            "each of them. Owners and stages are in scores.pipeline_forecast."
        ),
    )


def _how_they_held(row: pd.Series) -> str:
    n_past = wording.deals(row["n_past_forecasts"], "past quarter")
    n_inside = wording.count(row["n_past_inside"])
    limits = wording.percent_interval(
        row["share_inside_p10_p90_low"], row["share_inside_p10_p90_high"]
    )
    return (
        f"Of {n_past} that can be forecast from the day before, {n_inside} brought an amount from "
        f"P10 to P90: {wording.percent(row['share_inside_p10_p90'])}, "
        f"{limits}, where 80% are expected."
    )


def _past_table(past: pd.DataFrame, amount: Callable[[Any], str]) -> Table:
    rows = [
        {
            "Forecast of": _day(row.score_date),
            "Won by": _day(row.horizon_end),
            "Open deals": wording.count(row.n_open_deals),
            "Median": amount(row.p50_amount),
            "P10 to P90": span(row.p10_amount, row.p90_amount, amount),
            "Won": amount(row.won_amount),
            "Inside": "yes" if row.is_inside else "no",
        }
        for row in past.itertuples()
    ]
    return Table(
        rows,
        numbers=frozenset(["Open deals", "Median", "P10 to P90", "Won"]),
        caption=(
            "Each forecast is by a model of what was known on its day, with the amounts that the "
            "deals have today. Forecasts of other months are in scores.forecast_backtest."
        ),
    )


def _day(value: Any) -> str:
    return pd.Timestamp(value).date().isoformat()
