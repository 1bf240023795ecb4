"""Simulated lives of deals, whose true win probability at each age is known.

Days are whole numbers; the export has what is known on day `AS_OF`. The counts that the score
models are fitted on are those of models/profiles/risk_counts.sql (a test compares them).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from winrate.statistics.hazards import COUNTS, Bands

LEVELS = {"industry": 5, "region": 4, "product": 3, "source": 4, "amount": 4}
AS_OF = 730  # 24 months of closes
WARM_UP = 1800  # days before the first close of the export in which deals were created too
BORN_CLOSED_DAYS = 1
COHORT_DAYS = 91
N_CYCLES = 2000  # quantiles of the cycle over which the truth is averaged


def levels() -> dict[str, list[str]]:
    """The names of the levels of each feature, of which deals have the codes."""
    return {name: [str(code) for code in range(size)] for name, size in LEVELS.items()}


@dataclass(frozen=True)
class World:
    """How deals live.

    median: of the lognormal cycle, in days; sigma: of its logarithm.
    slow_lose: by how many log-odds a deal loses with each unit of log(cycle / median); negative:
        slow deals win more.
    trend: of the log-odds, per year of creation.
    spread: standard deviation of the effects of levels.
    """

    median: float = 60.0
    sigma: float = 0.9
    slow_lose: float = 0.0
    trend: float = 0.0
    spread: float = 0.35
    base: float = -0.2
    n_per_year: int = 2250
    is_permuted: bool = False

    def deals(self, rng: np.random.Generator, first_close: int = 0) -> pd.DataFrame:
        """One row per deal that closed from `first_close` on, or will close.

        Columns: codes of levels, `created`, `closed` (after AS_OF: the deal is still open),
        `is_won` and `effect`, of its levels, in log-odds.
        """
        n_deals = int(self.n_per_year * (AS_OF + WARM_UP) / 365)
        deals = pd.DataFrame({"created": rng.integers(-WARM_UP, AS_OF, n_deals)})
        effect = np.zeros(n_deals)
        for name, size in LEVELS.items():
            deals[name] = rng.integers(0, size, n_deals)
            of_level = rng.normal(0, self.spread, size)
            effect += (of_level - of_level.mean())[deals[name]]
        cycle = np.exp(rng.normal(np.log(self.median), self.sigma, n_deals))
        cycle = np.maximum(np.round(cycle), BORN_CLOSED_DAYS + 1).astype(int)
        deals["closed"] = deals["created"] + cycle
        deals["effect"] = effect
        deals["is_won"] = rng.random(n_deals) < expit(self.log_odds(deals, cycle))
        if self.is_permuted:
            deals["is_won"] = rng.permutation(deals["is_won"])
        return deals[deals["closed"] >= first_close].reset_index(drop=True)

    def log_odds(self, deals: pd.DataFrame, cycle: np.ndarray) -> np.ndarray:
        """Of winning, of deals with this cycle in days."""
        trend = self.trend * (deals["created"].to_numpy() - AS_OF / 2) / 365
        slow = self.slow_lose * np.log(cycle / self.median)
        return self.base + deals["effect"].to_numpy() + trend - slow

    def true_probability(self, deals: pd.DataFrame) -> np.ndarray:
        """Of winning in the end, of deals that are open on AS_OF."""
        quantiles = (np.arange(N_CYCLES) + 0.5) / N_CYCLES
        cycles = np.exp(np.log(self.median) + self.sigma * norm.ppf(quantiles)).round()
        of_median = self.log_odds(deals, np.full(len(deals), self.median))
        found = np.empty(len(deals))
        for age, places in deals.reset_index(drop=True).groupby(
            AS_OF - deals["created"].to_numpy()
        ):
            later = cycles[min(np.searchsorted(cycles, age, "right"), N_CYCLES - 1) :]
            slow = self.slow_lose * np.log(later / self.median)
            rows = places.index.to_numpy()
            found[rows] = expit(of_median[rows][:, None] - slow).mean(axis=1)
        return found


def open_deals(deals: pd.DataFrame, day: int = AS_OF) -> pd.DataFrame:
    """The deals that are open on a day, with `age_days`, `clock_days` and `cohort`."""
    found = deals[(deals["created"] <= day) & (deals["closed"] > day)]
    age = day - found["created"]
    return found.assign(age_days=age, clock_days=age + 1, cohort=_cohort(found, day, 12))


def _cohort(deals: pd.DataFrame, day: int, n_cohorts: int) -> pd.Series:
    return np.minimum((day - deals["created"]) // COHORT_DAYS, n_cohorts - 1)


def risk_counts(
    deals: pd.DataFrame, day: int, bands: Bands, n_cohorts: int = 12, first_close: int = 0
) -> pd.DataFrame:
    """Counts per combination of levels, `cohort` and `from_days`, as of a day."""
    deals = deals[deals["created"] <= day]
    is_closed = (deals["closed"] <= day).to_numpy()
    end = np.where(is_closed, deals["closed"], day) - deals["created"]
    entry = np.maximum(BORN_CLOSED_DAYS + 1, first_close - deals["created"])
    at_risk = (end >= entry).to_numpy()
    deals, is_closed = deals[at_risk], is_closed[at_risk]
    end, entry = end[at_risk], entry[at_risk]
    keys = deals[list(LEVELS)].assign(cohort=_cohort(deals, day, n_cohorts))
    is_won = deals["is_won"].to_numpy(bool)
    parts = [
        keys.assign(
            from_days=bands.starts[bands.numbers(days)].astype(int),
            n_reached=sign,
            n_days=sign * (days - bands.starts[bands.numbers(days)]) + (sign > 0),
            n_won=closes * is_won,
            n_lost=closes * ~is_won,
        )
        for sign, days, closes in ((1, end, is_closed), (-1, entry, np.zeros(len(deals), bool)))
    ]
    groups = pd.concat(parts).groupby([*LEVELS, "cohort", "from_days"], as_index=False)
    return groups[COUNTS].sum().astype(int)
