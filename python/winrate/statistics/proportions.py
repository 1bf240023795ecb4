"""Comparing win rates: differences of two proportions, and many of them at once."""

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

Z_95 = stats.norm.ppf(0.975)  # half the width of a 95% interval, in standard errors


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


def exact_p_value(
    n_won: pd.Series, n_deals: pd.Series, n_won_other: pd.Series, n_deals_other: pd.Series
) -> pd.Series:
    """Fisher's exact test of equal win rates, row by row, for where many small groups are tested.

    Twice the smaller tail (the central test of Fay 2010); null where a side has no deals. The
    score test is off in the far tails, where a correction for many tests looks.
    """
    tails = stats.hypergeom(n_deals + n_deals_other, n_won + n_won_other, n_deals)
    p_value = np.minimum(2 * np.minimum(tails.cdf(n_won), tails.sf(n_won - 1)), 1.0)
    has_both = (n_deals > 0) & (n_deals_other > 0)
    return pd.Series(p_value, index=n_won.index, dtype=float).where(has_both)


def q_values(p_values: pd.Series) -> pd.Series:
    """False discovery rates over all p-values that are there (Benjamini and Hochberg 1995)."""
    q = pd.Series(np.nan, index=p_values.index)
    tested = p_values.notna()
    if tested.any():
        q[tested] = multipletests(p_values[tested], method="fdr_bh")[1]
    return q


def detectable_drop(rate: float, n_deals: float, n_deals_other: float) -> float:
    """The smallest drop from `rate` that these counts show with 80% power at 5%.

    A share, not points; all of `rate` where even a drop to zero could be missed. Two-sided test
    of two proportions by the arcsine effect size (Cohen 1988, chapter 6).
    """
    if not (n_deals and n_deals_other) or np.isnan(rate):
        return float("nan")
    effect_size = NormalIndPower().solve_power(
        nobs1=n_deals, ratio=n_deals_other / n_deals, alpha=0.05, power=0.8
    )
    angle = np.arcsin(np.sqrt(rate)) - effect_size / 2
    return float(rate - np.sin(max(angle, 0.0)) ** 2)


def compare_with_rest(
    groups: pd.DataFrame, min_deals: int = 30, min_outcomes: int = 40, max_q_value: float = 0.05
) -> pd.DataFrame:
    """Each group's rate against that of all other groups together.

    groups: one row per group, with the counts `n_deals` and `n_hits`. Nothing is said of a group
        with fewer than `min_deals` deals, on either side, nor of any where all groups together
        have fewer than `min_outcomes` hits or misses.
    Returns the rows with `rate` and its Wilson interval `rate_low`, `rate_high`, `rest_rate`,
    `difference_pp` with `difference_pp_low` and `_high`, `p_value`, `q_value` over all groups,
    and `evidence` ('higher', 'lower', 'inconclusive', 'too few deals').
    """
    table = groups.reset_index(drop=True).copy()
    n_rest = table["n_deals"].sum() - table["n_deals"]
    rest_hits = table["n_hits"].sum() - table["n_hits"]
    n_fewest = min(table["n_hits"].sum(), (table["n_deals"] - table["n_hits"]).sum())
    table["rate"] = table["n_hits"] / table["n_deals"]
    low, high = proportion_confint(table["n_hits"], table["n_deals"], method="wilson")
    table["rate_low"], table["rate_high"] = low, high
    table["rest_rate"] = rest_hits / n_rest.where(n_rest > 0)
    test = rate_difference(table["n_hits"], table["n_deals"], rest_hits, n_rest)
    table["difference_pp"] = 100 * test["difference"]
    table["difference_pp_low"] = 100 * test["low"]
    table["difference_pp_high"] = 100 * test["high"]
    table["p_value"] = test["p_value"]
    table["q_value"] = q_values(table["p_value"])
    table["evidence"] = evidence(
        table["difference_pp"],
        table["q_value"],
        too_few=(np.minimum(table["n_deals"], n_rest) < min_deals) | (n_fewest < min_outcomes),
        names=("higher", "lower"),
        max_q_value=max_q_value,
    )
    return table


def evidence(
    difference: pd.Series,
    q_value: pd.Series,
    too_few: pd.Series,
    names: tuple[str, str],
    max_q_value: float,
) -> pd.Series:
    """What may be said of each difference: one of `names` (up, down), or nothing."""
    verdict = pd.Series("inconclusive", index=difference.index)
    claimed = q_value < max_q_value
    verdict[claimed & (difference > 0)] = names[0]
    verdict[claimed & (difference < 0)] = names[1]
    verdict[too_few] = "too few deals"
    return verdict
