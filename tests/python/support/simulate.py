"""Simulated closed deals and the rules that tests judge them by."""

import numpy as np
import pandas as pd

from winrate.statistics.claims import ClaimRules
from winrate.statistics.profile_regression import GROUPS, TIME

FEATURES = ["industry", "source", "size"]
HOLDOUT_SHARE = 0.2
# Written out, so that a setting that is changed in dbt_project.yml breaks no test.
RULES = ClaimRules(
    min_deals_per_level=30,
    min_outcomes=40,
    low_evidence_outcomes=200,
    max_q_value=0.05,
    max_change_q_value=0.05,
    max_other_q_value=0.05,
    max_p_value=0.05,
    min_effect_pp=1,
    min_effect_days=1,
    max_auc=0.95,
)


COMPARISONS = [
    {"name": "last two quarters", "after": "the last two quarters", "before": "the two before"},
    {"name": "last quarter", "after": "the last quarter", "before": "the one before"},
]


def simulated_deals(
    n_deals: int,
    seed: int,
    effects: dict[tuple[str, str], float] | None = None,
    n_reps: int = 0,
    rep_sd: float = 0.0,
) -> pd.DataFrame:
    """One row per closed deal, in order of close date: FEATURES and `is_won`.

    effects: log-odds that a (feature, level) adds to a win rate of 45%.
    n_reps: with a column `sales_rep_id` of so many reps, who work one industry each; rep_sd: the
        standard deviation of what each of them adds, in log-odds.
    """
    rng = np.random.default_rng(seed)
    industries = ["EdTech", "FinTech", "SaaS", "Retail"]
    deals = pd.DataFrame(
        {
            "industry": rng.choice(industries, n_deals),
            "source": rng.choice(["Inbound", "Outbound", "Partner"], n_deals),
            "size": rng.choice(["small", "large"], n_deals),
        }
    )
    log_odds = np.full(n_deals, np.log(0.45 / 0.55))
    if n_reps:
        rep = rng.integers(0, n_reps, n_deals)
        deals["sales_rep_id"] = [f"rep_{number:02d}" for number in rep]
        deals["industry"] = np.array(industries)[rep % len(industries)]
        log_odds += rng.normal(0, rep_sd, n_reps)[rep]
    for (feature, level), effect in (effects or {}).items():
        log_odds += effect * (deals[feature] == level)
    deals["is_won"] = (rng.random(n_deals) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return deals


def profiles_of(deals: pd.DataFrame, features: list[str] = FEATURES) -> pd.DataFrame:
    """Group deals to profiles, as internal.driver_profiles does; also by rep and quarter.

    deals: in order of close date; the holdout are the last ones.
    """
    others = [name for name in (GROUPS, TIME) if name in deals and name not in features]
    is_holdout = np.arange(1, len(deals) + 1) > (1 - HOLDOUT_SHARE) * len(deals)
    return (
        deals.assign(is_holdout=is_holdout, holdout_won=is_holdout & (deals["is_won"] == 1))
        .groupby([*features, *others], as_index=False)
        .agg(
            n_deals=("is_won", "size"),
            n_won=("is_won", "sum"),
            n_holdout_deals=("is_holdout", "sum"),
            n_holdout_won=("holdout_won", "sum"),
        )
    )


def rep_totals(deals: pd.DataFrame) -> pd.DataFrame:
    """The closed and won deals of each rep."""
    return deals.groupby(GROUPS, as_index=False).agg(
        n_deals=("is_won", "size"), n_won=("is_won", "sum")
    )
