"""What becomes of the deals that enter a stage: they go on, go back, are lost or are still there.

A deal counts by its first stay in a stage. Deals that are still there are censored, and the ways to
leave a stage are competing risks.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from winrate.statistics.claims import typed
from winrate.statistics.clustering import score_design_effect
from winrate.statistics.proportions import Z_95, interval_of_share

ALL = "all"  # the feature, and the level, of all deals
REP = "sales_rep_id"
WON, LOST = "Won", "Lost"
WENT_ON, WENT_BACK, WAS_LOST, STILL_THERE = "went_on", "went_back", "lost", "still_there"
WAYS = (WENT_ON, WENT_BACK, WAS_LOST)  # to leave a stage
SHARES = (*WAYS, STILL_THERE)

GROUP = ["feature", "level", "quarter_start"]
EXITS = [*GROUP, "deal_stage", "left_for", "days_in_stage", "n_deals"]
CONVERSION_TYPES = {
    "feature": "str",
    "level": "str",
    "quarter_start": "datetime64[us]",
    "deal_stage": "str",
    "stage_order": "int64",
    "n_entered": "int64",
    **{f"n_{share}": "int64" for share in SHARES},
    **{f"{share}_rate{end}": "float64" for share in SHARES for end in ("", "_low", "_high")},
    **{f"median_days{end}": "float64" for end in ("", "_low", "_high")},
}


def stage_order(moves: pd.DataFrame) -> dict[str, int]:
    """The place of each stage in the funnel, from 1 on: few moves lead back.

    moves: one row per `deal_stage` and `left_for` (a stage, 'Won', 'Lost' or null), with `n_deals`.

    Source: the greedy order of Eades, Lin and Smyth (1993), A fast and effective heuristic for the
    feedback arc set problem: the stage from which most moves lead away, less those that lead to it,
    comes next.
    """
    stages = sorted(set(moves["deal_stage"]))
    table = moves.pivot_table(
        index="deal_stage", columns="left_for", values="n_deals", aggfunc="sum", fill_value=0
    ).reindex(index=stages, columns=stages, fill_value=0)
    order: list[str] = []
    while stages:
        among = table.loc[stages, stages].to_numpy()
        surplus = among.sum(axis=1) - among.sum(axis=0)
        order.append(stages.pop(int(np.argmax(surplus))))
    return {stage: place for place, stage in enumerate(order, 1)}


def stage_conversion(exits: pd.DataFrame, by_rep: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """What became of the deals that entered each stage, within `horizon_days`.

    exits: one row per `feature` and `level` (both 'all' for all deals), `quarter_start` of the
        entry (of all deals only), `deal_stage`, `left_for` (null: still there) and
        `days_in_stage`, with `n_deals`.
    by_rep: one row per `sales_rep_id`, `deal_stage` and `left_for` within the days, with `n_deals`.
    Returns one row per stage and group: all deals, those of each quarter, and those of each level.
    `n_...` are counts up to now; `..._rate` shares after `horizon_days`, with 95% intervals: the
    cumulative incidence of each way to leave the stage, and the share that is still there (Aalen
    and Johansen 1978, Kaplan and Meier 1958). A rate is null where no deal could be followed for
    so long. `median_days` is the time within which half of the deals have left (Kaplan-Meier; null
    where fewer have). Intervals of shares are Wilson's, on as many deals as would give the same
    variance (Korn and Graubard 1998); the variance is multiplied by the design effect of reps.
    """
    order = stage_order(of_all(exits))
    effects = _rep_effects(by_rep.assign(way=ways(by_rep, order)))
    exits = exits.assign(way=ways(exits, order))
    whole = exits[exits["feature"] == ALL].assign(quarter_start=pd.NaT)
    rows = [
        {
            **dict(zip([*GROUP, "deal_stage"], key, strict=True)),
            "stage_order": order[key[-1]],
            **_conversion(group, horizon_days, effects.get(key[-1], 1.0)),
        }
        for key, group in pd.concat([whole, exits]).groupby([*GROUP, "deal_stage"], dropna=False)
    ]
    return typed(pd.DataFrame(rows, columns=list(CONVERSION_TYPES)), CONVERSION_TYPES)


# ---- which way deals left a stage


def of_all(exits: pd.DataFrame) -> pd.DataFrame:
    """The rows of all deals together."""
    return exits[exits["feature"] == ALL]


def ways(table: pd.DataFrame, order: Mapping[str, int]) -> pd.Series:
    """One of `WAYS` per row, or 'still_there'; a stage that no deal has left comes last."""
    here = table["deal_stage"].map(order)
    there = table["left_for"].map(order).fillna(len(order) + 1)
    way = pd.Series(np.where(there > here, WENT_ON, WENT_BACK), index=table.index)
    way = way.mask(table["left_for"] == LOST, WAS_LOST)
    return way.mask(table["left_for"].isna(), STILL_THERE)


# ---- shares after so many days


def _conversion(exits: pd.DataFrame, horizon_days: int, design_effect: float) -> dict[str, float]:
    """The columns of `stage_conversion` for one group and stage."""
    n_by_way = exits.groupby("way")["n_deals"].sum()
    curves = _curves(exits)
    followed = exits["days_in_stage"].max() >= horizon_days
    row = {"n_entered": exits["n_deals"].sum()}
    row |= {f"n_{share}": n_by_way.get(share, 0) for share in SHARES}
    for share in SHARES:
        estimate, variance = curves.at(share, horizon_days)
        interval = interval_of_share(
            estimate, variance * design_effect, row["n_entered"] / design_effect
        )
        for end, value in zip(("", "_low", "_high"), (estimate, *interval), strict=True):
            row[f"{share}_rate{end}"] = value if followed else np.nan
    row |= dict(
        zip(
            ["median_days", "median_days_low", "median_days_high"],
            curves.median_days(design_effect),
            strict=True,
        )
    )
    return row


class _Curves(NamedTuple):
    """Shares of the deals of one stage by days since they entered it, with their variances.

    days: ascending. Every other field has one value per day: `at_risk` deals at its start, `left`
    on it by way, and the share that is `still_there` after it.
    """

    days: np.ndarray
    at_risk: np.ndarray
    left: dict[str, np.ndarray]
    still_there: np.ndarray

    def at(self, share: str, day: int) -> tuple[float, float]:
        """A share on a day and its variance.

        Source: Greenwood (1926) for those still there; for a way to leave, the delta method of
        Gaynor et al. (1993).
        """
        until = self.days <= day
        at_risk = self.at_risk[until].astype(float)
        left = sum(self.left.values())[until]
        after = self.still_there[until]
        before = np.concatenate([[1.0], after[:-1]]) if len(after) else after
        with np.errstate(divide="ignore", invalid="ignore"):
            hazard_variance = np.where(at_risk > left, left / (at_risk * (at_risk - left)), 0.0)
        if share == STILL_THERE:
            survival = after[-1] if len(after) else 1.0
            return survival, survival**2 * hazard_variance.sum()
        left_so = self.left[share][until]
        incidence = np.cumsum(before * left_so / at_risk)
        total = incidence[-1] if len(incidence) else 0.0
        remaining = total - incidence
        variance = (
            remaining**2 * hazard_variance
            + before**2 * left_so * (at_risk - left_so) / at_risk**3
            - 2 * remaining * before * left_so / at_risk**2
        ).sum()
        return total, max(variance, 0.0)

    def median_days(self, design_effect: float) -> tuple[float, float, float]:
        """The day by which half of the deals have left the stage, with its 95% interval.

        Source of the interval: Brookmeyer and Crowley (1982), on the scale of the logarithm.
        """
        left = sum(self.left.values())
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(
                self.at_risk > left, left / (self.at_risk * (self.at_risk - left)), 0.0
            )
            error = Z_95 * np.sqrt(design_effect * np.cumsum(terms))
        bands = (
            self.still_there,
            self.still_there * np.exp(-error),
            np.minimum(self.still_there * np.exp(error), 1.0),
        )
        return tuple(self._first_day(band) for band in bands)

    def _first_day(self, share: np.ndarray) -> float:
        below = np.flatnonzero(share <= 0.5)
        return float(self.days[below[0]]) if len(below) else np.nan


def _curves(exits: pd.DataFrame) -> _Curves:
    counts = exits.pivot_table(
        index="days_in_stage", columns="way", values="n_deals", aggfunc="sum", fill_value=0
    ).reindex(columns=list(SHARES), fill_value=0)
    n_deals = counts.to_numpy().sum(axis=1)
    at_risk = n_deals[::-1].cumsum()[::-1]
    left = {way: counts[way].to_numpy() for way in WAYS}
    still_there = np.cumprod(1 - sum(left.values()) / at_risk)
    return _Curves(counts.index.to_numpy(), at_risk, left, still_there)


def _rep_effects(by_rep: pd.DataFrame) -> dict[str, float]:
    """By which factor reps multiply the variance of the share that went on, per stage."""
    effects = {}
    for stage, group in by_rep.groupby("deal_stage"):
        n_deals = group.groupby(REP)["n_deals"].sum()
        n_on = group[group["way"] == WENT_ON].groupby(REP)["n_deals"].sum().reindex(n_deals.index)
        share = n_on.sum() / n_deals.sum()
        effects[stage] = score_design_effect(
            n_on.fillna(0) - share * n_deals, n_deals.sum() * share * (1 - share)
        )
    return effects
