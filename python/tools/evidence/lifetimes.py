"""Simulated lives of deals, whose true win probability at each age is known.

Days are whole numbers; the export has what is known on day `AS_OF`. The counts that the score
models are fitted on are those of models/profiles/risk_counts.sql (a test compares them).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from winrate import project
from winrate.statistics.hazards import AT_CREATION, COUNTS, Bands
from winrate.statistics.score_models import ALL_DEALS, ScoreSettings

LEVELS = {"industry": 5, "region": 4, "product": 3, "source": 4, "amount": 4}
AS_OF = 730  # 24 months of closes
WARM_UP = 1800  # days before the first close of the export in which deals were created too
BORN_CLOSED_DAYS = 1
COHORT_DAYS, DAYS_IN_MONTH = 91, 30
NEVER = 1_000_000
FIRST_DATE = pd.Timestamp("2025-01-01")  # day 0
VARIABLES = project.project_vars()
SETTINGS = ScoreSettings(
    VARIABLES["age_band_days"], VARIABLES["cohort_quarters"], VARIABLES["score_states"]
)
STATES, N_COHORTS = SETTINGS.score_states, SETTINGS.cohort_quarters
STAGE_DAYS, STATE_AGES = VARIABLES["stage_day_bands"], VARIABLES["state_age_bands"]
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
        deals = self._created(rng)
        cycle = np.exp(rng.normal(np.log(self.median), self.sigma, len(deals)))
        cycle = np.maximum(np.round(cycle), BORN_CLOSED_DAYS + 1).astype(int)
        deals["closed"] = deals["created"] + cycle
        deals["is_won"] = rng.random(len(deals)) < expit(self.log_odds(deals, cycle))
        if self.is_permuted:
            deals["is_won"] = rng.permutation(deals["is_won"])
        return deals[deals["closed"] >= first_close].reset_index(drop=True)

    def _created(self, rng: np.random.Generator) -> pd.DataFrame:
        """Deals with their day of creation, their levels and the effect of these."""
        n_deals = int(self.n_per_year * (AS_OF + WARM_UP) / 365)
        deals = pd.DataFrame({"created": rng.integers(-WARM_UP, AS_OF, n_deals)})
        effect = np.zeros(n_deals)
        for name, size in LEVELS.items():
            deals[name] = rng.integers(0, size, n_deals)
            of_level = rng.normal(0, self.spread, size)
            effect += (of_level - of_level.mean())[deals[name]]
        return deals.assign(effect=effect)

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


@dataclass(frozen=True)
class StagedWorld(World):
    """Deals that go through stages, as a Markov process: the stage tells how a deal will end.

    forward, lost: hazards per day of going on to the next stage, or from the last one of winning,
        and of losing, in each stage; the effect of a deal's levels helps one and hinders the other.
    """

    forward: tuple[float, ...] = (1 / 14, 1 / 20, 1 / 25, 1 / 20)
    lost: tuple[float, ...] = (1 / 40, 1 / 60, 1 / 80, 1 / 60)

    def deals(self, rng: np.random.Generator, first_close: int = 0) -> pd.DataFrame:
        """As of `World`, with `entered_<stage>`: the age at entry into a stage, or NEVER."""
        deals = self._created(rng)
        age = np.full(len(deals), BORN_CLOSED_DAYS + 1.0)
        is_open, is_won = np.ones((2, len(deals)), bool)
        for stage in range(len(self.forward)):
            deals[f"entered_{stage}"] = np.where(is_open, np.floor(age), NEVER).astype(int)
            forward, lost = self._hazards(stage, deals["effect"].to_numpy())
            age = np.where(is_open, age + rng.exponential(1 / (forward + lost)), age)
            goes_on = rng.random(len(deals)) < forward / (forward + lost)
            is_won &= goes_on | ~is_open
            is_open &= goes_on
        deals["entered_0"] = 0
        deals["closed"] = deals["created"] + np.round(age).astype(int)
        deals["is_won"] = is_won
        return deals[deals["closed"] >= first_close].reset_index(drop=True)

    def _hazards(self, stage: int, effect: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        helps = np.exp(effect / 2)
        return self.forward[stage] * helps, self.lost[stage] / helps

    def true_probability(self, deals: pd.DataFrame) -> np.ndarray:
        """Of winning in the end, of deals that are open on AS_OF, with their stage."""
        stage = _stages(deals, AS_OF - deals["created"].to_numpy())[0]
        found = np.ones(len(deals))
        for number in range(len(self.forward)):
            forward, lost = self._hazards(number, deals["effect"].to_numpy())
            found *= np.where(stage <= number, forward / (forward + lost), 1.0)
        return found


def _stages(deals: pd.DataFrame, age: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The number of the stage that each deal is in at an age, and the days in it."""
    names = sorted(name for name in deals if name.startswith("entered_"))
    entered = deals[names].to_numpy()
    stage = (entered <= age[:, None]).sum(axis=1) - 1
    return stage, age - entered[np.arange(len(deals)), stage]


def _states(deals: pd.DataFrame, age: np.ndarray) -> pd.DataFrame:
    """The levels of each state (models/profiles/deal_states.sql) at an age."""
    stage, days = _stages(deals, age)
    bands = ((STAGE_DAYS, days), (STATE_AGES, age))
    in_stage, of_age = (
        np.searchsorted(starts, each, "right").astype(str) for starts, each in bands
    )
    columns = (stage.astype(str), in_stage, of_age)
    return pd.DataFrame(dict(zip(STATES, columns, strict=True)), index=deals.index)


def _has_stages(deals: pd.DataFrame) -> bool:
    return "entered_0" in deals


def open_deals(deals: pd.DataFrame, day: int = AS_OF) -> pd.DataFrame:
    """The deals that are open on a day, with `age_days`, `clock_days`, `cohort` and states."""
    found = deals[(deals["created"] <= day) & (deals["closed"] > day)]
    age = day - found["created"]
    cohort = _cohort(found, day)
    states = dict.fromkeys(STATES, AT_CREATION)
    if _has_stages(deals):
        states = _states(found, age.to_numpy())
    return found.assign(age_days=age, clock_days=age + 1, cohort=cohort, **states)


def _cohort(deals: pd.DataFrame, day: int) -> pd.Series:
    return np.minimum((day - deals["created"]) // COHORT_DAYS, N_COHORTS - 1)


def risk_counts(deals: pd.DataFrame, day: int, bands: Bands, first_close: int = 0) -> pd.DataFrame:
    """Counts per combination of levels, `cohort`, states and `from_days`, as of a day."""
    month_ends = range(first_close, day, DAYS_IN_MONTH) if _has_stages(deals) else ()
    parts = [_ends(deals, day, bands, first_close, None)]
    parts += [_ends(deals, day, bands, first_close, landmark) for landmark in month_ends]
    keys = [*LEVELS, "cohort", "is_creation", *STATES, "from_days"]
    return pd.concat(parts).groupby(keys, as_index=False)[COUNTS].sum()


def _ends(
    deals: pd.DataFrame, day: int, bands: Bands, first_close: int, landmark: int | None
) -> pd.DataFrame:
    """Where observations end and begin that count from creation, or from a landmark, a day."""
    deals = deals[deals["created"] <= day]
    is_closed = (deals["closed"] <= day).to_numpy()
    end = np.where(is_closed, deals["closed"], day) - deals["created"].to_numpy()
    zero = np.zeros(len(deals), int)
    begin = np.maximum(BORN_CLOSED_DAYS + 1, first_close - deals["created"].to_numpy())
    if landmark is not None:
        zero = landmark - deals["created"].to_numpy()
        begin = np.where(zero >= 0, zero + 1, NEVER)
    at_risk = end >= begin
    deals, is_closed, zero = deals[at_risk], is_closed[at_risk], zero[at_risk]
    end, begin = end[at_risk] - zero, begin[at_risk] - zero
    states = _states(deals, zero) if landmark is not None else dict.fromkeys(STATES, AT_CREATION)
    keys = deals[list(LEVELS)].assign(
        cohort=_cohort(deals, day), is_creation=landmark is None, **states
    )
    is_won = deals["is_won"].to_numpy(bool)
    parts = []
    for sign, days, closes in ((1, end, is_closed), (-1, begin, np.zeros(len(deals), bool))):
        start = bands.starts[bands.numbers(days)].astype(int)
        n_days = sign * (days - start) + (sign > 0)
        counts = {"n_reached": sign, "n_days": n_days}
        counts |= {"n_won": closes * is_won, "n_lost": closes * ~is_won}
        parts.append(keys.assign(from_days=start, **counts).astype(dict.fromkeys(COUNTS, int)))
    return pd.concat(parts)


def date_of(day: int) -> pd.Timestamp:
    return FIRST_DATE + pd.Timedelta(days=day)


def tables(
    deals: pd.DataFrame, bands: Bands, past: Sequence[int], n_folds: int = 1
) -> dict[str, pd.DataFrame]:
    """What the score models are fitted on: 'counts', 'targets', 'outcomes', 'dates', and 'deals'.

    The first four are as models/profiles has them (risk_counts, score_targets, score_outcomes,
    score_dates), with AS_OF and the days of `past` as score dates; 'deals' has the rows of
    'targets' with all that is known of each. Closed deals have a target each with several folds.
    """
    deals = deals.assign(score_fold=np.arange(len(deals)) % n_folds)
    counts, targets = [], []
    for day in (AS_OF, *past):
        folds = deals.groupby("score_fold") if day == AS_OF else [(0, deals)]
        counts += [
            risk_counts(rows, day, bands).assign(score_fold=fold, score_date=date_of(day))
            for fold, rows in folds
        ]
        targets.append(open_deals(deals, day).assign(fold=ALL_DEALS, day=day))
        if day == AS_OF and n_folds > 1:
            closed = deals[deals["closed"] <= AS_OF]
            states = dict.fromkeys(STATES, AT_CREATION)
            targets.append(
                closed.assign(
                    fold=closed["score_fold"],
                    age_days=0,
                    clock_days=0,
                    cohort=_cohort(closed, day),
                    day=day,
                    **states,
                )
            )
    found = pd.concat(targets, ignore_index=True)
    found["score_id"] = found.index + 1
    found["score_date"] = FIRST_DATE + pd.to_timedelta(found["day"], "D")
    is_known = found["closed"] <= AS_OF
    outcomes = pd.DataFrame(
        {
            "score_id": found["score_id"],
            "start_date": FIRST_DATE + pd.to_timedelta(found["created"], "D"),
            "days_until_close": (found["closed"] - found["day"]).where(is_known).astype("Int64"),
            "is_won": found["is_won"].astype("Int64").where(is_known),
            "n_deals": 1,
        }
    )[found["day"] != AS_OF]
    dates = pd.DataFrame({"score_date": [date_of(day) for day in (AS_OF, *past)]})
    dates = dates.assign(is_as_of=dates["score_date"] == date_of(AS_OF))
    names = ["score_id", "score_date", "fold", *LEVELS, "cohort", "age_days", "clock_days", *STATES]
    as_text = dict.fromkeys(LEVELS, str)
    return {
        "counts": pd.concat(counts, ignore_index=True).astype(as_text),
        "targets": found[names].astype(as_text),
        "outcomes": outcomes,
        "dates": dates.assign(days_to_quarter_end=30, days_to_next_quarter_end=121),
        "deals": found,
    }
