from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from support.simulate import COMPARISONS, RULES
from winrate.statistics import loss_reasons
from winrate.statistics.claims import holm_in_two_parts
from winrate.statistics.loss_reasons import ALL

PRIMARY, OTHER = (comparison["name"] for comparison in COMPARISONS)
STRICT = replace(RULES, max_other_q_value=0.01)


def counted(
    comparison: str = PRIMARY,
    feature: str = ALL,
    level: str = ALL,
    dimension: str = "loss_reason",
    **of_reason: tuple[int, int],
) -> pd.DataFrame:
    """Lost deals before and after of each reason; a '_' in the name of a reason is a space."""
    table = pd.DataFrame.from_dict(
        of_reason, orient="index", columns=["n_lost_before", "n_lost_after"]
    )
    table = table.rename(lambda name: name.replace("_", " ")).rename_axis("reason").reset_index()
    return table.assign(
        comparison=comparison,
        feature=feature,
        level=level,
        dimension=dimension,
        is_primary=comparison == PRIMARY,
        rep_design_effect=1.0,
        n_all_lost_before=table["n_lost_before"].sum(),
        n_all_lost_after=table["n_lost_after"].sum(),
    )


def compared(*counts: pd.DataFrame, rules=STRICT, features=("region",), **options) -> pd.DataFrame:
    table = loss_reasons.loss_reasons(pd.concat(counts), features, COMPARISONS, rules, **options)
    return table.set_index(["comparison", "level", "dimension", "reason"])


def of_all(table: pd.DataFrame, reason: str, dimension: str = "loss_reason") -> pd.Series:
    return table.loc[(PRIMARY, ALL, dimension, reason)]


SHIFTED = counted(Price=(300, 280), Timing=(200, 320), Unknown=(100, 100))


def test_a_share_is_tested_against_the_window_before():
    row = of_all(compared(SHIFTED), "Timing")
    assert (row["share_before"], row["share_after"]) == pytest.approx((200 / 600, 320 / 700))
    assert row["change_pp"] == pytest.approx(100 * (320 / 700 - 200 / 600))
    expected = stats.chi2_contingency([[320, 380], [200, 400]], correction=False).pvalue
    assert row["p_value"] == pytest.approx(expected)
    # Holm: the smallest of three p-values; no other part uses the error.
    assert row["q_value"] == pytest.approx(3 * expected)
    assert row["evidence"] == "rose"
    assert row["statement"] == (
        "Of the deals lost in the last two quarters, 45.7% have the loss reason 'Timing', against "
        "33.3% in the two before: a rise of 12.4 points, more than expected by chance (95% interval"
        " 7.1 to 17.6, 700 against 600 lost deals)."
    )


def test_without_a_claim_there_is_no_sentence_and_an_interval_without_zero_is_explained():
    table = compared(counted(Price=(290, 295), Timing=(210, 305), Unknown=(100, 100)))
    row = of_all(table, "Price")
    assert row["evidence"] == "inconclusive" and row["change_pp_high"] < 0
    assert row["inconclusive_because"] == "may be chance among 3 shares"
    assert table["statement"].notna().tolist() == (table["evidence"] == "rose").tolist()


@pytest.mark.parametrize(
    ("dimension", "reason", "words"),
    [
        ("loss_reason", "Unknown", "45.7% have no loss reason, against"),
        ("loss_reason", "Other", "45.7% have 'Other' or a rare loss reason, against"),
        ("kind", "no decision", "45.7% ended without a decision, against"),
        ("kind", "lost to a competitor", "45.7% were lost to a competitor, against"),
        ("kind", "unknown", "45.7% were lost for an unknown reason, against"),
        ("competitor", "Acme", "45.7% name the competitor 'Acme', against"),
        ("competitor", "Unknown", "45.7% name no competitor, against"),
    ],
)
def test_a_sentence_names_what_became_more_common(dimension, reason, words):
    counts = counted(dimension=dimension, **{reason: (200, 320), "other": (400, 380)})
    assert words in of_all(compared(counts), reason, dimension)["statement"]


def test_a_segment_is_named_and_features_that_are_not_tested_are_left_out():
    shifted = {"Price": (400, 380), "Timing": (200, 320)}
    table = compared(
        SHIFTED,
        counted(feature="region", level="APAC", **shifted),
        counted(feature="deal_stage", level="Demo", **shifted),
    )
    assert set(table["feature"]) == {ALL, "region"}
    assert table.loc[(PRIMARY, "APAC", "loss_reason", "Timing"), "statement"].startswith(
        "Region APAC: of the deals lost in the last two quarters, 45.7% have"
    )


def test_half_of_the_error_is_for_all_deals_in_the_primary_comparison():
    alone = compared(SHIFTED)
    beside = compared(SHIFTED, counted(OTHER, Price=(300, 280), Timing=(200, 320)))
    assert of_all(beside, "Timing")["q_value"] == pytest.approx(
        2 * of_all(alone, "Timing")["q_value"]
    )
    others = beside.loc[OTHER]
    assert others["q_value"].tolist() == pytest.approx((2 * 2 * others["p_value"]).tolist())


def test_alike_deals_of_an_account_widen_intervals_and_weaken_the_test():
    independent, alike = (of_all(compared(SHIFTED, design_effect=d), "Timing") for d in (1.0, 4.0))
    z = [stats.norm.isf(row["p_value"] / 2) for row in (independent, alike)]
    assert z[0] == pytest.approx(2 * z[1])
    for name in ("change_pp_low", "share_after_low"):
        estimate = name.removesuffix("_low")
        widths = [row[estimate] - row[name] for row in (independent, alike)]
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.02)
    assert (independent["evidence"], alike["evidence"]) == ("rose", "inconclusive")


def test_the_larger_design_effect_counts_of_accounts_or_of_reps():
    of_reps = SHIFTED.assign(rep_design_effect=4.0)
    expected = of_all(compared(SHIFTED, design_effect=4.0), "Timing")
    for found in (compared(of_reps), compared(of_reps, design_effect=2.0)):
        assert of_all(found, "Timing")["p_value"] == pytest.approx(expected["p_value"])


def test_few_deals_of_a_reason_are_tested_exactly():
    row = of_all(compared(counted(Price=(900, 80), Timing=(20, 12))), "Timing")
    expected = stats.fisher_exact([[12, 80], [20, 900]]).pvalue
    assert row["p_value"] == pytest.approx(expected)


def test_too_few_lost_deals_are_no_claim():
    few = compared(counted(Price=(20, 300), Timing=(19, 0)))
    assert (few["evidence"] == "too few deals").all() and few["q_value"].isna().all()
    few_of_reason = compared(counted(Price=(500, 500), Timing=(0, 29)))
    assert of_all(few_of_reason, "Timing")["evidence"] == "too few deals"
    none_before = compared(counted(Price=(0, 300), Timing=(0, 200)))
    assert none_before[["share_before", "share_before_low", "change_pp"]].isna().all(axis=None)


def test_a_change_that_is_too_small_is_no_claim():
    counts = counted(Price=(600_000, 595_000), Timing=(400_000, 405_000))
    row = of_all(compared(counts), "Timing")
    assert row["q_value"] < 1e-9
    assert (row["evidence"], row["inconclusive_because"]) == ("inconclusive", "too small to act on")


def test_one_reason_for_all_and_no_reason_at_all_give_no_claim():
    assert compared(counted(Price=(500, 500)))["evidence"].tolist() == ["inconclusive"]
    empty = loss_reasons.loss_reasons(SHIFTED.head(0), ["region"], COMPARISONS, STRICT)
    assert empty.empty and empty["share_after"].dtype == float


# ---- simulations

REASONS = ["Price", "Feature gap", "Timing", "Acme", "Unknown"]
KINDS = {"Timing": "no decision", "Acme": "lost to a competitor", "Unknown": "unknown"}
CELLS = pd.DataFrame(
    product(range(3), ["APAC", "Europe", "Mars"], ["Inbound", "Outbound"], REASONS),
    columns=["quarter", "region", "source", "loss_reason"],
).assign(all=ALL, kind=lambda cells: cells["loss_reason"].map(KINDS).fillna("other"))
SIZES = {
    "quarter": {0: 0.5, 1: 0.3, 2: 0.2},
    "region": {"APAC": 0.5, "Europe": 0.4, "Mars": 0.1},
    "source": {"Inbound": 0.5, "Outbound": 0.5},
    "loss_reason": dict(zip(REASONS, [0.25, 0.2, 0.15, 0.15, 0.25], strict=True)),
}


def simulated(seed: int, n_runs: int, shift: float = 0.0) -> pd.DataFrame:
    """Counts of exports, a `run` each, of 1,500 lost deals in three quarters of unequal size.

    shift: how much of the other reasons becomes Timing in the last two.
    """
    share = np.prod([CELLS[name].map(sizes) for name, sizes in SIZES.items()], axis=0)
    is_timing, is_late = CELLS["loss_reason"] == "Timing", CELLS["quarter"] > 0
    share *= np.where(is_late, np.where(is_timing, 1 + shift / 0.15, 1 - shift / 0.85), 1)
    n_deals = np.random.default_rng(seed).multinomial(1500, share / share.sum(), n_runs)
    cells = pd.concat([CELLS] * n_runs, ignore_index=True)
    cells = cells.assign(n=n_deals.ravel(), run=np.repeat(np.arange(n_runs), len(CELLS)))
    return pd.concat(
        [
            windows_of(cells, comparison, first_after, feature, dimension)
            for comparison, first_after in [(PRIMARY, 1), (OTHER, 2)]
            for feature in ([ALL, "region", "source"] if comparison == PRIMARY else [ALL])
            for dimension in ("loss_reason", "kind")
        ]
    )


def windows_of(
    cells: pd.DataFrame, comparison: str, first_after: int, feature: str, dimension: str
) -> pd.DataFrame:
    """The counts of two windows, of which the later one begins with a quarter."""
    is_after = cells["quarter"] >= first_after
    is_before = ~is_after & (cells["quarter"] >= first_after - 1)
    counts = (
        cells.assign(n_lost_before=cells["n"] * is_before, n_lost_after=cells["n"] * is_after)
        .rename(columns={feature: "level", dimension: "reason"})
        .groupby(["run", "level", "reason"], as_index=False)[["n_lost_before", "n_lost_after"]]
        .sum()
    )
    of_level = counts.groupby(["run", "level"])[["n_lost_before", "n_lost_after"]].transform("sum")
    return counts.assign(
        n_all_lost_before=of_level["n_lost_before"],
        n_all_lost_after=of_level["n_lost_after"],
        comparison=comparison,
        is_primary=comparison == PRIMARY,
        rep_design_effect=1.0,
        feature=feature,
        dimension=dimension,
    )


def claims_of_runs(counts: pd.DataFrame, rules) -> pd.DataFrame:
    """The rows of many exports with their `run` and `is_claim`.

    One call tests all, since a p-value depends on its own row only; what is corrected is corrected
    among the rows of a run, as of one export.
    """
    of_runs = counts.assign(level=counts["level"] + " " + counts["run"].astype(str))
    table = loss_reasons.loss_reasons(of_runs, ["region", "source"], COMPARISONS, rules)
    table["run"] = table["level"].str.rsplit(" ", n=1).str[1]
    is_first = (table["comparison"] == PRIMARY) & (table["feature"] == ALL)
    q_value = pd.concat(
        holm_in_two_parts(p_values, is_first[p_values.index])
        for _, p_values in table.groupby("run")["p_value"]
    )
    return table.assign(is_claim=q_value < rules.max_other_q_value)


def test_nothing_is_claimed_of_reasons_at_random():
    """In 200 runs: at most an error of 5%, and two standard errors of the simulation."""
    table = claims_of_runs(simulated(1, 200), RULES)
    is_wrong = table.groupby("run")["is_claim"].any()
    assert len(is_wrong) == 200
    assert is_wrong.mean() <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


def test_a_shift_of_fifteen_points_is_found():
    table = claims_of_runs(simulated(2, 50, shift=0.15), STRICT)
    of_all_deals = table[(table["comparison"] == PRIMARY) & (table["feature"] == ALL)]
    for reason in ("Timing", "no decision"):
        found = of_all_deals[of_all_deals["reason"] == reason]
        assert len(found) == 50
        assert (found["is_claim"] & (found["change_pp"] > 0)).mean() > 0.95


def test_reps_who_name_reasons_in_their_own_way_and_lose_more_or_fewer_deals_change_no_share():
    """In 400 runs of 20 reps an error of 5% at most; without the design effect, more than 10%."""
    n_runs = 400
    timing, n_lost = lost_by_rep(np.random.default_rng(3), n_runs)
    counts = pd.DataFrame(timing.sum(axis=2), columns=["n_lost_before", "n_lost_after"]).assign(
        comparison=PRIMARY,
        is_primary=True,
        feature=ALL,
        level=np.arange(n_runs).astype(str),
        dimension="loss_reason",
        reason="Timing",
        n_all_lost_before=N_LOST,
        n_all_lost_after=N_LOST,
    )
    share_of_errors = {}
    for name, effect in [("allowed for", rep_effect(timing, n_lost)), ("ignored", 1.0)]:
        table = compared(counts.assign(rep_design_effect=effect))
        share_of_errors[name] = (table["p_value"] < 0.05).mean()
    assert share_of_errors["allowed for"] <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / n_runs)
    assert share_of_errors["ignored"] > 0.1


N_LOST = 700  # deals in a window


def lost_by_rep(rng: np.random.Generator, n_runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Deals that 20 reps lost for one reason, and for any: by run, window and rep."""
    size = rng.lognormal(sigma=0.5, size=(n_runs, 2, 20))
    size *= rng.lognormal(sigma=0.5, size=(n_runs, 1, 20))
    n_lost = rng.multinomial(N_LOST, size / size.sum(axis=2, keepdims=True))
    share = rng.beta(0.3 * 9, 0.7 * 9, size=(n_runs, 1, 20))  # an intraclass correlation of 0.1
    return rng.binomial(n_lost, share), n_lost


def rep_effect(of_reason: np.ndarray, n_lost: np.ndarray) -> np.ndarray:
    """The design effect of reps in each run, as the model loss_rep_effects has it."""
    share = of_reason.sum(axis=(1, 2)) / n_lost.sum(axis=(1, 2))
    by_window = (of_reason - share[:, None, None] * n_lost) / N_LOST
    scores = by_window[:, 1] - by_window[:, 0]
    of_reps = 20 / 19 * (scores**2).sum(axis=1)
    return np.maximum(of_reps / (share * (1 - share) * 2 / N_LOST), 1.0)
