"""Did the win rate change between two windows of time, and which segments changed it?"""

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics import proportions
from winrate.statistics.proportions import Z_95

# How a sentence names the two windows of a comparison.
WINDOW_NAMES = {
    "last two quarters": ("the last two quarters", "the two before"),
    "last quarter": ("the last quarter", "the one before"),
    "year on year": ("the last quarter", "the same quarter a year earlier"),
}


def win_rate_change(
    windows: pd.DataFrame,
    min_outcomes: int = 40,
    low_evidence_outcomes: int = 200,
    max_q_value: float = 0.05,
) -> pd.DataFrame:
    """Change of the overall win rate per comparison and basis, with its verdict.

    windows: one row per comparison and basis, with the first and last day of each window and
        `n_before`, `n_won_before`, `n_after`, `n_won_after` (counts of closed deals).
    Returns the rows with win rates, `change_pp` and its 95% interval in percentage points, the
    p-value, the `q_value` over all comparisons, `detectable_pp` (the smallest drop seen with
    80% power at these counts), `verdict` ('declined', 'improved', 'no detectable change', 'too
    few deals') and `statement`. A verdict needs `min_outcomes` deals in each window.
    """
    table = windows.reset_index(drop=True).copy()
    table["win_rate_before"] = _rate(table["n_won_before"], table["n_before"])
    table["win_rate_after"] = _rate(table["n_won_after"], table["n_after"])
    test = proportions.rate_difference(
        table["n_won_after"], table["n_after"], table["n_won_before"], table["n_before"]
    )
    table["change_pp"] = 100 * test["difference"]
    table["change_pp_low"], table["change_pp_high"] = 100 * test["low"], 100 * test["high"]
    table["p_value"] = test["p_value"]
    table["detectable_pp"] = [
        100 * proportions.detectable_drop(row.win_rate_before, row.n_before, row.n_after)
        for row in table.itertuples()
    ]
    table["q_value"] = proportions.q_values(table["p_value"])
    table["verdict"] = proportions.evidence(
        table["change_pp"],
        table["q_value"],
        too_few=table[["n_before", "n_after"]].min(axis=1) < min_outcomes,
        names=("improved", "declined"),
        max_q_value=max_q_value,
    ).replace("inconclusive", "no detectable change")
    table["statement"] = [
        _change_statement(row, low_evidence_outcomes) for row in table.itertuples()
    ]
    return table


def win_rate_change_segments(
    counts: pd.DataFrame,
    min_deals_per_level: int = 30,
    min_outcomes: int = 40,
    max_q_value: float = 0.05,
) -> pd.DataFrame:
    """Exact split of each change into mix effect and rate effect, per feature and level.

    counts: one row per comparison, feature and level, with `n_before`, `n_won_before`,
        `n_after`, `n_won_after`; within a comparison every feature counts the same deals.
    Returns the rows with shares and win rates of both windows, `mix_effect_pp` (the level's
    share changed), `rate_effect_pp` (its win rate changed) and `total_effect_pp`, each with a
    95% interval; over the levels of a feature mix and rate effects sum to the change of the
    overall win rate. `p_value` is Fisher's exact test of the level's win rate, `q_value` is over
    all rows.
    Fewer than `min_outcomes` won or lost deals in both windows together make no claim.
    `evidence` is 'got worse', 'got better', 'inconclusive' or 'too few deals'; `rank` orders
    a comparison by strength of evidence.

    Source: Kitagawa (1955), with mix effects counted from the mean of the two overall win
    rates, so that gaining share in a segment that wins little reads as a loss.
    """
    table = counts.reset_index(drop=True).copy()
    by_feature = table.groupby(["comparison", "feature"])
    totals = {
        name: by_feature[name].transform("sum")
        for name in ["n_before", "n_won_before", "n_after", "n_won_after"]
    }
    table["share_before"] = _rate(table["n_before"], totals["n_before"])
    table["share_after"] = _rate(table["n_after"], totals["n_after"])
    table["win_rate_before"] = _rate(table["n_won_before"], table["n_before"])
    table["win_rate_after"] = _rate(table["n_won_after"], table["n_after"])

    n_won = totals["n_won_before"] + totals["n_won_after"]
    n_lost = totals["n_before"] + totals["n_after"] - n_won

    # A level that is new, or gone, has one win rate: all of its effect is mix.
    before = table["win_rate_before"].fillna(table["win_rate_after"])
    after = table["win_rate_after"].fillna(table["win_rate_before"])
    mean_share = (table["share_before"] + table["share_after"]) / 2
    mean_overall = (
        _rate(totals["n_won_before"], totals["n_before"])
        + _rate(totals["n_won_after"], totals["n_after"])
    ) / 2
    table["mix_effect_pp"] = (
        100 * (table["share_after"] - table["share_before"]) * ((before + after) / 2 - mean_overall)
    )
    table["rate_effect_pp"] = 100 * (after - before) * mean_share
    table["total_effect_pp"] = table["mix_effect_pp"] + table["rate_effect_pp"]

    mix_error, total_error = _effect_errors(table, totals)
    for effect, error in [("mix_effect_pp", mix_error), ("total_effect_pp", total_error)]:
        table[f"{effect}_low"] = table[effect] - Z_95 * error
        table[f"{effect}_high"] = table[effect] + Z_95 * error
    test = proportions.rate_difference(
        table["n_won_after"], table["n_after"], table["n_won_before"], table["n_before"]
    )
    table["rate_effect_pp_low"] = 100 * test["low"] * mean_share
    table["rate_effect_pp_high"] = 100 * test["high"] * mean_share
    table["change_pp"] = 100 * test["difference"]
    table["change_pp_low"], table["change_pp_high"] = 100 * test["low"], 100 * test["high"]
    table["p_value"] = proportions.exact_p_value(
        table["n_won_after"], table["n_after"], table["n_won_before"], table["n_before"]
    )
    table["q_value"] = proportions.q_values(table["p_value"])
    table["evidence"] = proportions.evidence(
        table["change_pp"],
        table["q_value"],
        too_few=(table[["n_before", "n_after"]].min(axis=1) < min_deals_per_level)
        | (np.minimum(n_won, n_lost) < min_outcomes),
        names=("got better", "got worse"),
        max_q_value=max_q_value,
    )
    table = table.sort_values(["comparison", "p_value", "feature", "level"], na_position="last")
    table["rank"] = table.groupby("comparison").cumcount() + 1
    return table.reset_index(drop=True)


def _effect_errors(table: pd.DataFrame, totals: dict[str, pd.Series]) -> list[pd.Series]:
    """Standard errors, in points, of the mix effect and of the total effect of each level.

    Delta method over what is independent within a window: the level's share, its win rate, and
    the win rate of all other deals. Null where a level is new, gone or alone.
    """
    windows = []
    for name in ("before", "after"):
        n, won = table[f"n_{name}"], table[f"n_won_{name}"]
        n_all, won_all = totals[f"n_{name}"], totals[f"n_won_{name}"]
        share, rate, rest = _rate(n, n_all), _rate(won, n), _rate(won_all - won, n_all - n)
        errors = [
            share * (1 - share) / n_all,
            rate * (1 - rate) / n,
            rest * (1 - rest) / (n_all - n),
        ]
        windows.append((share, rate, rest, errors))
    (share0, rate0, rest0, errors0), (share1, rate1, rest1, errors1) = windows
    share_change, rate_change = share1 - share0, rate1 - rate0
    mean_share = (share0 + share1) / 2
    # (rate - overall rate) of a window is (1 - share) * (rate - rest).
    lead = ((1 - share0) * (rate0 - rest0) + (1 - share1) * (rate1 - rest1)) / 2

    mix_variance, total_variance = 0.0, 0.0
    for sign, share, rate, rest, errors in [
        (-1, share0, rate0, rest0, errors0),
        (1, share1, rate1, rest1, errors1),
    ]:
        mix = [
            sign * lead - share_change * (rate - rest) / 2,
            share_change * (1 - share) / 2,
            -share_change * (1 - share) / 2,
        ]
        rate_effect = [rate_change / 2, sign * mean_share, 0.0]
        for of_mix, of_rate, error in zip(mix, rate_effect, errors, strict=True):
            mix_variance = mix_variance + of_mix**2 * error
            total_variance = total_variance + (of_mix + of_rate) ** 2 * error
    return [100 * np.sqrt(mix_variance), 100 * np.sqrt(total_variance)]


def _rate(hits: pd.Series, tries: pd.Series) -> pd.Series:
    return hits / tries.where(tries > 0)


def _change_statement(row, low_evidence_outcomes: int) -> str:
    after = f"in {WINDOW_NAMES[row.comparison][0]} ({_quarters(row.after_start, row.after_end)})"
    before = f"in {WINDOW_NAMES[row.comparison][1]} ({_quarters(row.before_start, row.before_end)})"
    counts = f"{wording.count(row.n_after)} against {wording.deals(row.n_before)}"
    if row.verdict == "too few deals":
        return f"Too few deals {row.basis} {after} or {before} to compare: {counts}."
    windows = (
        f"Of the deals {row.basis} {after}, {wording.percent(row.win_rate_after)} were won, "
        f"against {wording.percent(row.win_rate_before)} {before}"
    )
    if np.isnan(row.p_value):
        return f"{windows} ({counts})."
    span = wording.interval(row.change_pp_low, row.change_pp_high)
    if row.verdict == "no detectable change":
        chance = (
            "not more than chance does somewhere among all the windows compared"
            if row.p_value < 0.05
            else "within what chance alone does"
        )
        return (
            f"{windows}: {chance} ({span}, {counts}; a drop of less than "
            f"{wording.points(row.detectable_pp)} would hardly show)."
        )
    caution = "; low evidence" if _fewest_outcomes(row) < low_evidence_outcomes else ""
    rise_or_fall = "rise" if row.verdict == "improved" else "fall"
    return (
        f"{windows}: a {rise_or_fall} of {wording.points(row.change_pp)}, more than chance does "
        f"({span}, {counts}{caution})."
    )


def _fewest_outcomes(row) -> int:
    """Won or lost deals in either window, whichever is fewest."""
    lost = (row.n_before - row.n_won_before, row.n_after - row.n_won_after)
    return min(row.n_won_before, row.n_won_after, *lost)


def _quarters(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """'2026 Q1', or '2025 Q3 to 2025 Q4' where the window has more than one quarter."""
    return " to ".join(dict.fromkeys([wording.quarter_name(start), wording.quarter_name(end)]))
