"""Whether fewer of the deals that enter a stage go on than before, and whether they stay longer.

Both windows of a comparison end early enough to follow each deal for `horizon_days`. Up to then no
deal is censored: shares of deals are proportions, and days in the stage, of which no more than so
many count, have a mean.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

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
from winrate.statistics.stage_conversion import (
    ALL,
    REP,
    STILL_THERE,
    WAS_LOST,
    WENT_ON,
    of_all,
    stage_order,
    ways,
)

MIN_EXPECTED = 10  # deals that go on, and that do not, or that leave, in each group of a comparison
WINDOWS = ("before", "after")
SUMS = ("n_entered", "n_went_on", "n_left", "days", "squared_days")
ENDS = {"difference": "", "low": "_low", "high": "_high"}

ROW = ["comparison", "feature", "level", "deal_stage"]
NAMES = ["is_primary", "before_name", "after_name", "horizon_days"]
TOTALS = [f"{name}_{window}" for name in ("n", "days", "squared_days") for window in WINDOWS]
WINDOW_TOTALS = [*ROW, *NAMES, "left_for", *TOTALS]


class Measure(NamedTuple):
    """What is compared between the windows.

    unit: of a change, at the end of the names of its columns. before: the beginning of the names of
    its other columns. names, relative_names: of a significant rise and fall of all deals, and of a
    level against the other deals.
    """

    unit: str
    before: str
    names: tuple[str, str]
    relative_names: tuple[str, str]

    @property
    def types(self) -> dict[str, str]:
        """The columns that `_claims` gives of it."""
        changes = [
            f"{kind}_{self.unit}{end}"
            for kind in ("change", "relative_change")
            for end in ENDS.values()
        ]
        return {
            **dict.fromkeys(changes, "float64"),
            **{f"{self.before}{name}": "float64" for name in ("p_value", "q_value")},
            **{f"{self.before}{name}": "str" for name in ("evidence", "inconclusive_because")},
        }


SHARE = Measure("pp", "", ("rose", "fell"), ("rose more", "fell more"))
TIME = Measure("days", "days_", ("slower", "faster"), ("slowed more", "sped up more"))

CHANGE_TYPES = {
    **dict.fromkeys(ROW, "str"),
    **{f"n_entered_{window}": "int64" for window in WINDOWS},
    **{f"went_on_rate_{window}": "float64" for window in WINDOWS},
    **{f"lost_rate_{window}": "float64" for window in WINDOWS},
    **SHARE.types,
    "statement": "str",
    **{f"mean_days_{window}": "float64" for window in WINDOWS},
    **TIME.types,
    "days_statement": "str",
}


def stage_changes(
    totals: pd.DataFrame, exits: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Changes between two windows of the share of deals that went on, and of the days in a stage.

    totals: one row per `comparison`, `feature`, `level`, `deal_stage` and `left_for` within the
        days (null: still there), with `is_primary`, `before_name`, `after_name`, `horizon_days` and
        of the deals that entered the stage in each window their number `n_before` and `n_after`,
        the sum of their `days_...` in it, of which no more than `horizon_days` count, and of the
        squares of these. Feature `sales_rep_id` has the reps.
    exits: as for `stage_conversion`, for the order of the stages.
    features: those whose levels are tested; of the reps, only how alike their deals are is used.
    Returns one row per comparison, feature, level and stage, sorted, with `went_on_rate_before` and
    `_after` (shares), `change_pp` with its 95% interval (Newcombe) and, of a level,
    `relative_change_pp`: its change less that of the other deals. A test is of the change for all
    deals, and of the relative change for a level. `evidence` is 'rose', 'fell', 'rose more' or
    'fell more' (than other deals), 'inconclusive' or 'too few deals'. Half of the error is for all
    deals in the primary comparison, the rest for all other rows (Holm 1979). Variances are
    multiplied by the design effect of reps, who differ in what they enter (Liang and Zeger 1986).
    Columns with `days` are the same of the restricted mean time until a deal leaves the stage, for
    whatever it does (Royston and Parmar 2013), with an error of its own; `days_evidence` is
    'slower', 'faster', 'slowed more' or 'sped up more'.
    """
    order = stage_order(of_all(exits))
    table = _window_sums(totals.assign(way=ways(totals, order)))
    by_rep = table[table["feature"] == REP]
    table = table[table["feature"].isin([ALL, *features])].reset_index(drop=True)
    others = _others(table)
    is_all = table["feature"] == ALL

    effect, degrees = _design_effects(by_rep, table, "n_went_on", "n_went_on")
    change = _of_few_reps(widened(rate_difference(*_counts(table)), effect), degrees)
    relative = _contrast([*_shares(table, 1), *_shares(others, -1)], effect, degrees)
    change[[*ENDS]], relative[[*ENDS]] = 100 * change[[*ENDS]], 100 * relative[[*ENDS]]
    too_few = _goes_on_too_rarely(table, rules) | (~is_all & _goes_on_too_rarely(others, rules))
    claims = _claims(SHARE, table, change, relative, too_few, rules.min_effect_pp, rules)
    table = table.join(claims)
    table["statement"] = [_statement(row) for row in table.itertuples()]

    effect, degrees = _design_effects(by_rep, table, "days", "squared_days")
    own = _mean_days(table, 1)
    relative = _contrast([*own, *_mean_days(others, -1)], effect, degrees)
    too_few = _leaves_too_rarely(table, rules) | (~is_all & _leaves_too_rarely(others, rules))
    change = _contrast(own, effect, degrees)
    claims = _claims(TIME, table, change, relative, too_few, rules.min_effect_days, rules)
    table = table.join(claims)
    table["days_statement"] = [_days_statement(row) for row in table.itertuples()]
    return typed(table, CHANGE_TYPES)


def _window_sums(totals: pd.DataFrame) -> pd.DataFrame:
    """One row per comparison, feature, level and stage: sums, shares and means of both windows."""
    keys = [*ROW, *NAMES]
    table = totals.groupby(keys)[TOTALS].sum()
    table = table.rename(columns={f"n_{window}": f"n_entered_{window}" for window in WINDOWS})
    for way in (WENT_ON, WAS_LOST, STILL_THERE):
        of_way = totals[totals["way"] == way].groupby(keys)[["n_before", "n_after"]].sum()
        of_way = of_way.reindex(table.index, fill_value=0)
        for window in WINDOWS:
            table[f"n_{way}_{window}"] = of_way[f"n_{window}"]
    for window in WINDOWS:
        n_entered = table[f"n_entered_{window}"]
        table[f"n_left_{window}"] = n_entered - table[f"n_{STILL_THERE}_{window}"]
        for way in (WENT_ON, WAS_LOST):
            rate = table[f"n_{way}_{window}"] / n_entered.where(n_entered > 0)
            table[f"{way}_rate_{window}"] = rate
        table[f"mean_days_{window}"] = table[f"days_{window}"] / n_entered.where(n_entered > 0)
    return table.reset_index()


def _others(table: pd.DataFrame) -> pd.DataFrame:
    """The sums of all other deals of the same comparison and stage, row by row."""
    names = [f"{name}_{window}" for name in SUMS for window in WINDOWS]
    keys = ["comparison", "deal_stage"]
    of_all_deals = table[table["feature"] == ALL].set_index(keys)[names]
    rows = of_all_deals.reindex(pd.MultiIndex.from_frame(table[keys])).set_axis(table.index)
    return rows - table[names]


def _design_effects(
    by_rep: pd.DataFrame, table: pd.DataFrame, total: str, squares: str
) -> tuple[pd.Series, pd.Series]:
    """By which factor reps multiply the variance of a change of a mean, and its degrees of freedom.

    by_rep: the rows of the reps of `_window_sums`. total, squares: the sums of what is averaged and
        of its squares. Returns both per row of `table`.

    A rep's sum is compared with the mean of its window. With the mean of both, a change of all
    deals would count as a difference between reps, and few reps could never show one.
    """
    effects = {}
    for key, reps in by_rep.groupby(["comparison", "deal_stage"]):
        n_entered = {window: reps[f"n_entered_{window}"].sum() for window in WINDOWS}
        if min(n_entered.values()) == 0 or len(reps) < 2:
            continue
        score, of_deals = 0.0, 0.0
        for sign, window in ((1, "after"), (-1, "before")):
            sums, n = reps[f"{total}_{window}"], n_entered[window]
            mean = sums.sum() / n
            score = score + sign * (sums - mean * reps[f"n_entered_{window}"]) / n
            of_deals += (reps[f"{squares}_{window}"].sum() / n - mean**2) / n
        effects[key] = score_design_effect(score, of_deals), len(reps) - 1
    keys = zip(table["comparison"], table["deal_stage"], strict=True)
    found = [effects.get(key, (1.0, np.inf)) for key in keys]
    columns = pd.DataFrame(found, table.index, ["effect", "degrees"], float)
    return columns["effect"], columns["degrees"]


def _of_few_reps(test: pd.DataFrame, degrees: pd.Series) -> pd.DataFrame:
    """The result of `widened` for a design effect with so many degrees of freedom."""
    ratio = stats.t.ppf(0.975, degrees) / Z_95
    ends = {
        end: (test["difference"] + ratio * (test[end] - test["difference"])).clip(-1, 1)
        for end in ("low", "high")
    }
    p_value = 2 * stats.t.sf(stats.norm.isf(test["p_value"] / 2), degrees)
    return test.assign(**ends, p_value=p_value)


def _contrast(
    means: Sequence[tuple[int, pd.Series, pd.Series]],
    design_effect: pd.Series,
    degrees: pd.Series,
) -> pd.DataFrame:
    """The sum of means that are added or subtracted: `difference`, `low`, `high`, `p_value`.

    means: of each the sign, the mean and its variance for independent deals. degrees: of freedom of
        the design effect.
    """
    difference = sum(sign * mean for sign, mean, _ in means)
    error = np.sqrt(sum(variance for *_, variance in means) * design_effect)
    error = error.where(error > 0)
    half_width = stats.t.ppf(0.975, degrees) * error
    return pd.DataFrame(
        {
            "difference": difference,
            "low": difference - half_width,
            "high": difference + half_width,
            "p_value": 2 * stats.t.sf((difference / error).abs(), degrees),
        }
    )


def _claims(
    measure: Measure,
    table: pd.DataFrame,
    change: pd.DataFrame,
    relative: pd.DataFrame,
    too_few: pd.Series,
    min_size: float,
    rules: ClaimRules,
) -> pd.DataFrame:
    """The columns of a measure, `measure.types`.

    change: of each row. relative: the same less the change of the other deals; it is what is tested
        of a level. min_size: a smaller change is no claim.
    """
    is_all = table["feature"] == ALL
    tested = change.where(is_all, relative)
    p_value = tested["p_value"].mask(too_few)
    q_value = holm_in_two_parts(p_value, is_all & table["is_primary"].astype(bool))
    is_small = tested["difference"].abs() < min_size
    of_all_deals, of_level = (
        evidence(
            tested["difference"], q_value.mask(is_small), too_few, names, rules.max_other_q_value
        )
        for names in (measure.names, measure.relative_names)
    )
    claim = of_all_deals.where(is_all, of_level)
    is_significant = is_small & (q_value < rules.max_other_q_value)
    because = explained(
        tested["low"],
        tested["high"],
        claim != INCONCLUSIVE,
        np.where(is_significant, TOO_SMALL, chance_among(p_value.count(), "stage")),
    )
    sizes = {
        **{f"change_{measure.unit}{end}": change[name] for name, end in ENDS.items()},
        **{
            f"relative_change_{measure.unit}{end}": relative[name].mask(is_all)
            for name, end in ENDS.items()
        },
    }
    of_test = {
        "p_value": p_value,
        "q_value": q_value,
        "evidence": claim,
        "inconclusive_because": because,
    }
    return pd.DataFrame(
        {**sizes, **{f"{measure.before}{name}": values for name, values in of_test.items()}},
        index=table.index,
    )


# ---- the share of deals that went on


def _counts(table: pd.DataFrame) -> list[pd.Series]:
    names = ["n_went_on_after", "n_entered_after", "n_went_on_before", "n_entered_before"]
    return [table[name] for name in names]


def _shares(table: pd.DataFrame, sign: int) -> list[tuple[int, pd.Series, pd.Series]]:
    """The share of the later window, and that of the earlier one to be subtracted."""
    shares = []
    for window, of_window in (("after", sign), ("before", -sign)):
        n_went_on, n_entered = table[f"n_went_on_{window}"], table[f"n_entered_{window}"]
        # Agresti and Caffo (2000): two more deals, so that a share of 0 or 1 has a variance.
        rate = (n_went_on + 1) / (n_entered + 2)
        variance = rate * (1 - rate) / (n_entered + 2)
        shares.append((of_window, n_went_on / n_entered.where(n_entered > 0), variance))
    return shares


def _goes_on_too_rarely(table: pd.DataFrame, rules: ClaimRules) -> pd.Series:
    """Whether a window has too few deals that entered, went on or did not."""
    went_on = table["n_went_on_before"] + table["n_went_on_after"]
    entered = table["n_entered_before"] + table["n_entered_after"]
    return _is_too_few(table, np.minimum(went_on, entered - went_on), rules)


def _is_too_few(table: pd.DataFrame, n_events: pd.Series, rules: ClaimRules) -> pd.Series:
    """Whether a window has too few deals that entered, or is expected to have too few events."""
    entered = table["n_entered_before"] + table["n_entered_after"]
    fewest = table[["n_entered_before", "n_entered_after"]].min(axis=1)
    return (fewest < rules.min_outcomes) | (n_events * fewest < MIN_EXPECTED * entered)


def _statement(row) -> str | None:
    if row.evidence not in (*SHARE.names, *SHARE.relative_names):
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


# ---- the days in the stage


def _mean_days(table: pd.DataFrame, sign: int) -> list[tuple[int, pd.Series, pd.Series]]:
    """The mean days of the later window, and those of the earlier one to be subtracted."""
    means = []
    for window, of_window in (("after", sign), ("before", -sign)):
        n_entered, days = table[f"n_entered_{window}"], table[f"days_{window}"]
        mean = days / n_entered.where(n_entered > 0)
        spread = table[f"squared_days_{window}"] - mean * days
        means.append((of_window, mean, spread / (n_entered - 1).where(n_entered > 1) / n_entered))
    return means


def _leaves_too_rarely(table: pd.DataFrame, rules: ClaimRules) -> pd.Series:
    """Whether a window has too few deals that entered or left."""
    return _is_too_few(table, table["n_left_before"] + table["n_left_after"], rules)


def _days_statement(row) -> str | None:
    if row.days_evidence not in (*TIME.names, *TIME.relative_names):
        return None
    the = "The" if row.feature == ALL else f"{wording.feature_title(row.feature)} {row.level}: the"
    change = "longer" if row.change_days > 0 else "shorter"
    counts = (
        f"{the} {wording.deals(row.n_entered_after)} that entered the stage {row.deal_stage} in"
        f" {row.after_name} were in it for {_days(row.mean_days_after)} on average, of which no"
        f" more than {wording.count(row.horizon_days)} count, against {_days(row.mean_days_before)}"
        f" of {wording.count(row.n_entered_before)} in {row.before_name}:"
        f" {_days(row.change_days)} {change}"
    )
    if row.feature == ALL:
        interval = wording.interval(row.change_days_low, row.change_days_high)
        return f"{counts}, more than expected by chance ({interval})."
    more_or_less = "more" if row.relative_change_days > 0 else "less"
    interval = wording.interval(row.relative_change_days_low, row.relative_change_days_high)
    return (
        f"{counts}; {_days(row.relative_change_days)} {more_or_less} than the change of the other"
        f" deals, more than expected by chance ({interval})."
    )


def _days(value: float) -> str:
    """Without its sign: -6.24 -> '6.2 days'."""
    return f"{abs(value):.1f} days"
