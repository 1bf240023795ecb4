"""How often the amount that open deals bring lies between P10 and P90, in simulated worlds."""

import numpy as np
import pandas as pd

from tools.evidence import lifetimes
from tools.evidence.lifetimes import AS_OF, SETTINGS, World
from tools.evidence.score_studies import BANDS, FEATURES, RULES
from winrate.statistics import forecast, score_models

AMOUNT_SIGMA = 1.2  # of the logarithm of amounts: the largest 10% of deals have half of them
N_OWNERS = 8
DAYS = {"this quarter": 45, "next quarter": 136}
WORLDS = {
    "the outcome does not depend on the cycle": World(),
    "slow deals lose more, median cycle 60 days": World(slow_lose=0.8),
    "slow deals lose more, median cycle 120 days": World(median=120.0, slow_lose=0.8),
    "slow deals win more": World(slow_lose=-0.8),
    "the win rate rises by 0.3 log-odds a year": World(trend=0.3),
}


def tables(deals: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """What a forecast on AS_OF is made from; `deals` has what became of them, too."""
    given = lifetimes.tables(deals, BANDS, past=())
    models = score_models.score_models(
        given["counts"],
        given["targets"].head(0),
        given["outcomes"],
        FEATURES,
        FEATURES,
        SETTINGS,
        RULES,
    )
    open_deals = given["deals"][["score_id", "closed", "is_won"]]
    open_deals = open_deals.assign(
        amount=np.exp(rng.normal(10, AMOUNT_SIGMA, len(open_deals))).round(2),
        owner=[f"rep_{number}" for number in rng.integers(0, N_OWNERS, len(open_deals))],
    )
    dates = given["dates"].assign(
        days_to_quarter_end=DAYS["this quarter"], days_to_next_quarter_end=DAYS["next quarter"]
    )
    return {
        **{"models": models, "counts": given["counts"], "targets": given["targets"]},
        **{"deals": open_deals, "dates": dates},
    }


def of_world(world: World, seed: int) -> pd.DataFrame:
    """One row per horizon and entity: the forecast, the true `won_amount`, and `is_inside`."""
    rng = np.random.default_rng([30, seed])
    given = tables(world.deals(rng), rng)
    found = forecast.forecasts(**given, settings=SETTINGS, entity_types=["owner"]).assign(seed=seed)
    deals = given["deals"]
    won_amount = [
        _won_amount(deals, horizon, None if entity_type == "all" else entity_id)
        for horizon, entity_type, entity_id in zip(
            found["horizon"], found["entity_type"], found["entity_id"], strict=True
        )
    ]
    is_inside = (found["p10_amount"] <= won_amount) & (won_amount <= found["p90_amount"])
    return found.assign(won_amount=won_amount, is_inside=is_inside)


def study(world: World, seed: int) -> dict[str, float]:
    """Whether the amount of all deals is inside, and the share of owners of whom it is, by horizon.

    'expected' is the expected over the true amount of all deals, in the end, less 1.
    """
    found = of_world(world, seed)
    is_all = found["entity_type"] == "all"
    of_all, of_owners = found[is_all].set_index("horizon"), found[~is_all]
    ratio = of_all["expected_amount"] / of_all["won_amount"]
    return {
        **of_all["is_inside"].astype(float),
        **of_owners.groupby("horizon")["is_inside"].mean().add_prefix("owners, "),
        "expected": ratio["in the end"] - 1,
    }


def _won_amount(deals: pd.DataFrame, horizon: str, owner: str | None) -> float:
    """What the open deals of an owner, or of all, really bring within a horizon."""
    is_won = deals["is_won"] & (deals["closed"] <= AS_OF + DAYS.get(horizon, np.inf))
    if owner is not None:
        is_won &= deals["owner"] == owner
    return float(deals.loc[is_won, "amount"].sum())
