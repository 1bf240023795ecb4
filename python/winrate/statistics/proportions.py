"""Comparing win rates: the difference of two proportions, and each group against the rest."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from winrate.statistics.claims import ClaimRules, evidence, fewest_outcomes, q_values

Z_95 = stats.norm.ppf(0.975)  # half the width of a 95% interval, in standard errors
Z_ONE_SIDED = stats.norm.ppf(0.95)  # standard errors of a one-sided test at 5%


def interval_of_share(estimate: float, variance: float, n_deals: float) -> tuple[float, float]:
    """The 95% Wilson interval of a share, on the number of deals that gives its variance.

    n_deals: at most so many; of an estimate of 0 or 1, whose variance says nothing, so many.
    """
    if 0 < estimate < 1 and variance > 0:
        n_deals = min(n_deals, estimate * (1 - estimate) / variance)
    return proportion_confint(estimate * n_deals, n_deals, method="wilson")


def rate_difference(
    n_won: pd.Series, n_deals: pd.Series, n_won_other: pd.Series, n_deals_other: pd.Series
) -> pd.DataFrame:
    """Win rate less another win rate, row by row, with a 95% interval and a p-value.

    Counts, one row per comparison, on one index. Returns `difference`, `low`, `high` (shares,
    not points) and `p_value`; all null where a side has no deals, and no p-value where both
    rates are 0 or both are 1. The interval is Newcombe's hybrid score interval (1998, method
    10), the test the two-sided score test (Pearson's chi-squared).
    """
    index = n_won.index
    won, deals, won_other, deals_other = (
        counts.astype(float).where((n_deals > 0) & (n_deals_other > 0))
        for counts in (n_won, n_deals, n_won_other, n_deals_other)
    )
    difference = won / deals - won_other / deals_other
    with np.errstate(divide="ignore", invalid="ignore"):  # a side without deals gives null
        low, high = confint_proportions_2indep(
            *(counts.to_numpy() for counts in (won, deals, won_other, deals_other)),
            method="newcomb",
        )
    pooled = (won + won_other) / (deals + deals_other)
    error = np.sqrt(pooled * (1 - pooled) * (1 / deals + 1 / deals_other))
    p_value = 2 * stats.norm.sf(np.abs(difference / error.where(error > 0)))
    return pd.DataFrame(
        {"difference": difference, "low": low, "high": high, "p_value": p_value}, index=index
    )


def widened(test: pd.DataFrame, design_effect: pd.Series) -> pd.DataFrame:
    """The result of `rate_difference` for a variance so many times that of independent deals."""
    spread = np.sqrt(design_effect)
    bounds = {
        end: (test["difference"] + spread * (test[end] - test["difference"])).clip(-1, 1)
        for end in ("low", "high")
    }
    p_value = 2 * stats.norm.sf(stats.norm.isf(test["p_value"] / 2) / spread)
    return test.assign(**bounds, p_value=p_value)


def detectable_drop(rate: float, n_deals: float, n_deals_other: float, level: float) -> float:
    """The smallest drop from `rate` that these counts detect with 80% power at this level.

    A share, not points; all of `rate` where even a drop to zero may go undetected. Two-sided test
    of two proportions by the arcsine effect size (Cohen 1988, chapter 6).
    """
    if not (n_deals and n_deals_other and level) or np.isnan(rate):
        return float("nan")
    effect_size = NormalIndPower().solve_power(
        nobs1=n_deals, ratio=n_deals_other / n_deals, alpha=level, power=0.8
    )
    angle = np.arcsin(np.sqrt(rate)) - effect_size / 2
    return float(rate - np.sin(max(angle, 0.0)) ** 2)


def compare_with_rest(
    groups: pd.DataFrame,
    event: str,
    rate: str,
    rules: ClaimRules,
    is_tested: pd.Series | None = None,
    is_missing: pd.Series | None = None,
) -> pd.DataFrame:
    """Each group's rate of an event against that of all other groups together.

    groups: one row per group, with the counts `n_deals` (closed deals), `n_won`, and `event`, the
        name of the column that counts the event: `n_won` or `n_lost`.
    rate: the name of the rate in the result, such as `win_rate`.
    is_tested: per row, whether it is tested; a row that is not has no p-value and no claim, and
        does not count in the false discovery rate. By default all rows are tested.
    is_missing: per row, whether it is no group, but the deals of which the group is not known: it
        has a rate and no comparison, and is not among the others of any group. By default, none is.
    Returns one row per group, in the same order, with `<rate>` and its 95% Wilson interval
    `<rate>_low`, `<rate>_high`, `<rate>_elsewhere` (shares), `difference_pp` with
    `difference_pp_low` and `_high` (points), `p_value`, `q_value` over all groups and `evidence`
    ('higher', 'lower', 'inconclusive', 'too few deals'). No claim is made on a group where it or
    the rest has fewer than `min_deals_per_level` deals, nor on any where all have fewer than
    `min_outcomes` won or lost deals.
    """
    n_deals, n_events = groups["n_deals"], groups[event]
    is_group = pd.Series(True, groups.index) if is_missing is None else ~is_missing
    n_rest, rest_events = (
        (counts[is_group].sum() - counts).where(is_group) for counts in (n_deals, n_events)
    )
    low, high = proportion_confint(n_events, n_deals, method="wilson")
    test = rate_difference(n_events, n_deals, rest_events, n_rest)
    if is_tested is not None:
        test["p_value"] = test["p_value"].where(is_tested)
    table = pd.DataFrame(
        {
            rate: n_events / n_deals,
            f"{rate}_low": low,
            f"{rate}_high": high,
            f"{rate}_elsewhere": rest_events / n_rest.where(n_rest > 0),
            "difference_pp": 100 * test["difference"],
            "difference_pp_low": 100 * test["low"],
            "difference_pp_high": 100 * test["high"],
            "p_value": test["p_value"],
            "q_value": q_values(test["p_value"]),
        },
        index=groups.index,
    )
    table["evidence"] = evidence(
        table["difference_pp"],
        table["q_value"],
        too_few=(np.minimum(n_deals, n_rest) < rules.min_deals_per_level)
        | (fewest_outcomes(groups[is_group]) < rules.min_outcomes),
        names=("higher", "lower"),
        max_q_value=rules.max_q_value,
    )
    return table
