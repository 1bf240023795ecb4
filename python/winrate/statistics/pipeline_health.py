"""Pipeline health: its volume against a year before, its mix against that of the won deals."""

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    ClaimRules,
    chance_among,
    evidence,
    explained,
    noted,
    q_values,
    typed,
)
from winrate.statistics.proportions import Z_95, rate_difference

MIX_COLUMNS = ["feature", "level", "n_deals", "n_won", "n_open_deals"]
TOTALS_COLUMNS = [
    *("n_deals", "n_won", "n_open_deals", "last_quarter"),
    *("n_created_last_quarter", "created_amount_last_quarter", "squared_amount_last_quarter"),
    *("n_created_year_before", "created_amount_year_before", "squared_amount_year_before"),
]
MORE, LESS = "more than was won", "less than was won"
MIX_NUMBERS = [
    *("share_open", "share_won", "share_closed"),
    *("difference_pp", "difference_pp_low", "difference_pp_high", "p_value", "q_value"),
    *("feature_p_value", "feature_p_value_closed"),
]
MIX_TYPES = {
    **dict.fromkeys(["feature", "level"], "str"),
    **dict.fromkeys(MIX_NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because"], "str"),
}
RATIOS = ["n_created", "created_amount"]
TESTS = [*RATIOS, "mix", "closed_mix"]
HEALTH_TYPES = {
    **{f"{ratio}_ratio{end}": "float64" for ratio in RATIOS for end in ("", "_low", "_high")},
    **{f"{test}_{value}": "float64" for test in TESTS for value in ("p_value", "q_value")},
    **dict.fromkeys(["volume_evidence", "amount_evidence"], "str"),
    **dict.fromkeys(["mix_evidence", "closed_mix_evidence", "statement"], "str"),
}


def pipeline_mix(levels: pd.DataFrame, features: list[str], rules: ClaimRules) -> pd.DataFrame:
    """Each level's share of the open deals against its share of the deals won.

    levels: one row per feature and level, with `n_deals`, `n_won` (closed deals) and
        `n_open_deals` (counts); every feature counts the same deals.
    features: those to compare.
    Returns one row per level, sorted, with `share_open`, `share_won`, `share_closed`,
    `difference_pp` (open less won) and its 95% interval, `p_value`, `q_value` over all rows,
    `feature_p_value` (Pearson's chi-squared test of the whole mix), `feature_p_value_closed` (the
    same against all closed deals) and `evidence` ('more than was won', 'less than was won',
    'inconclusive', 'too few deals').
    """
    table = (
        levels[levels["feature"].isin(features)]
        .sort_values(["feature", "level"])
        .reset_index(drop=True)
    )
    by_feature = table.groupby("feature")
    totals = {
        name: by_feature[name].transform("sum") for name in ["n_open_deals", "n_won", "n_deals"]
    }
    for share, name in [
        ("share_open", "n_open_deals"),
        ("share_won", "n_won"),
        ("share_closed", "n_deals"),
    ]:
        table[share] = table[name] / totals[name].where(totals[name] > 0)
    test = rate_difference(
        table["n_open_deals"], totals["n_open_deals"], table["n_won"], totals["n_won"]
    )
    table["difference_pp"] = 100 * test["difference"]
    table["difference_pp_low"], table["difference_pp_high"] = 100 * test["low"], 100 * test["high"]
    table["p_value"] = test["p_value"]
    table["q_value"] = q_values(table["p_value"])
    for column, name in [("feature_p_value", "n_won"), ("feature_p_value_closed", "n_deals")]:
        tests = {
            feature: _mix_p_value(rows["n_open_deals"], rows[name]) for feature, rows in by_feature
        }
        table[column] = table["feature"].map(tests).astype(float)
    too_few_in_all = np.minimum(totals["n_open_deals"], totals["n_won"]) < rules.min_deals_per_level
    table["evidence"] = evidence(
        table["difference_pp"],
        table["q_value"],
        too_few=too_few_in_all
        | (table["n_open_deals"] + table["n_won"] < rules.min_deals_per_level),
        names=(MORE, LESS),
        max_q_value=rules.max_other_q_value,
    )
    table["inconclusive_because"] = explained(
        table["difference_pp_low"],
        table["difference_pp_high"],
        table["evidence"] != INCONCLUSIVE,
        [chance_among(table["p_value"].count(), "level")] * len(table),
    )
    return typed(table, MIX_TYPES)


def pipeline_health(totals: pd.DataFrame, mix: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    """Whether the pipeline is as large as a year before and has the mix of the won deals. One row.

    totals: one row, as internal.pipeline_totals has it.
    mix: what `pipeline_mix` returns.
    Returns one row with `n_created_ratio` and `created_amount_ratio` (last complete quarter over
    the same one a year before) with 95% intervals; p-values of both, of the mix against the won
    deals (`mix`) and against all closed deals (`closed_mix`), and q-values over the four;
    `volume_evidence` and `amount_evidence` ('more', 'less', 'inconclusive', 'too few deals'),
    `mix_evidence` and `closed_mix_evidence` ('differs', 'inconclusive', 'too few deals') and
    `statement`. An export without open deals makes no claim: recent deals are missing from it.

    The number of deals is modelled as Poisson and compared exactly (Przyborowski and Wilenski
    1940), the amount as compound Poisson. The mix tests combine the features by Simes (1986).
    """
    counts = totals.iloc[0].astype(object).where(totals.iloc[0].notna(), float("nan"))
    features = mix.drop_duplicates("feature")
    estimates = {
        **_count_ratio(counts["n_created_last_quarter"], counts["n_created_year_before"]),
        **_amount_ratio(counts),
        "mix_p_value": q_values(features["feature_p_value"]).min(),
        "closed_mix_p_value": q_values(features["feature_p_value_closed"]).min(),
    }
    n_created = [counts["n_created_last_quarter"], counts["n_created_year_before"]]
    tests = pd.DataFrame(
        {
            "direction": [*(estimates[f"{ratio}_ratio"] - 1 for ratio in RATIOS), 1, 1],
            "n_deals": [
                sum(n_created),
                min(n_created),
                min(counts["n_open_deals"], counts["n_won"]),
                min(counts["n_open_deals"], counts["n_deals"]),
            ],
            "p_value": [estimates[f"{test}_p_value"] for test in TESTS],
        },
        index=TESTS,
    )
    tests["q_value"] = q_values(tests["p_value"])
    tests["evidence"] = evidence(
        tests["direction"],
        tests["q_value"],
        too_few=(tests["n_deals"] < rules.min_deals_per_level)
        | tests["p_value"].isna()
        | (counts["n_open_deals"] == 0),
        names=("more", "less"),
        max_q_value=rules.max_other_q_value,
    )
    estimates |= {f"{test}_q_value": q for test, q in tests["q_value"].items()}
    estimates["volume_evidence"], estimates["amount_evidence"] = tests["evidence"][RATIOS]
    for test in ("mix", "closed_mix"):
        estimates[f"{test}_evidence"] = tests["evidence"][test].replace("more", "differs")
    estimates["statement"] = _health_statement(counts, estimates, mix)
    return typed(pd.DataFrame([estimates]), HEALTH_TYPES)


def _mix_p_value(n_open: pd.Series, n_other: pd.Series) -> float:
    """Pearson's chi-squared test that both counts, one row per level, have the same mix."""
    counts = pd.DataFrame({"n_open": n_open, "n_other": n_other})
    filled = counts[counts.sum(axis=1) > 0]
    if len(filled) < 2 or (filled.sum() == 0).any():
        return float("nan")
    return float(stats.chi2_contingency(filled.to_numpy(), correction=False).pvalue)


def _count_ratio(n_after: float, n_before: float) -> dict[str, float]:
    names = ["n_created_ratio", "n_created_ratio_low", "n_created_ratio_high", "n_created_p_value"]
    if not (n_after >= 0 and n_before > 0):
        return dict.fromkeys(names, float("nan"))
    test = stats.binomtest(int(n_after), int(n_after + n_before))
    interval = test.proportion_ci(method="wilson")
    low, high = (share / (1 - share) for share in (interval.low, interval.high))
    return dict(zip(names, [n_after / n_before, low, high, test.pvalue], strict=True))


def _amount_ratio(counts: pd.Series) -> dict[str, float]:
    after, before = counts["created_amount_last_quarter"], counts["created_amount_year_before"]
    names = ["ratio", "ratio_low", "ratio_high", "p_value"]
    if not (after > 0 and before > 0):
        return {f"created_amount_{name}": float("nan") for name in names}
    log_ratio = np.log(after / before)
    error = np.sqrt(
        counts["squared_amount_last_quarter"] / after**2
        + counts["squared_amount_year_before"] / before**2
    )
    low, high = np.exp(log_ratio - Z_95 * error), np.exp(log_ratio + Z_95 * error)
    p_value = 2 * stats.norm.sf(abs(log_ratio / error))
    values = map(float, [after / before, low, high, p_value])
    return {f"created_amount_{name}": value for name, value in zip(names, values, strict=True)}


def _health_statement(counts: pd.Series, estimates: dict, mix: pd.DataFrame) -> str:
    if counts["n_open_deals"] == 0:
        return "No deal is open, so the export contains no information on the present pipeline."
    volume, is_good_volume = _volume_clause(counts, estimates)
    mix_clause, is_good_mix = _mix_clause(counts, estimates, mix)
    joined = "and" if is_good_volume == is_good_mix else "but"
    return f"{volume}, {joined} {mix_clause}."


def _volume_clause(counts: pd.Series, estimates: dict) -> tuple[str, bool | None]:
    """The last quarter's new pipeline against a year before, and whether that is good."""
    quarter = counts["last_quarter"]
    if np.isnan(estimates["n_created_ratio"]):
        return f"There are no deals of the quarter a year before {quarter} to compare with", None
    numbers = (
        f"{quarter}: {wording.deals(counts['n_created_last_quarter'])} worth "
        f"{wording.count(counts['created_amount_last_quarter'])}, against "
        f"{wording.count(counts['n_created_year_before'])} worth "
        f"{wording.count(counts['created_amount_year_before'])}"
    )
    found = {estimates["volume_evidence"], estimates["amount_evidence"]}
    if estimates["volume_evidence"] == "too few deals":
        return f"Too few deals were created to compare with a year before ({numbers})", None
    if "less" in found:
        return f"Less pipeline is created than a year before ({numbers})", False
    if "more" in found:
        return f"More pipeline is created than a year before ({numbers})", True
    low = pd.Series([estimates[f"{ratio}_ratio_low"] for ratio in RATIOS]) - 1
    high = pd.Series([estimates[f"{ratio}_ratio_high"] for ratio in RATIOS]) - 1
    by_chance = chance_among(len(TESTS), "test")
    reasons = explained(low, high, pd.Series(False, index=low.index), [by_chance] * len(low))
    note = noted(next(filter(None, reasons), None))
    return f"New pipeline is not significantly different from a year before ({numbers}{note})", True


def _mix_clause(counts: pd.Series, estimates: dict, mix: pd.DataFrame) -> tuple[str, bool | None]:
    """The mix of the open deals against that of the won deals, and whether that is good."""
    n_open = wording.deals(counts["n_open_deals"], "open deal")
    if estimates["mix_evidence"] == "too few deals":
        return (
            f"there are too few deals to compare the mix of the {n_open} with the won deals",
            None,
        )
    if estimates["mix_evidence"] == "inconclusive":
        return f"the mix of the {n_open} is not significantly different from the won deals", True
    differs = f"the mix of the {n_open} differs from the won deals"
    claimed = mix[mix["evidence"].isin([MORE, LESS])]
    if claimed.empty:
        feature = mix.loc[mix["feature_p_value"].idxmin(), "feature"]
        return f"{differs} (in {wording.feature_title(feature).lower()})", False
    most = claimed.sort_values(["p_value", "feature", "level"]).iloc[0]
    clause = (
        f"{differs}: {wording.feature_title(most['feature'])} {most['level']} makes up "
        f"{wording.percent(most['share_open'])} of them and {wording.percent(most['share_won'])} "
        "of the won deals"
    )
    if estimates["closed_mix_evidence"] == "inconclusive":
        clause += "; it is not significantly different from all closed deals"
    return clause, False
