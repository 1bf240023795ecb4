"""Simulated deals, and the profiles that the models get of them."""

import numpy as np
import pandas as pd

FEATURES = ["industry", "source", "size"]


def simulated_deals(
    n_deals: int, seed: int, effects: dict[tuple[str, str], float] | None = None
) -> pd.DataFrame:
    """One row per closed deal, in order of close date: FEATURES and `is_won`.

    effects: log-odds that a (feature, level) adds to a win rate of 45%.
    """
    rng = np.random.default_rng(seed)
    deals = pd.DataFrame(
        {
            "industry": rng.choice(["EdTech", "FinTech", "SaaS", "Retail"], n_deals),
            "source": rng.choice(["Inbound", "Outbound", "Partner"], n_deals),
            "size": rng.choice(["small", "large"], n_deals),
        }
    )
    log_odds = np.full(n_deals, np.log(0.45 / 0.55))
    for (feature, level), effect in (effects or {}).items():
        log_odds += effect * (deals[feature] == level)
    deals["is_won"] = (rng.random(n_deals) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return deals


def profiles_of(deals: pd.DataFrame, features: list[str] = FEATURES) -> pd.DataFrame:
    """Group deals to profiles, as profiles.driver_profiles does."""
    is_newest = np.arange(1, len(deals) + 1) > 0.8 * len(deals)
    return (
        deals.assign(is_newest=is_newest, newest_won=is_newest & (deals["is_won"] == 1))
        .groupby(features, as_index=False)
        .agg(
            n_deals=("is_won", "size"),
            n_won=("is_won", "sum"),
            n_newest_deals=("is_newest", "sum"),
            n_newest_won=("newest_won", "sum"),
        )
    )
