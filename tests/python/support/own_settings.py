"""An export with more columns than the sample has, and a folder of settings to build it with.

One for the tests of all settings: dbt parses the project anew for other settings.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from support.exports import sample_deals

SETTINGS = """
deals_path: deals.csv
fiscal_year_start_month: 2
reporting_currency: eur
features:
  categorical: [industry, lead_source, deal_segment, loss_reason, competitor]
  numeric: {deal_amount: , discount_rate: [10, 20]}
"""
RATES = """currency,from_date,rate
USD,2024-01-01,1.0825
USD,2026-01-01,1.1
gbp,2025-07-01,1.25
"""


def fiscal_periods(deals: pd.DataFrame, calendar: str) -> pd.Series:
    """'Q1-2027', by the year in which the fiscal year ends; missing for open deals.

    calendar: of pandas, such as Q-JUN, by the month that ends the year.
    """
    found = pd.to_datetime(deals["closed_date"]).dt.to_period(calendar)
    return found.map(lambda day: f"Q{day.quarter}-{day.qyear}", na_action="ignore")


def with_own_columns(deals: pd.DataFrame) -> pd.DataFrame:
    """The sample with two features of its own, fiscal periods, currencies and reasons of losses.

    The periods say that the fiscal year starts in July, which is not what the setting says. Won
    deals name competitors too, so that a missing one does not tell the outcome.
    """
    n, rng = np.arange(len(deals)), np.random.default_rng(6)
    reasons = rng.choice(["Price", "Missing feature", "No decision / non-responsive"], len(deals))
    return deals.assign(
        **{
            "Deal Segment": np.where(n < 30, np.array(["SMB", "Enterprise", "Rare"])[n % 3], "SMB"),
            "Discount Rate": [f"{each % 40}.5" for each in n],
            "Fiscal Period": fiscal_periods(deals, "Q-JUN"),
            "amount_currency": np.where(n % 2 == 1, "USD", np.where(n % 5 == 0, "GBP", "EUR")),
            "Loss Reason": np.where(deals["outcome"] == "Lost", reasons, ""),
            "Primary Competitor": rng.choice(["Acme", "Initech"], len(deals)),
        }
    )


def write_own_settings(own: Path) -> None:
    """Write the export, and settings, rates, a mapping and alert rules, into a folder."""
    with_own_columns(sample_deals()).to_csv(own / "deals.csv", index=False)
    (own / "rates.csv").write_text(RATES)
    (own / "mapping.csv").write_text("kind,found,means\nindustry,SaaS,Software\n")
    (own / "alert_rules.csv").write_text("condition,threshold_value\ndeal_opportunity,0.9\n")
    (own / "settings.yml").write_text(SETTINGS)
