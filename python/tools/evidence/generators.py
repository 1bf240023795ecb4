"""Simulated deals with known truth, each kind with one property that real exports have.

Every generator returns one row per deal with `COLUMNS`: `closed_date`, `sales_cycle_days` and
`is_won` are null while a deal is open. `attrs["as_of_date"]` is the day of the export, and
`attrs["truth"]` says what was planted:

- `effects`: log-odds by (feature, level), throughout the export. Levels without one have none.
- `true_effect_pp`: for every level of a feature with effects, the win rate if all closed deals had
  it less that of the closed deals, in percentage points; other levels of that feature have one too.
- `cause` of a decline in the last two quarters: 'all', 'mix', 'segment', or None where there is no
  decline; with 'segment', `segment` is its (feature, level).
- further keys that the generator documents.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from tools.sample import SEED, generate_deals

COLUMNS = [
    *("deal_id", "created_date", "closed_date", "sales_rep_id", "account_id"),
    *("industry", "region", "product_type", "lead_source", "deal_stage"),
    *("deal_amount", "sales_cycle_days", "is_won"),
]
AS_OF_DATE = pd.Timestamp("2026-06-30")
DECLINE_START = pd.Timestamp("2026-01-01")  # the last two quarters

LEVELS = {
    "industry": [f"ind{i}" for i in range(5)],
    "region": [f"reg{i}" for i in range(4)],
    "product_type": [f"pro{i}" for i in range(3)],
    "lead_source": [f"lea{i}" for i in range(4)],
    "deal_stage": [f"sta{i}" for i in range(5)],
}
WIN_RATE = 0.45
N_REPS = 25
DEALS_PER_ACCOUNT = 4
MEDIAN_CYCLE_DAYS = 60
CYCLE_SPREAD = 0.6  # standard deviation of the log cycle
MEDIAN_AMOUNT = 20_000
AMOUNT_SPREAD = 0.8

Effects = Mapping[str, Mapping[str, float]]  # log-odds by feature and level


# ---- nothing planted


def noise(
    rng: np.random.Generator, n_deals: int, skewed: bool = False, months: int = 24
) -> pd.DataFrame:
    """Independent features, and an outcome that depends on none.

    skewed: 10% of the deals are won, and the first level of each feature has 80% of them.
    """
    deals = _drawn(rng, n_deals, months)
    if skewed:
        for feature, levels in LEVELS.items():
            deals[feature] = _levels(rng, feature, n_deals, _first_has(0.8, len(levels)))
    return _exported(rng, deals, win_rate=0.1 if skewed else WIN_RATE)


def year_of_deals(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """Noise of four years: `as_of` gives the exports of the weeks of the last one."""
    return noise(rng, n_deals, months=48)


def as_of(deals: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """What an export on an earlier day held: no later deal, and later closes still open."""
    known = deals[deals["created_date"] <= day].reset_index(drop=True)
    known.loc[known["closed_date"] > day, ["closed_date", "sales_cycle_days", "is_won"]] = None
    known.attrs = {**deals.attrs, "as_of_date": pd.Timestamp(day)}
    return known


# ---- deals that are not independent


def reps_with_effects(rng: np.random.Generator, n_deals: int, spread: float = 0.5) -> pd.DataFrame:
    """Reps differ; each works one region and one industry, and no feature has an effect.

    spread: standard deviation of the reps' log-odds.
    """
    deals = _drawn(rng, n_deals)
    rep = deals["sales_rep_id"].str.removeprefix("rep").astype(int).to_numpy()
    for feature in ("region", "industry"):
        worked = rng.permutation(np.resize(LEVELS[feature], N_REPS))
        deals[feature] = worked[rep]
    return _exported(rng, deals, rng.normal(0, spread, N_REPS)[rep])


def accounts_with_effects(
    rng: np.random.Generator, n_deals: int, spread: float = 0.8
) -> pd.DataFrame:
    """Accounts of a few deals each differ; each has one region and industry; no feature effect.

    spread: standard deviation of the accounts' log-odds.
    """
    deals = _drawn(rng, n_deals)
    account = deals["account_id"].str.removeprefix("acc").astype(int).to_numpy()
    for feature in ("region", "industry"):
        deals[feature] = _levels(rng, feature, n_deals)[account]
    return _exported(rng, deals, rng.normal(0, spread, n_deals)[account])


# ---- what is known only at close, and missing values


def stage_tells_outcome(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """The last stage depends on the outcome, and lost deals take 1.35 times as long.

    Of sta0 4% are won, of sta4 90%. Features known at creation have no effect.
    """
    deals = _drawn(rng, n_deals)
    is_won = rng.random(n_deals) < WIN_RATE
    deals["deal_stage"] = np.where(
        is_won,
        _levels(rng, "deal_stage", n_deals, [0.02, 0.05, 0.10, 0.18, 0.65]),
        _levels(rng, "deal_stage", n_deals, [0.35, 0.25, 0.20, 0.14, 0.06]),
    )
    stage_while_open = _levels(rng, "deal_stage", n_deals, [0.25, 0.25, 0.25, 0.25, 0])
    deals["sales_cycle_days"] = np.ceil(deals["sales_cycle_days"] * np.where(is_won, 1, 1.35))
    deals["deal_stage"] = deals["deal_stage"].where(_is_closed(deals), stage_while_open)
    return _finished(deals, is_won)


def missing_by_outcome(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """Industry is 'Unknown' for 8% of the won and 25% of the other deals; no feature matters."""
    deals = noise(rng, n_deals)
    is_missing = rng.random(n_deals) < np.where(deals["is_won"].eq(1).fillna(False), 0.08, 0.25)
    deals["industry"] = deals["industry"].mask(is_missing, "Unknown")
    return deals


def undated_losses(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """A third of the lost deals have no close date, and half of these no rep or stage.

    No feature matters.
    """
    deals = noise(rng, n_deals)
    is_undated = deals["is_won"].eq(0).fillna(False) & (rng.random(n_deals) < 1 / 3)
    deals.loc[is_undated, ["closed_date", "sales_cycle_days"]] = None
    is_bare = is_undated & (rng.random(n_deals) < 0.5)
    deals.loc[is_bare, ["sales_rep_id", "deal_stage"]] = "Unknown"
    return deals


# ---- declines in the last two quarters


def uniform_decline(rng: np.random.Generator, n_deals: int, effect: float = 0.35) -> pd.DataFrame:
    """All deals lose `effect` log-odds."""
    deals = _drawn(rng, n_deals)
    return _exported(rng, deals, -effect * _is_late(deals), cause="all")


def mix_decline(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """The share of a bad lead source rises from 20% to 45%, to 66% in reg0; no rate changes."""
    deals = _drawn(rng, n_deals)
    share = np.where(_is_late(deals), np.where(deals["region"] == "reg0", 0.66, 0.38), 0.2)
    others = _levels(rng, "lead_source", n_deals, [0, 1 / 3, 1 / 3, 1 / 3])
    deals["lead_source"] = np.where(rng.random(n_deals) < share, "lea0", others)
    effects = {"lead_source": {"lea0": -1.0}}
    return _exported(rng, deals, 0.2, effects, cause="mix")


def segment_decline(rng: np.random.Generator, n_deals: int, effect: float = 1.0) -> pd.DataFrame:
    """Region reg0 loses `effect` log-odds; 60% of the deals of source lea0 are from there.

    `companion` of the truth is that source, which has no effect of its own.
    """
    deals = _drawn(rng, n_deals)
    share = np.where(deals["lead_source"] == "lea0", 0.6, 0.4 / 3)  # a quarter of all deals
    others = _levels(rng, "region", n_deals, [0, 1 / 3, 1 / 3, 1 / 3])
    deals["region"] = np.where(rng.random(n_deals) < share, "reg0", others)
    planted = -effect * (_is_late(deals) & (deals["region"] == "reg0").to_numpy())
    found = {"segment": ("region", "reg0"), "companion": ("lead_source", "lea0")}
    return _exported(rng, deals, planted, cause="segment", **found)


# ---- drivers


def one_sided_drivers(rng: np.random.Generator, n_deals: int, effect: float = 0.6) -> pd.DataFrame:
    """Lead source lea0 (25% of the deals) hurts and industry ind0 (20%) helps by `effect`."""
    effects = {"lead_source": {"lea0": -effect}, "industry": {"ind0": effect}}
    return _exported(rng, _drawn(rng, n_deals), effects=effects)


def two_sided_drivers(rng: np.random.Generator, n_deals: int, effect: float) -> pd.DataFrame:
    """In two features one level helps and another hurts by `effect`; the others are average."""
    effects = {
        "industry": {"ind0": effect, "ind1": -effect},
        "lead_source": {"lea0": effect, "lea1": -effect},
    }
    return _exported(rng, _drawn(rng, n_deals), effects=effects)


def never_wins(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """Lead source lea3, with 5% of the deals, never wins."""
    deals = _drawn(rng, n_deals)
    deals["lead_source"] = _levels(rng, "lead_source", n_deals, [*[0.95 / 3] * 3, 0.05])
    return _exported(rng, deals, effects={"lead_source": {"lea3": -np.inf}})


# ---- time


def one_year_export(rng: np.random.Generator, n_deals: int, gamma: float = 0.8) -> pd.DataFrame:
    """Deals created in twelve months, where slow ones lose more; nothing depends on the date.

    gamma: the log-odds fall by gamma * log(cycle / median).
    """
    return _exported(rng, _drawn(rng, n_deals, months=12), gamma=gamma)


def season(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """Three years; of the deals that close in a fourth quarter 6 points more are won."""
    deals = _drawn(rng, n_deals, months=36)
    in_season = _close_date(deals).dt.quarter.eq(4).to_numpy()
    return _exported(rng, deals, in_season * (logit(WIN_RATE + 0.06) - logit(WIN_RATE)))


def trend_with_growing_source(rng: np.random.Generator, n_deals: int) -> pd.DataFrame:
    """Deals created in the second year: 38% won instead of 50%, 40% from lea0 instead of 10%.

    The source has no effect.
    """
    deals = _drawn(rng, n_deals)
    is_second = (deals["created_date"] > AS_OF_DATE - pd.DateOffset(years=1)).to_numpy()
    others = _levels(rng, "lead_source", n_deals, [0, 1 / 3, 1 / 3, 1 / 3])
    grown = rng.random(n_deals) < np.where(is_second, 0.4, 0.1)
    deals["lead_source"] = np.where(grown, "lea0", others)
    fall = is_second * (logit(0.38) - logit(0.5))
    return _exported(rng, deals, fall, win_rate=0.5, cause="all")


# ---- the sample


def sample(seed: int = SEED) -> pd.DataFrame:
    """The sample export, or one drawn with another seed; it has no accounts."""
    text = generate_deals(seed)
    dates = ["created_date", "closed_date"]
    numbers = ["deal_amount", "sales_cycle_days"]
    deals = text.assign(
        account_id=pd.Series(pd.NA, index=text.index, dtype="string"),
        is_won=text["outcome"].map({"Won": 1, "Lost": 0}).astype("Int64"),
        **{name: pd.to_datetime(text[name]) for name in dates},
        **{name: pd.to_numeric(text[name]).astype("Float64").astype(float) for name in numbers},
    )[COLUMNS]
    deals.attrs = {"as_of_date": AS_OF_DATE, "truth": {}}
    return deals


# ---- what the generators share


def _drawn(rng: np.random.Generator, n_deals: int, months: int = 24) -> pd.DataFrame:
    """Deals created in the months up to the as-of date, with the whole cycle of each.

    All columns are independent of each other, and all levels of a feature alike.
    """
    start = AS_OF_DATE + pd.Timedelta(days=1) - pd.DateOffset(months=months)
    day = np.sort(rng.integers(0, (AS_OF_DATE - start).days + 1, n_deals))
    cycle = rng.lognormal(np.log(MEDIAN_CYCLE_DAYS), CYCLE_SPREAD, n_deals)
    account = rng.integers(0, max(n_deals // DEALS_PER_ACCOUNT, 1), n_deals)
    return pd.DataFrame(
        {
            "deal_id": [f"D{number:06d}" for number in range(n_deals)],
            "created_date": start + pd.to_timedelta(day, unit="D"),
            "sales_rep_id": [f"rep{rep}" for rep in rng.integers(0, N_REPS, n_deals)],
            "account_id": [f"acc{number}" for number in account],
            **{feature: _levels(rng, feature, n_deals) for feature in LEVELS},
            "deal_amount": np.rint(rng.lognormal(np.log(MEDIAN_AMOUNT), AMOUNT_SPREAD, n_deals)),
            "sales_cycle_days": np.ceil(cycle),
        }
    )


def _levels(
    rng: np.random.Generator, feature: str, size: int, shares: Sequence[float] | None = None
) -> np.ndarray:
    return rng.choice(np.array(LEVELS[feature], dtype=object), size, p=shares)


def _first_has(share: float, n_levels: int) -> list[float]:
    return [share, *[(1 - share) / (n_levels - 1)] * (n_levels - 1)]


def _close_date(deals: pd.DataFrame) -> pd.Series:
    """When each deal closes, before or after the as-of date."""
    return deals["created_date"] + pd.to_timedelta(deals["sales_cycle_days"], unit="D")


def _is_closed(deals: pd.DataFrame) -> pd.Series:
    return _close_date(deals) <= AS_OF_DATE


def _is_late(deals: pd.DataFrame) -> np.ndarray:
    return (_close_date(deals) >= DECLINE_START).to_numpy()


def _exported(
    rng: np.random.Generator,
    deals: pd.DataFrame,
    log_odds: np.ndarray | float = 0.0,
    effects: Effects | None = None,
    *,
    win_rate: float = WIN_RATE,
    gamma: float = 0.0,
    **truth: object,
) -> pd.DataFrame:
    """Draw the outcomes.

    log_odds: what is added to those of `win_rate`, beside `effects` and `gamma`.
    truth: further keys of the truth.
    """
    effects = effects or {}
    base = logit(win_rate) + log_odds
    base = base - gamma * np.log(deals["sales_cycle_days"].to_numpy() / MEDIAN_CYCLE_DAYS)
    planted = {
        feature: deals[feature].map(by_level).fillna(0.0).to_numpy(float)
        for feature, by_level in effects.items()
    }
    probability = expit(base + sum(planted.values()))
    is_won = rng.random(len(deals)) < probability
    is_closed = _is_closed(deals).to_numpy()
    true_effect_pp = {}
    for feature, by_level in effects.items():
        others = base + sum(each for name, each in planted.items() if name != feature)
        for level in LEVELS[feature]:
            difference = expit(others + by_level.get(level, 0.0)) - probability
            true_effect_pp[feature, level] = 100 * difference[is_closed].mean()
    by_key = {(name, level): each for name, of in effects.items() for level, each in of.items()}
    return _finished(deals, is_won, effects=by_key, true_effect_pp=true_effect_pp, **truth)


def _finished(deals: pd.DataFrame, is_won: np.ndarray, **truth: object) -> pd.DataFrame:
    """The deals as they stand on the as-of date."""
    is_closed = _is_closed(deals)
    deals = deals.assign(
        closed_date=_close_date(deals).where(is_closed),
        sales_cycle_days=deals["sales_cycle_days"].where(is_closed),
        is_won=pd.Series(is_won, index=deals.index).astype("Int64").where(is_closed),
    )[COLUMNS]
    truth = {"effects": {}, "true_effect_pp": {}, "cause": None} | truth
    deals.attrs = {"as_of_date": AS_OF_DATE, "truth": truth}
    return deals
