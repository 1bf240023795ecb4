"""Many small groups: how far their win rates differ beyond chance, and what to expect of each.

A group with few deals has an extreme win rate by chance. Its expected win rate is drawn to the
mean of all groups, the more so the fewer deals it has and the less the groups differ beyond
chance (Efron and Morris 1975). Where they differ no more than chance makes them, every group
is expected at the mean.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics import proportions
from winrate.statistics.profile_regression import low_evidence

SEGMENT_KEYS = ["basis", "period_start", "feature"]


@dataclass(frozen=True)
class Spread:
    """How the win rates of groups are spread.

    mean: won deals over closed deals of all groups together (a share); null without deals.
    between_sd: standard deviation of the groups' win rates, each weighted by its deals.
    chance_sd: the one that chance alone would give, were all groups alike.
    p_value: Pearson's chi-squared test that all groups have the same win rate; null where no deal
        or every deal was won.
    prior_deals: how many deals of win rate `mean` count beside a group's own (alpha + beta of
        the beta distribution); infinite where `between_sd` is no more than `chance_sd`.
    """

    mean: float
    between_sd: float
    chance_sd: float
    p_value: float
    prior_deals: float

    @property
    def is_chance(self) -> bool:
        """Whether the groups differ no more than chance makes them."""
        return bool(np.isinf(self.prior_deals))


def spread_of(n_won: pd.Series, n_deals: pd.Series) -> Spread:
    """The spread of the win rates of groups: a beta-binomial fitted by the method of moments.

    n_won, n_deals: counts, one row per group; groups without deals are left out. The deviations
    are null with fewer than two groups, which then are taken to be alike.

    Source: Kleinman (1973), equation 2.2 ff., with each group weighted by its deals.
    """
    n = n_deals[n_deals > 0].to_numpy(float)
    won = n_won[n_deals > 0].to_numpy(float)
    total, n_groups = n.sum(), len(n)
    if n_groups < 2:
        mean = float(won.sum() / total) if n_groups else float("nan")
        return Spread(mean, *[float("nan")] * 3, float("inf"))
    mean = won.sum() / total
    variance = mean * (1 - mean)
    squares = float((n * (won / n - mean) ** 2).sum())
    by_chance = variance * (n_groups - 1)
    # What the squares would gain if all deals of a group had the same outcome.
    room = variance * (total - (n**2).sum() / total) - by_chance
    excess = squares - by_chance
    correlation = min(excess / room, 1.0) if excess > 1e-9 and room > 0 else 0.0
    return Spread(
        mean=float(mean),
        between_sd=float(np.sqrt(squares / total * n_groups / (n_groups - 1))),
        chance_sd=float(np.sqrt(variance * n_groups / total)),
        p_value=float(stats.chi2.sf(squares / variance, n_groups - 1))
        if variance
        else float("nan"),
        prior_deals=float(1 / correlation - 1) if correlation > 0 else float("inf"),
    )


def shrunk_rate(n_won: pd.Series, n_deals: pd.Series, spread: Spread) -> pd.Series:
    """The win rate to expect of each group: the mean of its beta distribution, given its deals.

    Lies between the group's own win rate and the mean; is the mean for a group without deals.
    """
    if spread.is_chance:
        return pd.Series(spread.mean, index=n_deals.index, dtype=float)
    own_and_prior = n_deals + spread.prior_deals
    shrunk = (n_won + spread.prior_deals * spread.mean) / own_and_prior.where(own_and_prior > 0)
    return shrunk.fillna(spread.mean)


def funnel_limits(rate: float, n_deals: pd.Series, coverage: float) -> pd.DataFrame:
    """Between which win rates a group with so many deals lies by chance alone: `low`, `high`.

    rate: the win rate of all groups; coverage: the share of such groups between the limits.
    Null for a group without deals.

    Source: Spiegelhalter (2005), appendix A.1.1: exact binomial limits, interpolated so that
    they do not jump from one number of deals to the next.
    """
    n = n_deals.where(n_deals > 0).to_numpy(float)
    tail = (1 - coverage) / 2
    limits = {}
    for name, probability in [("low", tail), ("high", 1 - tail)]:
        hits = stats.binom.ppf(probability, n, rate)
        at_hits = stats.binom.pmf(hits, n, rate)
        beyond = (stats.binom.cdf(hits, n, rate) - probability) / at_hits
        # With a rate of 0 or 1 there is one outcome, and nothing to interpolate.
        limits[name] = np.clip((hits - beyond) / n, 0, 1) if 0 < rate < 1 else rate + 0 * n
    return pd.DataFrame(limits, index=n_deals.index)


def win_rate_by_segment(counts: pd.DataFrame) -> pd.DataFrame:
    """Each level's win rate per quarter, drawn to the mean of that quarter and feature.

    counts: one row per basis, quarter (`period_start`), feature and level, with `n_deals` and
        `n_won`.
    Returns the rows, sorted, with `shrunk_win_rate` (a share).
    """
    table = counts.sort_values([*SEGMENT_KEYS, "level"]).reset_index(drop=True)
    table["shrunk_win_rate"] = np.nan
    for rows in table.groupby(SEGMENT_KEYS).indices.values():
        n_won, n_deals = table.loc[rows, "n_won"], table.loc[rows, "n_deals"]
        shrunk = shrunk_rate(n_won, n_deals, spread_of(n_won, n_deals))
        table.loc[rows, "shrunk_win_rate"] = shrunk
    return table


def rep_performance(
    reps: pd.DataFrame,
    min_deals: int = 30,
    min_outcomes: int = 40,
    low_evidence_outcomes: int = 200,
    max_q_value: float = 0.05,
) -> pd.DataFrame:
    """Each rep's win rate against that of all other reps, with what chance does.

    reps: one row per rep (`sales_rep_id`), with `n_deals` and `n_won` (counts of closed deals).
    Returns the rows, sorted, with what `compare_with_rest` gives, the funnel limits around
    the overall win rate, `shrunk_win_rate`, `between_rep_sd` and `chance_sd` (shares),
    `spread_p_value` and `spread_evidence` ('differs', 'inconclusive', 'too few deals'), these four
    the same in each row, `evidence` ('above', 'below', 'inconclusive', 'too few deals') and
    `statement`.
    No rep is above or below where the reps together differ no more than chance makes them.
    """
    table = reps.sort_values("sales_rep_id").rename(columns={"n_won": "n_hits"})
    with np.errstate(divide="ignore", invalid="ignore"):  # a rep without closed deals has no rate
        table = proportions.compare_with_rest(table, min_deals, min_outcomes, max_q_value)
    table = table.rename(columns={"n_hits": "n_won", "rate": "win_rate"})
    spread = spread_of(table["n_won"], table["n_deals"])
    for name, coverage in [("95", 0.95), ("998", 0.998)]:
        limits = funnel_limits(spread.mean, table["n_deals"], coverage)
        table[f"funnel_low_{name}"], table[f"funnel_high_{name}"] = limits["low"], limits["high"]
    table["shrunk_win_rate"] = shrunk_rate(table["n_won"], table["n_deals"], spread)
    table["between_rep_sd"], table["chance_sd"] = spread.between_sd, spread.chance_sd
    table["spread_p_value"] = spread.p_value
    table["spread_evidence"] = (
        "too few deals"
        if np.isnan(spread.p_value)
        else "differs"
        if spread.p_value < max_q_value
        else "inconclusive"
    )
    names = {"higher": "above", "lower": "below"}
    if spread.is_chance:
        names = dict.fromkeys(names, "inconclusive")
    table["evidence"] = table["evidence"].replace(names)
    caution = low_evidence(table, low_evidence_outcomes)
    table["statement"] = [
        _rep_statement(row, spread, min_deals, caution) for row in table.itertuples()
    ]
    return table


def _rep_statement(row, spread: Spread, min_deals: int, caution: str) -> str:
    if row.n_deals < min_deals:
        return (
            f"{row.sales_rep_id} has closed {wording.deals(row.n_deals)} and won {row.n_won}: "
            f"too few to tell from chance ({min_deals} are needed)."
        )
    won = f"{row.sales_rep_id} won {wording.percent(row.win_rate)} of {wording.deals(row.n_deals)}"
    if row.evidence == "too few deals":
        return f"{won}; all reps together, or the others, have closed too few to compare."
    gap = f"{wording.points(row.difference_pp)} {'above' if row.difference_pp > 0 else 'below'}"
    span = wording.interval(row.difference_pp_low, row.difference_pp_high)
    compared = f"{won}, {gap} the other reps ({span})"
    if row.evidence != "inconclusive":
        return f"{compared}: more than chance does among so many reps{caution}."
    if spread.is_chance:
        return (
            f"{compared}: the spread between reps is no more than chance (standard deviation "
            f"{wording.points(100 * spread.between_sd)}; chance alone gives "
            f"{wording.points(100 * spread.chance_sd)}), so expect the win rate of all, "
            f"{wording.percent(spread.mean)}."
        )
    return (
        f"{compared}: no more than chance does among so many reps; expect "
        f"{wording.percent(row.shrunk_win_rate)}."
    )
