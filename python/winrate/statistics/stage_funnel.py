"""The share of deals that are lost in each stage, against the other stages."""

import numpy as np
import pandas as pd

from winrate.statistics.claims import (
    INCONCLUSIVE,
    MISSING,
    ClaimRules,
    chance_among,
    explained,
    typed,
)
from winrate.statistics.proportions import compare_with_rest

COLUMNS = ["deal_stage", "n_deals", "n_won", "n_lost"]
NUMBERS = [
    *("drop_off_rate", "drop_off_rate_low", "drop_off_rate_high", "drop_off_rate_elsewhere"),
    *("difference_pp", "difference_pp_low", "difference_pp_high", "p_value", "q_value"),
]
TYPES = {
    "deal_stage": "str",
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because"], "str"),
}


def stage_funnel(stages: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    """Each last stage's drop-off rate against that of all other stages.

    stages: one row per `deal_stage` with `n_deals`, `n_won` and `n_lost` (counts of the closed
        deals whose last stage it was).
    Returns one row per stage: what `compare_with_rest` gives, for the rate of lost deals. A stage
    whose deals were all won or all lost, such as 'Closed Lost', contains the outcome: it is not
    tested and its evidence is 'inconclusive'. Deals without a stage are compared with none.
    """
    is_missing = stages["deal_stage"] == MISSING
    with np.errstate(divide="ignore", invalid="ignore"):  # a stage without closed deals
        contains_outcome = (stages["n_lost"] / stages["n_deals"]).isin([0, 1])
        compared = compare_with_rest(
            stages, "n_lost", "drop_off_rate", rules, ~contains_outcome, is_missing
        )
    # More deals would not change that, so the evidence is not 'too few deals' either.
    compared.loc[contains_outcome, "evidence"] = INCONCLUSIVE
    by_chance = chance_among(compared["p_value"].count(), "stage")
    compared["inconclusive_because"] = explained(
        compared["difference_pp_low"],
        compared["difference_pp_high"],
        compared["evidence"] != INCONCLUSIVE,
        np.where(contains_outcome, "all of its deals have one outcome", by_chance),
    )
    return typed(compared.assign(deal_stage=stages["deal_stage"]), TYPES)
