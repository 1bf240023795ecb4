"""Did the win rate change between two windows of time, and how much is in which segment?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics import proportions
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    fewest_window_outcomes,
    low_evidence_note,
    noted,
    typed,
)
from winrate.statistics.proportions import Z_95

COUNTS = ["n_before", "n_won_before", "n_after", "n_won_after"]
YEAR_AGO = [f"{name}_year_ago" for name in COUNTS]
WINDOW_KEYS = ["comparison", "basis"]
WINDOW_COLUMNS = [*WINDOW_KEYS, "is_primary", "before_quarters", "after_quarters"]
WINDOW_COLUMNS += [*COUNTS, *YEAR_AGO]
SEGMENT_COLUMNS = ["comparison", "feature", "level", *COUNTS]
CHANGE_TYPES = {
    **dict.fromkeys(WINDOW_KEYS, "str"),
    **dict.fromkeys(["change_pp", "change_pp_low", "change_pp_high"], "float64"),
    **dict.fromkeys(["year_ago_change_pp", "dispersion"], "float64"),
    **dict.fromkeys(["p_value", "q_value", "detectable_pp"], "float64"),
    **dict.fromkeys(["verdict", "withheld_because", "inconclusive_because", "statement"], "str"),
}
EFFECTS = ["mix_effect_pp", "rate_effect_pp", "total_effect_pp"]
SEGMENT_TYPES = {
    **dict.fromkeys(["comparison", "feature", "level"], "str"),
    **dict.fromkeys(["share_before", "share_after"], "float64"),
    **dict.fromkeys(["change_pp", "change_pp_low", "change_pp_high"], "float64"),
    **{f"{effect}{end}": "float64" for effect in EFFECTS for end in ("", "_low", "_high")},
}
PRIMARY_WEIGHT = 0.5  # of the error of the table that the primary comparison may use
MIN_QUARTERS = 4  # to measure how far quarters differ
DISPERSED_P_VALUE = 0.1  # quarters that differ with a p-value above it are taken as alike
# A change is seasonal where a year earlier the same quarters changed at least this share of it.
SEASONAL_SHARE = 0.5
NO_CHANGE = "no detectable change"


def win_rate_change(
    windows: pd.DataFrame,
    quarters: pd.DataFrame,
    comparisons: Sequence[dict[str, Any]],
    rules: ClaimRules,
    design_effect: float = 1.0,
) -> pd.DataFrame:
    """Change of the overall win rate per comparison and basis, with its verdict.

    windows: one row per comparison and basis, with `is_primary`, the names of the quarters of each
        window (`before_quarters`, `after_quarters`), `n_before`, `n_won_before`, `n_after`,
        `n_won_after` (counts of closed deals), and the same counts of the quarters a year earlier
        (`..._year_ago`, 0 where the data do not reach back).
    quarters: see `dispersions`.
    comparisons: the setting of that name, which words the windows of each comparison.
    design_effect: of accounts, see `winrate.statistics.clustering`.
    Returns one row per row with `change_pp` and its 95% interval in percentage points, the p-value,
    `dispersion` (by which the variance is multiplied), `year_ago_change_pp`, `detectable_pp` (the
    smallest drop that this verdict finds with 80% power), `verdict` ('declined', 'improved', 'no
    detectable change', 'too few deals'), `withheld_because` ('season' or 'too small', of a
    significant change that is no verdict), `inconclusive_because` (see `claims.explained`) and
    `statement`. `q_value` is the p-value, corrected for
    the number of rows by Bonferroni's method with weights: half of the error is for the primary
    comparison by close date. A verdict needs `min_outcomes` won and lost deals in each window, a
    change of `min_effect_pp`, and that the same quarters a year earlier did not change likewise
    (which is not asked of windows that lie whole years apart).
    """
    table = windows.reset_index(drop=True).copy()
    for name in ("before", "after"):
        table[f"win_rate_{name}"] = _rate(table[f"n_won_{name}"], table[f"n_{name}"])
    test = proportions.rate_difference(
        table["n_won_after"], table["n_after"], table["n_won_before"], table["n_before"]
    )
    by_window = dispersions(quarters)
    keys = zip(table["comparison"], table["basis"], strict=True)
    table["dispersion"] = [max(by_window.get(key, 1.0), design_effect) for key in keys]
    spread = np.sqrt(table["dispersion"])
    difference = test["difference"]
    table["change_pp"] = 100 * difference
    for end in ("low", "high"):
        bound = difference + spread * (test[end] - difference)
        table[f"change_pp_{end}"] = 100 * bound.clip(-1, 1)
    z = stats.norm.isf(test["p_value"] / 2) / spread
    table["p_value"] = 2 * stats.norm.sf(z)
    table["year_ago_change_pp"] = 100 * (
        _rate(table["n_won_after_year_ago"], table["n_after_year_ago"])
        - _rate(table["n_won_before_year_ago"], table["n_before_year_ago"])
    )
    n_fewest = pd.Series([fewest_window_outcomes(*counts) for counts in table[COUNTS].to_numpy()])
    too_few = n_fewest < rules.min_outcomes
    weight = _weights(table, ~too_few & table["p_value"].notna())
    table["q_value"] = np.minimum(table["p_value"] / weight, 1.0).where(weight > 0)
    table["detectable_pp"] = [
        100
        * proportions.detectable_drop(
            row.win_rate_before,
            row.n_before / row.dispersion,
            row.n_after / row.dispersion,
            rules.max_change_q_value * share,
        )
        for row, share in zip(table.itertuples(), weight, strict=True)
    ]
    words = {each["name"]: each for each in comparisons}
    # Windows that lie whole years apart are of the same season.
    is_annual = table["comparison"].map(lambda name: words[name].get("quarters_back", 1) % 4 == 0)
    is_seasonal = _is_seasonal(table, rules) & ~is_annual.astype(bool)
    is_small = table["change_pp"].abs() < rules.min_effect_pp
    is_significant = table["q_value"] < rules.max_change_q_value
    table["withheld_because"] = np.select(
        [is_significant & is_small & ~too_few, is_significant & is_seasonal & ~too_few],
        ["too small", "season"],
        default="",
    )
    table["withheld_because"] = table["withheld_because"].replace("", None)
    table["verdict"] = evidence(
        table["change_pp"],
        table["q_value"].where(~is_small & ~is_seasonal),
        too_few=too_few,
        names=("improved", "declined"),
        max_q_value=rules.max_change_q_value,
    ).replace(INCONCLUSIVE, NO_CHANGE)
    words_of = {"too small": TOO_SMALL, "season": "may be the season"}
    by_chance = chance_among((weight > 0).sum(), "comparison")
    table["inconclusive_because"] = explained(
        table["change_pp_low"],
        table["change_pp_high"],
        table["verdict"] != NO_CHANGE,
        [words_of.get(code, by_chance) for code in table["withheld_because"]],
    )
    table["statement"] = [
        _change_statement(row, words[row.comparison], rules) for row in table.itertuples()
    ]
    return typed(table, CHANGE_TYPES)


def _weights(table: pd.DataFrame, is_tested: pd.Series) -> pd.Series:
    """The share of the error that each tested row may use; 0 for the others. They sum to 1."""
    leads = table["is_primary"] & (table["basis"] == "closed") & is_tested
    follows = is_tested & ~leads
    for_primary = PRIMARY_WEIGHT if leads.any() and follows.any() else float(leads.any())
    return leads * for_primary + follows * (1 - for_primary) / max(follows.sum(), 1)


def _is_seasonal(table: pd.DataFrame, rules: ClaimRules) -> pd.Series:
    """Whether the same quarters a year earlier changed in the same direction, about as far.

    They say nothing with fewer than `min_outcomes` won or lost deals in a window.
    """
    counts = table[YEAR_AGO].to_numpy()
    n_fewest = pd.Series([fewest_window_outcomes(*row) for row in counts], index=table.index)
    changed_alike = table["year_ago_change_pp"] / table["change_pp"] >= SEASONAL_SHARE
    return changed_alike & (n_fewest >= rules.min_outcomes)


def dispersions(quarters: pd.DataFrame) -> dict[tuple[str, str], float]:
    """How far the win rates of quarters differ beyond chance, per comparison and basis.

    quarters: one row per `comparison`, `basis` and quarter before the later window, with `n_deals`
        and `n_won` (counts of closed deals).
    The ratio is Pearson's chi-squared statistic over its degrees of freedom, the dispersion of a
    quasi-binomial model (McCullagh and Nelder 1989, section 4.5). It is 1 with fewer than
    MIN_QUARTERS quarters, or where they differ no more than expected by chance.
    """
    found = {}
    for key, rows in quarters.groupby(WINDOW_KEYS):
        n_deals, n_won = rows["n_deals"].to_numpy(float), rows["n_won"].to_numpy(float)
        rate = n_won.sum() / n_deals.sum() if len(rows) else 0.0
        if len(rows) < MIN_QUARTERS or not 0 < rate < 1:
            continue
        statistic = ((n_won - n_deals * rate) ** 2 / (n_deals * rate * (1 - rate))).sum()
        degrees = len(rows) - 1
        if stats.chi2.sf(statistic, degrees) < DISPERSED_P_VALUE:
            found[key] = max(float(statistic / degrees), 1.0)
    return found


def win_rate_change_segments(counts: pd.DataFrame) -> pd.DataFrame:
    """Exact split of each change into mix effect and rate effect, per feature and level.

    counts: one row per comparison, feature and level, with `n_before`, `n_won_before`,
        `n_after`, `n_won_after`; within a comparison every feature counts the same deals.
    Returns one row per row with its shares of both windows, `mix_effect_pp` (the level's
    share changed), `rate_effect_pp` (its win rate changed) and `total_effect_pp`, each with a
    95% interval; over the levels of a feature mix and rate effects sum to the change of the
    overall win rate. Whether a level changed otherwise than the other deals is tested by
    `winrate.statistics.change_model`.

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
    if row.withheld_because in ("season", "too small"):
        why = "too small to act on"
        if row.withheld_because == "season":
            why = (
                f"a year earlier the same quarters changed by {row.year_ago_change_pp:+z.1f} points"
                ", so it may be the season"
            )
        return f"{windows}: a change of {row.change_pp:+z.1f} points, but {why} ({span}, {counts})."
    if row.verdict == NO_CHANGE:
        why = noted(row.inconclusive_because)
        return (
            f"{windows}: no significant change ({span}, {counts}{why}; a "
            f"drop of less than {wording.points(row.detectable_pp)} would probably go undetected)."
        )
    n_fewest = fewest_window_outcomes(row.n_before, row.n_won_before, row.n_after, row.n_won_after)
    note = low_evidence_note(n_fewest, rules)
    rise_or_fall = "rise" if row.verdict == "improved" else "fall"
    return (
        f"{windows}: a {rise_or_fall} of {wording.points(row.change_pp)}, more than expected by "
        f"chance ({span}, {counts}{note})."
    )
