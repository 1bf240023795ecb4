"""Many small groups: how far their win rates differ beyond chance, and each group's expected rate.

A group with few deals has an extreme win rate by chance. Its expected win rate is shrunk to the
mean of all groups, the more so the fewer deals it has and the less the groups differ beyond chance
(Efron and Morris 1975). Where the groups differ no more than expected by chance, every group's
expected win rate is the mean.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from winrate.statistics.claims import typed

SEGMENT_KEYS = ["basis", "quarter", "feature"]
SEGMENT_COLUMNS = [*SEGMENT_KEYS, "level", "n_deals", "n_won"]
SEGMENT_TYPES = {**dict.fromkeys([*SEGMENT_KEYS, "level"], "str"), "shrunk_win_rate": "float64"}


@dataclass(frozen=True)
class Spread:
    """How the win rates of groups are spread.

    mean: won deals over closed deals of all groups together (a share); null without deals.
    between_sd: standard deviation of the groups' win rates, each weighted by its deals.
    chance_sd: the standard deviation expected by chance if all groups had the same rate.
    prior_deals: the weight of `mean` against a group's own deals, in deals (alpha + beta of the
        beta distribution); infinite where `between_sd` is no more than `chance_sd`.
    n_groups: groups with deals.
    """

    mean: float
    between_sd: float
    chance_sd: float
    prior_deals: float
    n_groups: int

    @property
    def is_chance(self) -> bool:
        """Whether the groups differ no more than expected by chance."""
        return bool(np.isinf(self.prior_deals))


def spread_of(n_won: pd.Series, n_deals: pd.Series) -> Spread:
    """The spread of the win rates of groups: a beta-binomial fitted by the method of moments.

    n_won, n_deals: counts, one row per group; groups without deals are left out. The deviations
    are null with fewer than two groups.

    Source: Kleinman (1973), equation 2.2 ff., with each group weighted by its deals.
    """
    n = n_deals[n_deals > 0].to_numpy(float)
    won = n_won[n_deals > 0].to_numpy(float)
    total, n_groups = n.sum(), len(n)
    if n_groups < 2:
        mean = float(won.sum() / total) if n_groups else float("nan")
        return Spread(mean, float("nan"), float("nan"), float("inf"), n_groups)
    mean = won.sum() / total
    variance = mean * (1 - mean)
    squares = float((n * (won / n - mean) ** 2).sum())
    by_chance = variance * (n_groups - 1)
    # The increase of the squares if all deals of a group had the same outcome.
    room = variance * (total - (n**2).sum() / total) - by_chance
    excess = squares - by_chance
    correlation = min(excess / room, 1.0) if excess > 1e-9 and room > 0 else 0.0
    return Spread(
        mean=float(mean),
        between_sd=float(np.sqrt(squares / total * n_groups / (n_groups - 1))),
        chance_sd=float(np.sqrt(variance * n_groups / total)),
        prior_deals=float(1 / correlation - 1) if correlation > 0 else float("inf"),
        n_groups=n_groups,
    )


def shrunk_rate(n_won: pd.Series, n_deals: pd.Series, spread: Spread) -> pd.Series:
    """The expected win rate of each group: the mean of its beta distribution, given its deals.

    Lies between the group's own win rate and the mean; is the mean for a group without deals.
    """
    if spread.is_chance:
        return pd.Series(spread.mean, index=n_deals.index, dtype=float)
    own_and_prior = n_deals + spread.prior_deals
    shrunk = (n_won + spread.prior_deals * spread.mean) / own_and_prior.where(own_and_prior > 0)
    return shrunk.fillna(spread.mean)


def funnel_limits(rate: float, n_deals: pd.Series, coverage: float) -> pd.DataFrame:
    """The limits between which the win rate of a group lies by chance: `low`, `high`.

    rate: the win rate of all groups; coverage: the share of such groups between the limits.
    Null for a group without deals.

    Source: Spiegelhalter (2005), appendix A.1.1: exact binomial limits, interpolated so that
    they do not jump from one number of deals to the next.
    """
    n = n_deals.where(n_deals > 0).to_numpy(float)
    tail = (1 - coverage) / 2
    limits = {}
    for name, probability in [("low", tail), ("high", 1 - tail)]:
        n_won = stats.binom.ppf(probability, n, rate)
        mass = stats.binom.pmf(n_won, n, rate)
        beyond = (stats.binom.cdf(n_won, n, rate) - probability) / mass
        # With a rate of 0 or 1 there is one outcome, and nothing to interpolate.
        limits[name] = np.clip((n_won - beyond) / n, 0, 1) if 0 < rate < 1 else rate + 0 * n
    return pd.DataFrame(limits, index=n_deals.index)


def win_rate_by_segment(counts: pd.DataFrame) -> pd.DataFrame:
    """Each level's win rate per quarter, shrunk to the mean of that quarter and feature.

    counts: one row per basis, quarter (text such as '2026 Q1'), feature and level, with `n_deals`
        and `n_won`.
    Returns one row per row, sorted, with its keys and `shrunk_win_rate` (a share).
    """
    table = counts.sort_values([*SEGMENT_KEYS, "level"]).reset_index(drop=True)
    table["shrunk_win_rate"] = np.nan
    for rows in table.groupby(SEGMENT_KEYS).indices.values():
        n_won, n_deals = table.loc[rows, "n_won"], table.loc[rows, "n_deals"]
        shrunk = shrunk_rate(n_won, n_deals, spread_of(n_won, n_deals))
        table.loc[rows, "shrunk_win_rate"] = shrunk
    return typed(table, SEGMENT_TYPES)
