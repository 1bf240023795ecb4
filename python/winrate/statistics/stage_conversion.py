"""What becomes of the deals that enter a stage: they go on, go back, are lost or are still there.

Both functions look at the first stay of a deal in a stage. Deals that are still there are censored,
and the ways to leave a stage are competing risks.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    holm_in_two_parts,
    typed,
)
from winrate.statistics.clustering import score_design_effect
from winrate.statistics.proportions import Z_95, rate_difference, widened

ALL = "all"  # the feature, and the level, of all deals
REP = "sales_rep_id"
WON, LOST = "Won", "Lost"
WENT_ON, WENT_BACK, WAS_LOST, STILL_THERE = "went_on", "went_back", "lost", "still_there"
WAYS = (WENT_ON, WENT_BACK, WAS_LOST)  # to leave a stage
SHARES = (*WAYS, STILL_THERE)
MIN_EXPECTED = 10  # deals that go on, and that do not, in each group of a comparison

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

ROW = ["comparison", "feature", "level", "deal_stage"]
NAMES = ["is_primary", "before_name", "after_name", "horizon_days"]
WINDOW_TOTALS = [*ROW, *NAMES, "left_for", "n_before", "n_after"]
CHANGE_TYPES = {
    **dict.fromkeys(ROW, "str"),
    **{f"n_entered_{window}": "int64" for window in ("before", "after")},
    **{f"went_on_rate_{window}": "float64" for window in ("before", "after")},
    **{f"lost_rate_{window}": "float64" for window in ("before", "after")},
    **{f"change_pp{end}": "float64" for end in ("", "_low", "_high")},
    **{f"relative_change_pp{end}": "float64" for end in ("", "_low", "_high")},
    **dict.fromkeys(["design_effect", "p_value", "q_value"], "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because", "statement"], "str"),
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
    order = stage_order(_of_all(exits))
    effects = _rep_effects(by_rep.assign(way=_ways(by_rep, order)))
    exits = exits.assign(way=_ways(exits, order))
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


def stage_changes(
    totals: pd.DataFrame, exits: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Change of the share of deals that went on from a stage between two windows.

    totals: one row per `comparison`, `feature`, `level`, `deal_stage` and `left_for` within the
        days (null: still there), with `is_primary`, `before_name`, `after_name`, `horizon_days` and
        the counts `n_before` and `n_after` of deals that entered the stage in each window. Feature
        `sales_rep_id` has the reps.
    exits: as for `stage_conversion`, for the order of the stages.
    features: those whose levels are tested; of the reps, only how alike their deals are is used.
    Returns one row per comparison, feature, level and stage, sorted, with `went_on_rate_before` and
    `_after` (shares), `change_pp` with its 95% interval (Newcombe) and, of a level,
    `relative_change_pp`: its change less that of the other deals. A test is of the change for all
    deals, and of the relative change for a level. `evidence` is 'rose', 'fell', 'rose more' or
    'fell more' (than other deals), 'inconclusive' or 'too few deals'. Half of the error is for all
    deals in the primary comparison, the rest for all other rows (Holm 1979). Variances are
    multiplied by the design effect of reps, who differ in what they enter (Liang and Zeger 1986).
    """
    order = stage_order(_of_all(exits))
    table = _window_rates(totals.assign(way=_ways(totals, order)))
    effects = _change_effects(table[table["feature"] == REP])
    table = table[table["feature"].isin([ALL, *features])].reset_index(drop=True)
    keys = zip(table["comparison"], table["deal_stage"], strict=True)
    table["design_effect"] = [effects.get(key, 1.0) for key in keys]

    change = widened(rate_difference(*_counts(table)), table["design_effect"])
    for name, end in (("difference", ""), ("low", "_low"), ("high", "_high")):
        table[f"change_pp{end}"] = 100 * change[name]
    others = _others(table)
    relative = _difference_of_changes(table, others)
    is_all = table["feature"] == ALL
    for name, end in (("difference", ""), ("low", "_low"), ("high", "_high")):
        table[f"relative_change_pp{end}"] = (100 * relative[name]).mask(is_all)

    too_few = _is_too_few(table, rules) | (~is_all & _is_too_few(others, rules))
    p_value = change["p_value"].where(is_all, relative["p_value"])
    table["p_value"] = p_value.mask(too_few)
    is_first = is_all & table["is_primary"].astype(bool)
    table["q_value"] = holm_in_two_parts(table["p_value"], is_first)
    tested = table["change_pp"].where(is_all, table["relative_change_pp"])
    is_small = tested.abs() < rules.min_effect_pp
    claims = [
        evidence(tested, table["q_value"].mask(is_small), too_few, names, rules.max_other_q_value)
        for names in (("rose", "fell"), ("rose more", "fell more"))
    ]
    table["evidence"] = claims[0].where(is_all, claims[1])
    ends = [
        table[f"change_pp_{end}"].where(is_all, table[f"relative_change_pp_{end}"])
        for end in ("low", "high")
    ]
    is_significant = is_small & (table["q_value"] < rules.max_other_q_value)
    table["inconclusive_because"] = explained(
        *ends,
        table["evidence"] != INCONCLUSIVE,
        np.where(is_significant, TOO_SMALL, chance_among(table["p_value"].count(), "stage")),
    )
    table["statement"] = [_statement(row) for row in table.itertuples()]
    return typed(table, CHANGE_TYPES)


# ---- which way deals left a stage


def _of_all(exits: pd.DataFrame) -> pd.DataFrame:
    return exits[exits["feature"] == ALL]


def _ways(table: pd.DataFrame, order: Mapping[str, int]) -> pd.Series:
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
        interval = _interval(estimate, variance * design_effect, row["n_entered"] / design_effect)
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


def _interval(estimate: float, variance: float, n_deals: float) -> tuple[float, float]:
    """The 95% Wilson interval of a share, on the number of deals that gives its variance."""
    if 0 < estimate < 1 and variance > 0:
        n_deals = min(n_deals, estimate * (1 - estimate) / variance)
    return proportion_confint(estimate * n_deals, n_deals, method="wilson")


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


# ---- changes between two windows


def _window_rates(totals: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison, feature, level and stage: counts and shares of both windows."""
    keys = [*ROW, *NAMES]
    table = totals.groupby(keys)[["n_before", "n_after"]].sum()
    table = table.rename(columns=lambda name: name.replace("n_", "n_entered_"))
    for way, name in ((WENT_ON, "n_went_on"), (WAS_LOST, "n_lost")):
        of_way = totals[totals["way"] == way].groupby(keys)[["n_before", "n_after"]].sum()
        of_way = of_way.reindex(table.index, fill_value=0)
        for window in ("before", "after"):
            table[f"{name}_{window}"] = of_way[f"n_{window}"]
    for window in ("before", "after"):
        n_entered = table[f"n_entered_{window}"]
        for name in ("went_on", "lost"):
            rate = table[f"n_{name}_{window}"] / n_entered.where(n_entered > 0)
            table[f"{name}_rate_{window}"] = rate
    return table.reset_index()


def _counts(table: pd.DataFrame) -> list[pd.Series]:
    names = ["n_went_on_after", "n_entered_after", "n_went_on_before", "n_entered_before"]
    return [table[name] for name in names]


def _others(table: pd.DataFrame) -> pd.DataFrame:
    """The counts of all other deals of the same comparison and stage, row by row."""
    names = [each.name for each in _counts(table)]
    keys = ["comparison", "deal_stage"]
    of_all = table[table["feature"] == ALL].set_index(keys)[names]
    rows = of_all.reindex(pd.MultiIndex.from_frame(table[keys])).set_axis(table.index)
    return rows - table[names]


def _difference_of_changes(table: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Change of a level less that of the other deals: `difference`, `low`, `high`, `p_value`."""
    variance, difference = 0.0, 0.0
    for sign, counts in ((1, table), (-1, others)):
        for window, of_window in (("after", 1), ("before", -1)):
            n_entered = counts[f"n_entered_{window}"]
            # Agresti and Caffo (2000): two more deals, so that a share of 0 or 1 has a variance.
            rate = (counts[f"n_went_on_{window}"] + 1) / (n_entered + 2)
            variance = variance + rate * (1 - rate) / (n_entered + 2)
            share = counts[f"n_went_on_{window}"] / n_entered.where(n_entered > 0)
            difference = difference + sign * of_window * share
    error = np.sqrt(variance * table["design_effect"])
    return pd.DataFrame(
        {
            "difference": difference,
            "low": difference - Z_95 * error,
            "high": difference + Z_95 * error,
            "p_value": 2 * stats.norm.sf((difference / error).abs()),
        },
        index=table.index,
    )


def _is_too_few(table: pd.DataFrame, rules: ClaimRules) -> pd.Series:
    """Whether a window has too few deals that entered, went on or did not."""
    went_on = table["n_went_on_before"] + table["n_went_on_after"]
    entered = table["n_entered_before"] + table["n_entered_after"]
    fewest = table[["n_entered_before", "n_entered_after"]].min(axis=1)
    n_rarer = np.minimum(went_on, entered - went_on)
    return (fewest < rules.min_outcomes) | (n_rarer * fewest < MIN_EXPECTED * entered)


def _change_effects(by_rep: pd.DataFrame) -> dict[tuple[str, str], float]:
    """By which factor reps multiply the variance of a change, per comparison and stage.

    by_rep: the rows of the reps of `_window_rates`.
    """
    effects = {}
    for key, reps in by_rep.groupby(["comparison", "deal_stage"]):
        on_after, entered_after, on_before, entered_before = _counts(reps)
        n_after, n_before = entered_after.sum(), entered_before.sum()
        if min(n_after, n_before) == 0:
            continue
        share = (on_after.sum() + on_before.sum()) / (n_after + n_before)
        score = (on_after - share * entered_after) / n_after
        score = score - (on_before - share * entered_before) / n_before
        of_deals = share * (1 - share) * (1 / n_after + 1 / n_before)
        effects[key] = score_design_effect(score, of_deals)
    return effects


def _statement(row) -> str | None:
    if row.evidence not in ("rose", "fell", "rose more", "fell more"):
        return None
    segment = "" if row.feature == ALL else f"{wording.feature_title(row.feature)} {row.level}: of"
    change = "rise" if row.change_pp > 0 else "fall"
    counts = (
        f"{segment or 'Of'} the {wording.deals(row.n_entered_after)} that entered the stage"
        f" {row.deal_stage} in {row.after_name}, {wording.percent(row.went_on_rate_after)} went on"
        f" within {wording.deals(row.horizon_days, 'day')}, against"
        f" {wording.percent(row.went_on_rate_before)} of {wording.count(row.n_entered_before)} in"
        f" {row.before_name}: a {change} of {wording.points(row.change_pp)}"
    )
    lost = (
        f"lost within these days: {wording.percent(row.lost_rate_after)} against"
        f" {wording.percent(row.lost_rate_before)}"
    )
    if row.feature == ALL:
        interval = wording.interval(row.change_pp_low, row.change_pp_high)
        return f"{counts}, more than expected by chance ({interval}; {lost})."
    more_or_less = "higher" if row.relative_change_pp > 0 else "lower"
    interval = wording.interval(row.relative_change_pp_low, row.relative_change_pp_high)
    return (
        f"{counts}; {wording.points(row.relative_change_pp)} {more_or_less} than the change of the"
        f" other deals, more than expected by chance ({interval}; {lost})."
    )
