"""Is the pipeline healthy? Its volume against a year ago, its mix against what was won."""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics import proportions
from winrate.statistics.proportions import Z_95


def pipeline_mix(
    levels: pd.DataFrame, min_deals_per_level: int = 30, max_q_value: float = 0.05
) -> pd.DataFrame:
    """Each level's share of the open deals against its share of the deals won.

    levels: one row per feature and level, with `n_deals`, `n_won` (closed deals) and
        `n_open_deals` (counts); every feature counts the same deals.
    Returns the rows, sorted, with `share_open`, `share_won`, `share_closed`, `difference_pp`
    (open less won) and its 95% interval, `p_value`, `q_value` over all rows, `feature_p_value`
    (Pearson's chi-squared test of the whole mix), `feature_p_value_closed` (the same against all
    closed deals) and `evidence` ('more than was won', 'less than was won', 'inconclusive', 'too
    few deals').
    """
    table = levels.sort_values(["feature", "level"]).reset_index(drop=True)
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
    test = proportions.rate_difference(
        table["n_open_deals"], totals["n_open_deals"], table["n_won"], totals["n_won"]
    )
    table["difference_pp"] = 100 * test["difference"]
    table["difference_pp_low"], table["difference_pp_high"] = 100 * test["low"], 100 * test["high"]
    table["p_value"] = test["p_value"]
    table["q_value"] = proportions.q_values(table["p_value"])
    for column, name in [("feature_p_value", "n_won"), ("feature_p_value_closed", "n_deals")]:
        tests = {
            feature: _mix_p_value(rows["n_open_deals"], rows[name]) for feature, rows in by_feature
        }
        table[column] = table["feature"].map(tests).astype(float)
    too_few_in_all = np.minimum(totals["n_open_deals"], totals["n_won"]) < min_deals_per_level
    table["evidence"] = proportions.evidence(
        table["difference_pp"],
        table["q_value"],
        too_few=too_few_in_all | (table["n_open_deals"] + table["n_won"] < min_deals_per_level),
        names=("more than was won", "less than was won"),
        max_q_value=max_q_value,
    )
    return table


def pipeline_health(
    totals: pd.DataFrame,
    mix: pd.DataFrame,
    min_deals: int = 30,
    max_q_value: float = 0.05,
) -> pd.DataFrame:
    """Is the pipeline as large as a year ago, and is its mix that of what was won? One row.

    totals: one row, as profiles.pipeline_totals gives it.
    mix: what `pipeline_mix` returns.
    Returns the row with `n_created_ratio` and `created_amount_ratio` (last complete quarter over
    the same one a year before) with 95% intervals; p-values of both, of the mix against what was
    won (`mix`) and against all that was closed (`closed_mix`), and q-values over the four;
    `volume_evidence` and `amount_evidence` ('more', 'less', 'inconclusive', 'too few deals'),
    `mix_evidence` and `closed_mix_evidence` ('differs', 'inconclusive', 'too few deals') and
    `statement`. An export without open deals makes no claim: recent deals are missing from it.

    The number of deals is taken as Poisson and compared exactly (Przyborowski and Wilenski
    1940), the amount as compound Poisson. The mix tests combine the features by Simes (1986).
    """
    row: dict[str, Any] = {
        name: float("nan") if pd.isna(value) else value for name, value in totals.iloc[0].items()
    }
    row |= _count_ratio(row["n_created_last_quarter"], row["n_created_year_before"])
    row |= _amount_ratio(row)
    features = mix.drop_duplicates("feature")
    row["mix_p_value"] = proportions.q_values(features["feature_p_value"]).min()
    row["closed_mix_p_value"] = proportions.q_values(features["feature_p_value_closed"]).min()

    n_created = [row["n_created_last_quarter"], row["n_created_year_before"]]
    tests = pd.DataFrame.from_dict(
        {
            # name: (direction, deals to go by)
            "n_created": (row["n_created_ratio"] - 1, sum(n_created)),
            "created_amount": (row["created_amount_ratio"] - 1, min(n_created)),
            "mix": (1, min(row["n_open_deals"], row["n_won"])),
            "closed_mix": (1, min(row["n_open_deals"], row["n_deals"])),
        },
        orient="index",
        columns=["direction", "n_deals"],
    )
    tests["p_value"] = [row[f"{test}_p_value"] for test in tests.index]
    tests["q_value"] = proportions.q_values(tests["p_value"])
    has_few = (tests["n_deals"] < min_deals) | tests["p_value"].isna() | (row["n_open_deals"] == 0)
    evidence = proportions.evidence(
        tests["direction"],
        tests["q_value"],
        too_few=has_few,
        names=("more", "less"),
        max_q_value=max_q_value,
    )
    row |= {f"{test}_q_value": q for test, q in tests["q_value"].items()}
    row["volume_evidence"], row["amount_evidence"] = evidence[["n_created", "created_amount"]]
    for test in ("mix", "closed_mix"):
        row[f"{test}_evidence"] = evidence[test].replace("more", "differs")
    row["statement"] = _health_statement(row, mix)
    return pd.DataFrame([row])


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


def _amount_ratio(row: dict[str, Any]) -> dict[str, float]:
    after, before = row["created_amount_last_quarter"], row["created_amount_year_before"]
    names = ["ratio", "ratio_low", "ratio_high", "p_value"]
    if not (after > 0 and before > 0):
        return {f"created_amount_{name}": float("nan") for name in names}
    log_ratio = np.log(after / before)
    error = np.sqrt(
        row["squared_amount_last_quarter"] / after**2
        + row["squared_amount_year_before"] / before**2
    )
    low, high = np.exp(log_ratio - Z_95 * error), np.exp(log_ratio + Z_95 * error)
    p_value = 2 * stats.norm.sf(abs(log_ratio / error))
    values = map(float, [after / before, low, high, p_value])
    return {f"created_amount_{name}": value for name, value in zip(names, values, strict=True)}


def _health_statement(row: dict[str, Any], mix: pd.DataFrame) -> str:
    if row["n_open_deals"] == 0:
        return "No deal is open, so the export says nothing of the pipeline of today."
    volume, is_good_volume = _volume_clause(row)
    mix_clause, is_good_mix = _mix_clause(row, mix)
    joined = "and" if is_good_volume == is_good_mix else "but"
    return f"{volume}, {joined} {mix_clause}."


def _volume_clause(row: dict[str, Any]) -> tuple[str, bool | None]:
    """How the pipeline of the last quarter compares with a year ago, and whether that is good."""
    name = wording.quarter_name(row["last_quarter_start"])
    if np.isnan(row["n_created_ratio"]):
        return f"There is nothing a year before {name} to compare the new deals with", None
    counts = (
        f"{name}: {wording.deals(row['n_created_last_quarter'])} worth "
        f"{wording.count(row['created_amount_last_quarter'])}, against "
        f"{wording.count(row['n_created_year_before'])} worth "
        f"{wording.count(row['created_amount_year_before'])}"
    )
    found = {row["volume_evidence"], row["amount_evidence"]}
    if row["volume_evidence"] == "too few deals":
        return f"Too few deals were created to compare with a year before ({counts})", None
    if "less" in found:
        return f"Less pipeline is created than a year before ({counts})", False
    if "more" in found:
        return f"More pipeline is created than a year before ({counts})", True
    return f"As much pipeline is created as a year before, within chance ({counts})", True


def _mix_clause(row: dict[str, Any], mix: pd.DataFrame) -> tuple[str, bool | None]:
    """How the mix of the open deals compares with what was won, and whether that is good."""
    n_open = wording.deals(row["n_open_deals"], "open deal")
    if row["mix_evidence"] == "too few deals":
        return f"there are too few deals to compare the mix of the {n_open} with what was won", None
    if row["mix_evidence"] == "inconclusive":
        return f"the {n_open} are the mix of deals that was won, within chance", True
    differs = f"the {n_open} are not the mix of deals that was won"
    claimed = mix[mix["evidence"].isin(["more than was won", "less than was won"])]
    if claimed.empty:
        feature = mix.loc[mix["feature_p_value"].idxmin(), "feature"]
        return f"{differs} ({wording.feature_title(feature)} differs)", False
    most = claimed.sort_values(["p_value", "feature", "level"]).iloc[0]
    clause = (
        f"{differs}: {wording.feature_title(most['feature'])} {most['level']} makes up "
        f"{wording.percent(most['share_open'])} of them and {wording.percent(most['share_won'])} "
        "of the deals won"
    )
    if row["closed_mix_evidence"] == "inconclusive":
        clause += "; within chance they are the mix of all deals closed so far"
    return clause, False
