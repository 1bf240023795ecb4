"""Did the win rate change between two windows of time, and which segments changed it?"""

from typing import Any

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics import proportions
from winrate.statistics.claims import (
    ClaimRules,
    evidence,
    fewest_window_outcomes,
    low_evidence_note,
    q_values,
    typed,
)
from winrate.statistics.proportions import Z_95

COUNTS = ["n_before", "n_won_before", "n_after", "n_won_after"]
WINDOW_COLUMNS = ["comparison", "basis", "before_quarters", "after_quarters", *COUNTS]
SEGMENT_COLUMNS = ["comparison", "feature", "level", *COUNTS]
CHANGE_TYPES = {
    **dict.fromkeys(["comparison", "basis"], "str"),
    **dict.fromkeys(["change_pp", "change_pp_low", "change_pp_high"], "float64"),
    **dict.fromkeys(["p_value", "q_value", "detectable_pp"], "float64"),
    **dict.fromkeys(["verdict", "statement"], "str"),
}
EFFECTS = ["mix_effect_pp", "rate_effect_pp", "total_effect_pp"]
SEGMENT_TYPES = {
    **dict.fromkeys(["comparison", "feature", "level"], "str"),
    **dict.fromkeys(["share_before", "share_after"], "float64"),
    **dict.fromkeys(["change_pp", "change_pp_low", "change_pp_high"], "float64"),
    **{f"{effect}{end}": "float64" for effect in EFFECTS for end in ("", "_low", "_high")},
    **dict.fromkeys(["p_value", "q_value"], "float64"),
    "evidence": "str",
    "rank": "int64",
}


def win_rate_change(
    windows: pd.DataFrame, comparisons: list[dict[str, Any]], rules: ClaimRules
) -> pd.DataFrame:
    """Change of the overall win rate per comparison and basis, with its verdict.

    windows: one row per comparison and basis, with the names of the quarters of each window
        (`before_quarters`, `after_quarters`) and `n_before`, `n_won_before`, `n_after`,
        `n_won_after` (counts of closed deals).
    comparisons: the setting of that name, which words the windows of each comparison.
    Returns one row per row with `change_pp` and its 95% interval in percentage points, the
    p-value, the `q_value` over all rows, `detectable_pp` (the smallest drop detected with 80%
    power at these counts), `verdict` ('declined', 'improved', 'no detectable change', 'too few
    deals') and `statement`. A verdict needs `min_deals_per_window` deals in each window.
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
    table["q_value"] = q_values(table["p_value"])
    table["verdict"] = evidence(
        table["change_pp"],
        table["q_value"],
        too_few=table[["n_before", "n_after"]].min(axis=1) < rules.min_deals_per_window,
        names=("improved", "declined"),
        max_q_value=rules.max_q_value,
    ).replace("inconclusive", "no detectable change")
    words = {each["name"]: each for each in comparisons}
    table["statement"] = [
        _change_statement(row, words[row.comparison], rules) for row in table.itertuples()
    ]
    return typed(table, CHANGE_TYPES)


def win_rate_change_segments(counts: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    """Exact split of each change into mix effect and rate effect, per feature and level.

    counts: one row per comparison, feature and level, with `n_before`, `n_won_before`,
        `n_after`, `n_won_after`; within a comparison every feature counts the same deals.
    Returns one row per row with its shares of both windows, `mix_effect_pp` (the level's
    share changed), `rate_effect_pp` (its win rate changed) and `total_effect_pp`, each with a
    95% interval; over the levels of a feature mix and rate effects sum to the change of the
    overall win rate. `p_value` is Fisher's exact test of the level's win rate, `q_value` is over
    all rows.
    There is no claim with fewer than `min_outcomes` won or lost deals in both windows together, or
    fewer than `min_deals_per_level` deals of the level in either.
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

    # A level that is in one window only has one win rate: all of its effect is mix.
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
    table["q_value"] = q_values(table["p_value"])
    table["evidence"] = evidence(
        table["change_pp"],
        table["q_value"],
        too_few=(table[["n_before", "n_after"]].min(axis=1) < rules.min_deals_per_level)
        | (np.minimum(n_won, n_lost) < rules.min_outcomes),
        names=("got better", "got worse"),
        max_q_value=rules.max_q_value,
    )
    table = table.sort_values(["comparison", "p_value", "feature", "level"], na_position="last")
    table["rank"] = table.groupby("comparison").cumcount() + 1
    return typed(table, SEGMENT_TYPES)


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


def _rate(events: pd.Series, deals: pd.Series) -> pd.Series:
    return events / deals.where(deals > 0)


def _change_statement(row, words: dict[str, Any], rules: ClaimRules) -> str:
    after = f"in {words['after']} ({row.after_quarters})"
    before = f"in {words['before']} ({row.before_quarters})"
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
        corrected = (
            " after correction for the number of comparisons"
            if row.p_value < rules.max_p_value
            else ""
        )
        return (
            f"{windows}: no significant change{corrected} ({span}, {counts}; a drop of less than "
            f"{wording.points(row.detectable_pp)} would probably go undetected)."
        )
    n_fewest = fewest_window_outcomes(row.n_before, row.n_won_before, row.n_after, row.n_won_after)
    note = low_evidence_note(n_fewest, rules)
    rise_or_fall = "rise" if row.verdict == "improved" else "fall"
    return (
        f"{windows}: a {rise_or_fall} of {wording.points(row.change_pp)}, more than expected by "
        f"chance ({span}, {counts}{note})."
    )
