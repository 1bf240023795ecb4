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

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_FEW,
    ClaimRules,
    fewest_outcomes,
    low_evidence_note,
    typed,
)
from winrate.statistics.proportions import compare_with_rest

SEGMENT_KEYS = ["basis", "quarter", "feature"]
SEGMENT_COLUMNS = [*SEGMENT_KEYS, "level", "n_deals", "n_won"]
SEGMENT_TYPES = {**dict.fromkeys([*SEGMENT_KEYS, "level"], "str"), "shrunk_win_rate": "float64"}
REP_COLUMNS = ["sales_rep_id", "n_deals", "n_won"]
REP_NUMBERS = [
    *("win_rate_low", "win_rate_high", "win_rate_elsewhere"),
    *("difference_pp", "difference_pp_low", "difference_pp_high", "p_value", "q_value"),
    *("funnel_low_95", "funnel_high_95", "funnel_low_998", "funnel_high_998"),
    *("shrunk_win_rate", "between_rep_sd", "chance_sd", "spread_p_value"),
]
REP_TYPES = {
    "sales_rep_id": "str",
    **dict.fromkeys(REP_NUMBERS, "float64"),
    **dict.fromkeys(["spread_evidence", "evidence", "statement"], "str"),
}


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

    @property
    def p_value(self) -> float:
        """Pearson's chi-squared test of equal win rates; null with fewer than two groups."""
        if self.n_groups < 2 or not self.chance_sd > 0:
            return float("nan")
        degrees = self.n_groups - 1
        # The statistic is the ratio of the two variances, times its degrees of freedom.
        return float(stats.chi2.sf(degrees * (self.between_sd / self.chance_sd) ** 2, degrees))


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


def rep_performance(reps: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    """Each rep's win rate against that of all other reps, and against chance.

    reps: one row per rep (`sales_rep_id`), with `n_deals` and `n_won` (counts of closed deals).
    Returns one row per rep, sorted, with what `compare_with_rest` gives, the funnel limits around
    the overall win rate, `shrunk_win_rate`, `between_rep_sd` and `chance_sd` (shares) with
    `spread_p_value` and `spread_evidence` ('differs', 'inconclusive', 'too few deals'; these four
    are the same in each row), `evidence` ('above', 'below', 'inconclusive', 'too few
    deals') and `statement`. No rep is above or below where the reps together differ no more than
    expected by chance.
    """
    table = reps.sort_values("sales_rep_id").reset_index(drop=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # a rep without closed deals has no rate
        table = table.join(compare_with_rest(table, "n_won", "win_rate", rules))
    spread = spread_of(table["n_won"], table["n_deals"])
    for name, coverage in [("95", 0.95), ("998", 0.998)]:
        limits = funnel_limits(spread.mean, table["n_deals"], coverage)
        table[f"funnel_low_{name}"], table[f"funnel_high_{name}"] = limits["low"], limits["high"]
    table["shrunk_win_rate"] = shrunk_rate(table["n_won"], table["n_deals"], spread)
    table["between_rep_sd"], table["chance_sd"] = spread.between_sd, spread.chance_sd
    table["spread_p_value"] = spread.p_value
    table["spread_evidence"] = _spread_evidence(spread, rules)
    names = {"higher": "above", "lower": "below"}
    if spread.is_chance:
        names = dict.fromkeys(names, INCONCLUSIVE)
    table["evidence"] = table["evidence"].replace(names)
    note = low_evidence_note(fewest_outcomes(table), rules)
    table["statement"] = [_rep_statement(row, spread, rules, note) for row in table.itertuples()]
    return typed(table, REP_TYPES)


def _spread_evidence(spread: Spread, rules: ClaimRules) -> str:
    if np.isnan(spread.p_value):
        return TOO_FEW
    return "differs" if spread.p_value < rules.max_p_value else INCONCLUSIVE


def _rep_statement(row, spread: Spread, rules: ClaimRules, note: str) -> str:
    if row.n_deals < rules.min_deals_per_level:
        return (
            f"{row.sales_rep_id} has closed {wording.deals(row.n_deals)} and won {row.n_won}: "
            f"too few to compare ({rules.min_deals_per_level} are needed)."
        )
    won = f"{row.sales_rep_id} won {wording.percent(row.win_rate)} of {wording.deals(row.n_deals)}"
    if row.evidence == TOO_FEW:
        return f"{won}; all reps together, or the others, have closed too few to compare."
    gap = f"{wording.points(row.difference_pp)} {'above' if row.difference_pp > 0 else 'below'}"
    span = wording.interval(row.difference_pp_low, row.difference_pp_high)
    compared = f"{won}, {gap} the other reps ({span})"
    if row.evidence != INCONCLUSIVE:
        return f"{compared}: more than expected by chance among so many reps{note}."
    if spread.is_chance:
        return (
            f"{compared}: the spread between reps is no more than expected by chance (standard "
            f"deviation {wording.points(100 * spread.between_sd)}; by chance "
            f"{wording.points(100 * spread.chance_sd)}), so the expected win rate is that of all "
            f"reps, {wording.percent(spread.mean)}."
        )
    return (
        f"{compared}: no more than expected by chance among so many reps; the expected win rate is "
        f"{wording.percent(row.shrunk_win_rate)}."
    )
