from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from support.simulate import COMPARISONS, RULES
from winrate.statistics import change, proportions
from winrate.statistics.change import COUNTS, WINDOW_COLUMNS, dispersions

PRIMARY, OTHER = (comparison["name"] for comparison in COMPARISONS)
NO_YEAR_AGO = (0, 0, 0, 0)


def window(
    *counts: int,
    comparison: str = PRIMARY,
    basis: str = "closed",
    year_ago: tuple[int, int, int, int] = NO_YEAR_AGO,
) -> pd.DataFrame:
    quarters = ["2025 Q3 to 2025 Q4", "2026 Q1 to 2026 Q2"]
    is_primary = comparison == PRIMARY
    row = [comparison, basis, is_primary, *quarters, *counts, *year_ago]
    return pd.DataFrame([row], columns=WINDOW_COLUMNS)


def quarters_of(n_deals: list[int], n_won: list[int], comparison: str = PRIMARY) -> pd.DataFrame:
    columns = ["comparison", "basis", "n_deals", "n_won"]
    rows = [(comparison, "closed", *counts) for counts in zip(n_deals, n_won, strict=True)]
    return pd.DataFrame(rows, columns=columns)


# Eight quarters whose win rates vary with twice the standard deviation of chance.
DISPERSED = quarters_of([400] * 8, [160, 180, 200, 180, 204, 160, 200, 156])


def win_rate_change(
    windows: pd.DataFrame, quarters: pd.DataFrame | None = None, rules=RULES
) -> pd.DataFrame:
    if quarters is None:
        quarters = quarters_of([], [])
    return change.win_rate_change(windows, quarters, COMPARISONS, rules)


def segments(**levels: tuple[int, int, int, int]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(levels, orient="index", columns=COUNTS)
    table = table.rename_axis("level").reset_index()
    return table.assign(comparison=PRIMARY, feature="region")


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((1000, 480, 1000, 400), "declined"),
        ((1000, 400, 1000, 480), "improved"),
        ((1000, 450, 1000, 440), "no detectable change"),
        ((69, 30, 1000, 300), "too few deals"),  # 39 lost before
        ((1000, 961, 1000, 300), "too few deals"),
        ((1000, 300, 1000, 39), "too few deals"),
        ((1000, 300, 1000, 40), "declined"),
        ((1000, 300, 0, 0), "too few deals"),
        ((100, 0, 100, 0), "too few deals"),
        ((0, 0, 0, 0), "too few deals"),
    ],
)
def test_verdict_on_a_change(counts, verdict):
    row = win_rate_change(window(*counts)).iloc[0]
    assert row["verdict"] == verdict
    assert row["statement"].endswith(".")
    assert "nan" not in row["statement"]


def test_the_sentence_has_the_windows_and_the_numbers():
    statement = win_rate_change(window(1000, 480, 1000, 400))["statement"][0]
    assert statement == (
        "Of the deals closed in the last two quarters (2026 Q1 to 2026 Q2), 40.0% were won, "
        "against 48.0% in the two before (2025 Q3 to 2025 Q4): a fall of 8.0 points, more than "
        "expected by chance (95% interval -12.3 to -3.6, 1,000 against 1,000 deals)."
    )


def test_a_comparison_alone_has_the_score_test_and_its_interval():
    row = win_rate_change(window(1000, 480, 900, 400)).iloc[0]
    expected = stats.chi2_contingency([[480, 520], [400, 500]], correction=False).pvalue
    assert row["p_value"] == row["q_value"] == pytest.approx(expected)
    assert row["dispersion"] == 1
    assert np.isnan(row["year_ago_change_pp"])


def test_the_primary_comparison_may_use_half_of_the_error():
    few = (30, 10, 30, 10)
    windows = pd.concat(
        [
            window(1000, 450, 1000, 410),
            window(1000, 450, 1000, 415, basis="created"),
            window(500, 250, 500, 225, comparison=OTHER),
            window(*few, comparison=OTHER, basis="created"),
        ]
    )
    table = win_rate_change(windows)
    ratio = table["q_value"] / table["p_value"]
    # One has too few deals to be tested; the two others share the other half.
    np.testing.assert_allclose(ratio[:3], [2, 4, 4])
    assert np.isnan(ratio[3]) and np.isnan(table["detectable_pp"][3])

    without = windows.assign(
        **{name: windows[name].where(~windows["is_primary"], 10) for name in COUNTS}
    )
    ratio = win_rate_change(pd.concat([without[2:3], without[:1]]))
    assert ratio["q_value"][0] == ratio["p_value"][0]


def test_a_change_that_is_significant_alone_may_not_be_among_others():
    alone = window(2020, 889, 2019, 955)
    assert win_rate_change(alone)["verdict"][0] == "improved"
    others = [window(1000, 450, 1000, 451, comparison=OTHER) for _ in range(4)]
    among_others = win_rate_change(pd.concat([alone, *others]))
    assert among_others["p_value"][0] < 0.05 < among_others["q_value"][0]
    assert (among_others["verdict"] == "no detectable change").all()
    reasons = among_others["inconclusive_because"]
    assert reasons[0] == "may be chance among 5 comparisons" and reasons[1:].isna().all()
    assert "; may be chance among 5 comparisons; a drop of" in among_others["statement"][0]


def test_a_change_below_min_effect_pp_is_too_small_to_act_on():
    counts = (200_000, 90_000, 200_000, 91_500)
    row = win_rate_change(window(*counts)).iloc[0]
    assert row["q_value"] < 0.001
    assert row["verdict"] == "no detectable change"
    assert "a change of +0.8 points, but too small to act on" in row["statement"]
    assert row["inconclusive_because"] == "too small to act on"
    row = win_rate_change(window(*counts), rules=replace(RULES, min_effect_pp=0.5)).iloc[0]
    assert row["verdict"] == "improved"


def test_the_minimum_of_outcomes_is_a_setting():
    counts = (1000, 300, 1000, 39)
    row = win_rate_change(window(*counts), rules=replace(RULES, min_outcomes=39)).iloc[0]
    assert row["verdict"] == "declined"
    assert "low evidence" in row["statement"]


# ---- quarters that differ


@pytest.mark.parametrize(
    "quarters",
    [
        quarters_of([400] * 3, [100, 200, 300]),
        quarters_of([400] * 8, [180, 182, 178, 185, 175, 183, 181, 179]),
        quarters_of([400] * 8, [0] * 8),
        quarters_of([400] * 8, [400] * 8),
    ],
    ids=["three quarters", "alike", "all lost", "all won"],
)
def test_quarters_that_do_not_differ_have_no_dispersion(quarters):
    assert dispersions(quarters) == {}
    assert win_rate_change(window(1000, 480, 1000, 400), quarters)["dispersion"][0] == 1


def test_the_dispersion_is_that_of_a_quasi_binomial_model():
    found = dispersions(pd.concat([DISPERSED, quarters_of([400] * 4, [180] * 4, OTHER)]))
    counts = [DISPERSED["n_won"], DISPERSED["n_deals"] - DISPERSED["n_won"]]
    statistic = stats.chi2_contingency(counts, correction=False).statistic
    assert found == {(PRIMARY, "closed"): pytest.approx(statistic / 7)}
    assert found[PRIMARY, "closed"] > 3


def test_dispersion_widens_the_interval_and_raises_the_p_value():
    windows = window(1000, 480, 1000, 400)
    before, after = (win_rate_change(windows, q).iloc[0] for q in (None, DISPERSED))
    assert after["change_pp"] == before["change_pp"]
    spread = np.sqrt(after["dispersion"])
    for end in ("low", "high"):
        half_widths = [row[f"change_pp_{end}"] - row["change_pp"] for row in (before, after)]
        assert half_widths[1] == pytest.approx(spread * half_widths[0])
    z = stats.norm.isf(before["p_value"] / 2)
    assert after["p_value"] == pytest.approx(2 * stats.norm.sf(z / spread))
    assert (before["verdict"], after["verdict"]) == ("declined", "no detectable change")


@pytest.mark.parametrize("quarters", [None, DISPERSED], ids=["alike", "dispersed"])
def test_a_drop_of_the_detectable_size_is_found_by_the_verdict_in_four_of_five_builds(quarters):
    n_deals, n_runs = 2000, 300
    other = window(500, 225, 500, 225, comparison=OTHER)
    row = win_rate_change(pd.concat([window(2000, 900, 2000, 900), other]), quarters).iloc[0]
    drop = row["detectable_pp"] / 100
    by_hand = proportions.detectable_drop(
        0.45, n_deals / row["dispersion"], n_deals / row["dispersion"], 0.025
    )
    assert drop == pytest.approx(by_hand)
    rng = np.random.default_rng(1)
    excess = np.sqrt((row["dispersion"] - 1) * 0.45 * 0.55 / n_deals)
    rates = np.array([0.45, 0.45 - drop]) + rng.normal(0, excess, (n_runs, 2))
    # Each of these rows is the primary comparison of a build.
    before, after = rng.binomial(n_deals, rates).T
    builds = pd.concat([window(n_deals, 0, n_deals, 0)] * n_runs, ignore_index=True)
    builds = builds.assign(n_won_before=before, n_won_after=after)
    table = win_rate_change(pd.concat([builds, other]), quarters)
    of_builds = table[:n_runs]
    np.testing.assert_allclose(of_builds["q_value"], np.minimum(2 * of_builds["p_value"], 1))
    n_declined = (table["verdict"] == "declined").sum()
    assert n_declined / n_runs == pytest.approx(0.8, abs=0.07)


# ---- the season


@pytest.mark.parametrize(
    ("year_ago", "verdict"),
    [
        (NO_YEAR_AGO, "declined"),
        ((1000, 480, 1000, 400), "no detectable change"),  # the same change
        ((1000, 480, 1000, 435), "no detectable change"),  # more than half of it
        ((1000, 480, 1000, 445), "declined"),
        ((1000, 400, 1000, 480), "declined"),  # the other way
        ((0, 0, 1000, 480), "declined"),
        ((60, 30, 60, 10), "declined"),  # too few deals to say
    ],
)
def test_a_change_that_the_year_before_had_too_is_no_claim(year_ago, verdict):
    row = win_rate_change(window(1000, 480, 1000, 400, year_ago=year_ago)).iloc[0]
    assert row["verdict"] == verdict
    is_seasonal = verdict == "no detectable change"
    assert ("so it may be the season" in row["statement"]) == is_seasonal
    assert (row["inconclusive_because"] == "may be the season") == is_seasonal
    if is_seasonal:
        change_pp = row["year_ago_change_pp"]
        assert f"the same quarters changed by {change_pp:+.1f} points" in row["statement"]


# ---- segments


@pytest.mark.parametrize("seed", range(3))
def test_mix_and_rate_sum_to_the_change_exactly(seed):
    rng = np.random.default_rng(seed)
    n_before, n_after = rng.integers(1, 500, 5), rng.integers(1, 500, 5)
    levels = {
        f"level {i}": (n_before[i], rng.integers(0, n_before[i] + 1), n_after[i], 0)
        for i in range(5)
    }
    levels |= {"new": (0, 0, 50, 20), "gone": (60, 10, 0, 0)}
    counts = segments(**levels)
    table = change.win_rate_change_segments(counts)
    total = counts[COUNTS].sum()
    change_pp = 100 * (
        total["n_won_after"] / total["n_after"] - total["n_won_before"] / total["n_before"]
    )
    effects = table[["mix_effect_pp", "rate_effect_pp"]].to_numpy().sum()
    assert effects == pytest.approx(change_pp, abs=1e-10)
    assert table.loc[table["level"].isin(["new", "gone"]), "rate_effect_pp"].eq(0).all()


def test_a_change_of_mix_alone_has_no_rate_effect():
    table = change.win_rate_change_segments(
        segments(good=(500, 300, 200, 120), bad=(500, 100, 800, 160))
    )
    np.testing.assert_allclose(table["rate_effect_pp"], 0, atol=1e-12)
    # Losing share in the segment that wins, and gaining it in the one that does not, both cost.
    assert (table["mix_effect_pp"] < 0).all()
    assert table["mix_effect_pp"].sum() == pytest.approx(-12)


def test_a_change_of_rate_alone_has_no_mix_effect():
    table = change.win_rate_change_segments(
        segments(a=(500, 300, 500, 200), b=(500, 200, 500, 200))
    )
    table = table.set_index("level")
    np.testing.assert_allclose(table["mix_effect_pp"], 0, atol=1e-12)
    assert table.loc["a", "rate_effect_pp"] == pytest.approx(-10)
    assert table.loc["a", "change_pp"] == pytest.approx(-20)
    assert table.loc["a", "rate_effect_pp_high"] < 0 < table.loc["b", "rate_effect_pp_high"]
    np.testing.assert_allclose(
        table["rate_effect_pp_low"], table["change_pp_low"] * 0.5, atol=1e-12
    )


def test_without_windows_there_are_no_rows():
    assert win_rate_change(window(1, 1, 1, 1).head(0)).empty
    assert dispersions(quarters_of([], [])) == {}
    assert change.win_rate_change_segments(segments(a=(1, 1, 1, 1)).head(0)).empty
