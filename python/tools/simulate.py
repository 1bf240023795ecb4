"""Simulated deals with known truth: how often the claims are right.

Run as `make evidence`. Every study is a function of its seeds, so that a reader gets the same
figures; they stand in docs/method.md, written there by this module. The tests run smaller ones.
"""

import argparse
import itertools
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats
from scipy.special import expit, logit

from tools.docs import markdown
from winrate import project
from winrate.statistics import change, drivers, interactions, verdict
from winrate.statistics.claims import ClaimRules

# Features and shares of levels as in the reference data: all levels of a feature alike.
LEVELS = {
    "industry": ["EdTech", "Ecommerce", "FinTech", "HealthTech", "SaaS"],
    "region": ["APAC", "Europe", "India", "North America"],
    "product_type": ["Core", "Enterprise", "Pro"],
    "lead_source": ["Inbound", "Outbound", "Partner", "Referral"],
    "deal_stage": ["Closed", "Demo", "Negotiation", "Proposal", "Qualified"],
    "sales_cycle_days": ["31-60", "61-90", "over 90", "up to 30"],
    "deal_amount": ["band 1", "band 2", "band 3", "band 4"],
}
FEATURES = list(LEVELS)
WIN_RATE = 0.45
QUARTERS = 8
SETTINGS = project.project_vars()
RULES = ClaimRules(**{field.name: SETTINGS[field.name] for field in fields(ClaimRules)})
COMPARISONS = SETTINGS["comparisons"]
PRIMARY = next(each["name"] for each in COMPARISONS if each["is_primary"])

N_RUNS = 400
FIRST_SEED = 20_261
EFFECTS = (0.2, 0.4, 0.6, 0.8)  # planted log-odds
SIZES = (500, 1000, 2000, 5000, 10_000)  # closed deals

METHOD = project.ROOT / "docs" / "method.md"
PICTURE = project.ROOT / "docs" / "images" / "sensitivity.svg"
BLOCK = "evidence"


# ---- simulated deals


def simulated_deals(
    n_deals: int,
    seed: int,
    effects: dict[tuple[str, str], float] | None = None,
    effects_after: dict[tuple[str, str], float] | None = None,
    shares_after: dict[str, list[float]] | None = None,
) -> pd.DataFrame:
    """One row per closed deal: the levels of FEATURES, `quarter` of its close, `is_won`.

    effects: log-odds that a (feature, level) adds to a win rate of 45%, throughout.
    effects_after, shares_after: what holds beside, or instead, in the last two quarters.
    """
    rng = np.random.default_rng(seed)
    quarter = np.sort(rng.integers(0, QUARTERS, n_deals))
    is_after = quarter >= QUARTERS - 2
    deals = pd.DataFrame({"quarter": quarter})
    for feature, levels in LEVELS.items():
        column = rng.choice(levels, n_deals)
        if shares_after and feature in shares_after:
            shifted = rng.choice(levels, n_deals, p=shares_after[feature])
            column = np.where(is_after, shifted, column)
        deals[feature] = column
    log_odds = np.full(n_deals, logit(WIN_RATE))
    for when, planted in [(True, effects or {}), (is_after, effects_after or {})]:
        for (feature, level), effect in planted.items():
            log_odds = log_odds + effect * ((deals[feature] == level) & when)
    return deals.assign(is_won=(rng.random(n_deals) < expit(log_odds)).astype(int))


def profiles_of(deals: pd.DataFrame, features: list[str] = FEATURES) -> pd.DataFrame:
    """The counts of profiles.driver_profiles; the holdout are the last rows.

    deals: one row per closed deal, in order of close date, with `features` and `is_won`.
    """
    n_training = (1 - SETTINGS["holdout_share"]) * len(deals)
    is_holdout = np.arange(1, len(deals) + 1) > n_training
    return (
        deals.assign(is_holdout=is_holdout, holdout_won=is_holdout & (deals["is_won"] == 1))
        .groupby(features, as_index=False)
        .agg(
            n_deals=("is_won", "size"),
            n_won=("is_won", "sum"),
            n_holdout_deals=("is_holdout", "sum"),
            n_holdout_won=("holdout_won", "sum"),
        )
    )


def window_counts(deals: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Closed and won deals before and after, per comparison and level of `by`."""
    parts = []
    for comparison in COMPARISONS:
        length, back = comparison["quarters"], comparison["quarters_back"]
        start = QUARTERS - length
        is_after = deals["quarter"] >= start
        is_before = deals["quarter"].between(start - back, start - back + length - 1)
        for feature in by or [None]:
            counted = pd.DataFrame(
                {
                    "n_before": is_before.astype(int),
                    "n_won_before": is_before * deals["is_won"],
                    "n_after": is_after.astype(int),
                    "n_won_after": is_after * deals["is_won"],
                }
            )
            level = deals[feature] if feature else pd.Series("all", index=deals.index)
            table = counted.groupby(level.rename("level")).sum().reset_index()
            parts.append(table.assign(comparison=comparison["name"], feature=feature))
    return pd.concat(parts, ignore_index=True)


def overall_change(deals: pd.DataFrame) -> pd.DataFrame:
    """drivers.win_rate_change on basis 'closed' of simulated deals."""
    windows = window_counts(deals, []).assign(
        basis="closed", before_quarters="before", after_quarters="after"
    )
    return change.win_rate_change(windows, COMPARISONS, RULES)


# ---- studies


def claims_on_noise(n_deals: int, seed: int) -> dict[str, bool]:
    """What is claimed on deals where nothing is planted: each claim is wrong."""
    deals = simulated_deals(n_deals, seed)
    profiles = profiles_of(deals)
    segments = change.win_rate_change_segments(window_counts(deals, FEATURES), RULES)
    named = interactions.segment_pairs(profiles, FEATURES, RULES)
    found = drivers.win_rate_drivers(profiles, FEATURES, [], RULES)["evidence"]
    return {
        "verdict is 'signal'": verdict.model_verdict(profiles, FEATURES, RULES)["verdict"][0]
        == "signal",
        "any driver named": found.isin(["helps", "hurts"]).any(),
        "any change of the win rate": overall_change(deals)["verdict"]
        .isin(["improved", "declined"])
        .any(),
        "any segment that changed": segments["evidence"].isin(["got better", "got worse"]).any(),
        "any pair of levels": named["evidence"].isin(["better together", "worse together"]).any(),
    }


PLANTED = [
    ("industry", "FinTech", 1),
    ("industry", "HealthTech", -1),
    ("lead_source", "Referral", 1),
    ("lead_source", "Partner", -1),
]


def drivers_found(n_deals: int, effect: float, seed: int) -> dict[str, float]:
    """How many of four planted drivers are found, and how many others are named beside them.

    Two features have one level that helps and one that hurts as much, so that their other levels
    are, but for a little curvature, as good as the average deal.
    """
    effects = {(feature, level): sign * effect for feature, level, sign in PLANTED}
    table = drivers.win_rate_drivers(
        profiles_of(simulated_deals(n_deals, seed, effects)), FEATURES, [], RULES
    )
    evidence = table.set_index(["feature", "level"])["evidence"]
    named = evidence[evidence.isin(["helps", "hurts"])]
    right = sum(
        named.get((feature, level)) == ("helps" if sign > 0 else "hurts")
        for feature, level, sign in PLANTED
    )
    # What is planted is in two features; a claim about any other feature is false.
    wrong = sum(feature not in ("industry", "lead_source") for feature, _ in named.index)
    return {
        "effect_pp": table.set_index(["feature", "level"])
        .loc[[(feature, level) for feature, level, _ in PLANTED], "effect_pp"]
        .abs()
        .mean(),
        "sensitivity": right / len(PLANTED),
        "false": wrong / max(len(named), 1),
    }


def effects_covered(n_deals: int, seed: int) -> dict[str, float]:
    """The share of intervals of effect_pp that hold the true effect."""
    effects = {(feature, level): 0.6 * sign for feature, level, sign in PLANTED}
    deals = simulated_deals(n_deals, seed, effects)
    table = drivers.win_rate_drivers(profiles_of(deals), FEATURES, [], RULES).set_index(
        ["feature", "level"]
    )

    def true_rate(rows: pd.DataFrame) -> float:
        log_odds = np.full(len(rows), logit(WIN_RATE))
        for (feature, level), effect in effects.items():
            log_odds = log_odds + effect * (rows[feature] == level)
        return expit(log_odds).mean()

    overall = true_rate(deals)
    truth = pd.Series(
        {key: 100 * (true_rate(deals.assign(**{key[0]: key[1]})) - overall) for key in table.index}
    )
    return {"covered": truth.between(table["effect_pp_low"], table["effect_pp_high"]).mean()}


# A scenario: log-odds throughout, log-odds after, shares after, verdict, the segment behind it.
APAC, PARTNER = ("region", "APAC"), ("lead_source", "Partner")
MORE_PARTNERS = {"lead_source": [0.15, 0.15, 0.55, 0.15]}
SCENARIOS = {
    "decline by rate": ({}, {APAC: -1.2}, None, "declined", APAC),
    "decline by mix": ({PARTNER: -1.0}, {}, MORE_PARTNERS, "declined", PARTNER),
    "decline by both": ({PARTNER: -1.0}, {APAC: -1.2}, MORE_PARTNERS, "declined", None),
    "improvement by rate": ({}, {APAC: 1.2}, None, "improved", APAC),
}


def change_explained(scenario: str, n_deals: int, seed: int) -> dict[str, float]:
    """Whether a planted change is seen, put down to the right segment, and sized rightly."""
    effects, effects_after, shares_after, right_verdict, culprit = SCENARIOS[scenario]
    deals = simulated_deals(n_deals, seed, effects, effects_after, shares_after)
    overall = overall_change(deals).set_index("comparison").loc[PRIMARY]
    table = change.win_rate_change_segments(window_counts(deals, FEATURES), RULES)
    table = table[table["comparison"] == PRIMARY].set_index(["feature", "level"])
    largest = table["total_effect_pp"].abs().groupby("feature").idxmax()
    culprits = [culprit] if culprit else [APAC, PARTNER]
    found = {
        "right verdict": overall["verdict"] == right_verdict,
        "right segment on top": all(largest[key[0]] == key for key in culprits),
    }
    truth = true_segment_effects(scenario)
    for effect in ("mix", "rate", "total"):
        rows = table.loc[list(truth)]
        true = pd.Series({key: truth[key][effect] for key in truth})
        column = f"{effect}_effect_pp"
        found[f"{effect} covered"] = true.between(
            rows[f"{column}_low"], rows[f"{column}_high"]
        ).mean()
    return found


def true_segment_effects(scenario: str) -> dict[tuple[str, str], dict[str, float]]:
    """True mix, rate and total effect, in points, of the two segments that may change."""
    effects, effects_after, shares_after, _, _ = SCENARIOS[scenario]
    cells = pd.DataFrame(
        itertools.product(LEVELS["region"], LEVELS["lead_source"]),
        columns=["region", "lead_source"],
    )
    windows = []
    for after in (False, True):
        source_shares = [0.25] * 4
        if after and shares_after:
            source_shares = shares_after["lead_source"]
        weight = 0.25 * cells["lead_source"].map(
            dict(zip(LEVELS["lead_source"], source_shares, strict=True))
        )
        log_odds = np.full(len(cells), logit(WIN_RATE))
        for planted in (effects, effects_after if after else {}):
            for (feature, level), effect in planted.items():
                log_odds = log_odds + effect * (cells[feature] == level)
        windows.append((weight, expit(log_odds)))
    return {key: _kitagawa(cells[key[0]] == key[1], windows) for key in (APAC, PARTNER)}


def _kitagawa(has_level: pd.Series, windows: list) -> dict[str, float]:
    (share0, rate0, all0), (share1, rate1, all1) = (
        (
            weight[has_level].sum(),
            (weight * rate)[has_level].sum() / weight[has_level].sum(),
            (weight * rate).sum(),
        )
        for weight, rate in windows
    )
    mix = 100 * (share1 - share0) * ((rate0 + rate1) / 2 - (all0 + all1) / 2)
    rate = 100 * (rate1 - rate0) * (share0 + share1) / 2
    return {"mix": mix, "rate": rate, "total": mix + rate}


# ---- running and writing


def average(
    study: Callable[[int], dict], seeds: Iterable[int], n_processes: int = os.cpu_count() or 1
) -> pd.Series:
    """The mean of each figure of a study over the seeds; with one process in this one."""
    if n_processes == 1:
        return pd.DataFrame(map(study, seeds)).astype(float).mean()
    with ProcessPoolExecutor(n_processes) as pool:
        return pd.DataFrame(pool.map(study, seeds, chunksize=4)).astype(float).mean()


def false_claim_table(n_runs: int) -> pd.DataFrame:
    """Share of simulated builds without any truth in them that claim something."""
    seeds = range(FIRST_SEED, FIRST_SEED + n_runs)
    columns = {
        f"{n_deals:,} deals": average(partial(claims_on_noise, n_deals), seeds) * n_runs
        for n_deals in (500, 5000)
    }
    table = pd.DataFrame(columns).round().astype(int)
    table["allowed"] = int(stats.binom.ppf(0.975, n_runs, 0.05))
    return table.rename_axis(f"claim, in {n_runs} builds").reset_index()


def sensitivity_table(n_runs: int) -> pd.DataFrame:
    """Sensitivity and false-discovery proportion by planted effect and number of deals."""
    rows = []
    for effect, n_deals in itertools.product(EFFECTS, SIZES):
        seeds = range(FIRST_SEED, FIRST_SEED + n_runs)
        found = average(partial(drivers_found, n_deals, effect), seeds)
        rows.append({"log-odds": effect, "deals": n_deals, **found})
    return pd.DataFrame(rows)


def change_table(n_runs: int, n_deals: int = 6000) -> pd.DataFrame:
    """How often a planted change is seen, explained and sized rightly."""
    seeds = range(FIRST_SEED, FIRST_SEED + n_runs)
    rows = {
        scenario: average(partial(change_explained, scenario, n_deals), seeds)
        for scenario in SCENARIOS
    }
    return pd.DataFrame(rows).T.rename_axis(f"planted, in {n_deals:,} deals").reset_index()


def draw_sensitivity(table: pd.DataFrame, path: Path) -> None:
    """Sensitivity against the number of deals, one line per size of effect."""
    with matplotlib.rc_context({"svg.hashsalt": "winrate", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 4), layout="constrained")
        axes = figure.subplots()
        for _, rows in table.groupby("log-odds"):
            label = f"{rows['effect_pp'].iloc[-1]:.0f} points"
            axes.plot(rows["deals"], 100 * rows["sensitivity"], marker="o", label=label)
        axes.set_xscale("log")
        axes.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
        axes.minorticks_off()
        axes.set_xlabel("closed deals")
        axes.set_ylabel("planted drivers found, %")
        axes.legend(title="effect", frameon=False)
        axes.grid(alpha=0.3)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None})


def shown_table(table: pd.DataFrame) -> str:
    """A table in Markdown; shares below or at 1 as percent."""

    def cell(value: object) -> str:
        if isinstance(value, float):
            return f"{100 * value:.1f}%"
        return f"{value:,}" if isinstance(value, int | np.integer) else str(value)

    rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
    return markdown.table(list(table.columns), rows)


def main() -> None:
    """Run all studies and write their tables and picture into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=N_RUNS, help="simulated builds per study")
    n_runs = parser.parse_args().runs
    sensitivity = sensitivity_table(max(n_runs // 10, 2))
    draw_sensitivity(sensitivity, PICTURE)
    seeds = range(FIRST_SEED, FIRST_SEED + n_runs)
    covered = average(partial(effects_covered, 3000), seeds)["covered"]
    shown = sensitivity.assign(effect=[f"{value:.1f} points" for value in sensitivity["effect_pp"]])
    shown = shown[["log-odds", "effect", "deals", "sensitivity", "false"]]
    shown = shown.assign(**{"log-odds": shown["log-odds"].astype(str)}).rename(
        columns={"sensitivity": "found", "false": "false among claims"}
    )
    block = "\n".join(
        [
            f"Seeds {FIRST_SEED} to {FIRST_SEED + n_runs - 1}; no data but simulated ones.\n",
            "Nothing planted: builds that claim something all the same.\n",
            shown_table(false_claim_table(n_runs)),
            f"Planted drivers, {max(n_runs // 10, 2)} builds each: how many are found, and how "
            "many of the claims are about features where nothing is planted.\n",
            shown_table(shown),
            f"![Sensitivity by number of deals and size of effect](images/{PICTURE.name})\n",
            f"Planted changes, {n_runs} builds each: verdict, the segment with the largest total "
            "effect, and the share of 95% intervals that hold the true effect.\n",
            shown_table(change_table(n_runs)),
            f"Intervals of `effect_pp` that hold the true effect, 3,000 deals, {n_runs} builds: "
            f"{100 * covered:.1f}%.\n",
        ]
    )
    markdown.write_block(METHOD, BLOCK, block)
    print(block)


if __name__ == "__main__":
    main()
