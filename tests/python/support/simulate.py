"""Simulated closed deals and the rules that tests judge them by."""

import numpy as np
import pandas as pd

from tools import simulate
from winrate.statistics.claims import ClaimRules

FEATURES = ["industry", "source", "size"]
# Written out, so that a setting that is changed in dbt_project.yml breaks no test.
RULES = ClaimRules(
    min_deals_per_level=30,
    min_outcomes=40,
    low_evidence_outcomes=200,
    max_q_value=0.05,
    max_p_value=0.05,
    min_effect_pp=1,
    max_auc=0.95,
)


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
    return simulate.profiles_of(deals, features)
