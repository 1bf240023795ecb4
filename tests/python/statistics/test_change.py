import numpy as np
import pandas as pd
import pytest

from support.simulate import RULES
from winrate.statistics import change
from winrate.statistics.change import COUNTS, WINDOW_COLUMNS

COMPARISONS = [
    {"name": "last two quarters", "after": "the last two quarters", "before": "the two before"}
]


def window(*counts: int) -> pd.DataFrame:
    quarters = ["2025 Q3 to 2025 Q4", "2026 Q1 to 2026 Q2"]
    return pd.DataFrame(
        [["last two quarters", "closed", *quarters, *counts]], columns=WINDOW_COLUMNS
    )


def win_rate_change(windows: pd.DataFrame) -> pd.DataFrame:
    return change.win_rate_change(windows, COMPARISONS, RULES)


def win_rate_change_segments(counts: pd.DataFrame) -> pd.DataFrame:
    return change.win_rate_change_segments(counts, RULES)


def segments(**levels: tuple[int, int, int, int]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(levels, orient="index", columns=COUNTS)
    table = table.rename_axis("level").reset_index()
    return table.assign(comparison="last two quarters", feature="region")


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((1000, 480, 1000, 400), "declined"),
        ((1000, 400, 1000, 480), "improved"),
        ((1000, 450, 1000, 440), "no detectable change"),
        ((39, 30, 1000, 300), "too few deals"),
        ((1000, 300, 0, 0), "too few deals"),
        ((100, 0, 100, 0), "no detectable change"),
    ],
)
def test_verdict_on_a_change(counts, verdict):
    row = win_rate_change(window(*counts)).iloc[0]
    assert row["verdict"] == verdict
    assert row["statement"].endswith(".")


def test_the_sentence_has_the_windows_and_the_numbers():
    statement = win_rate_change(window(1000, 480, 1000, 400))["statement"][0]
    assert statement == (
        "Of the deals closed in the last two quarters (2026 Q1 to 2026 Q2), 40.0% were won, "
        "against 48.0% in the two before (2025 Q3 to 2025 Q4): a fall of 8.0 points, more than "
        "expected by chance (95% interval -12.3 to -3.6, 1,000 against 1,000 deals)."
    )


def test_a_claim_is_corrected_for_how_many_comparisons_were_made():
    alone = window(2020, 889, 2019, 955)
    assert win_rate_change(alone)["verdict"][0] == "improved"
    others = [window(1000, 450, 1000, 451) for _ in range(4)]
    among_others = win_rate_change(pd.concat([alone, *others]))
    assert among_others["p_value"][0] < 0.05
    assert (among_others["verdict"] == "no detectable change").all()
    corrected = "no significant change after correction for the number of comparisons"
    assert corrected in among_others["statement"].iloc[0]


@pytest.mark.parametrize("seed", range(5))
def test_mix_and_rate_sum_to_the_change_exactly(seed):
    rng = np.random.default_rng(seed)
    n_before, n_after = rng.integers(1, 500, 5), rng.integers(1, 500, 5)
    levels = {
        f"level {i}": (n_before[i], rng.integers(0, n_before[i] + 1), n_after[i], 0)
        for i in range(5)
    }
    levels |= {"new": (0, 0, 50, 20), "gone": (60, 10, 0, 0)}
    counts = segments(**levels)
    table = win_rate_change_segments(counts)
    total = counts[COUNTS].sum()
    change_pp = 100 * (
        total["n_won_after"] / total["n_after"] - total["n_won_before"] / total["n_before"]
    )
    effects = table[["mix_effect_pp", "rate_effect_pp"]].to_numpy().sum()
    assert effects == pytest.approx(change_pp, abs=1e-10)
    assert table.loc[table["level"].isin(["new", "gone"]), "rate_effect_pp"].eq(0).all()


def test_a_change_of_mix_alone_has_no_rate_effect():
    table = win_rate_change_segments(segments(good=(500, 300, 200, 120), bad=(500, 100, 800, 160)))
    np.testing.assert_allclose(table["rate_effect_pp"], 0, atol=1e-12)
    # Losing share in the segment that wins, and gaining it in the one that does not, both cost.
    assert (table["mix_effect_pp"] < 0).all()
    assert table["mix_effect_pp"].sum() == pytest.approx(-12)


def test_a_change_of_rate_alone_has_no_mix_effect():
    table = win_rate_change_segments(segments(a=(500, 300, 500, 200), b=(500, 200, 500, 200)))
    table = table.set_index("level")
    np.testing.assert_allclose(table["mix_effect_pp"], 0, atol=1e-12)
    assert table.loc["a", "rate_effect_pp"] == pytest.approx(-10)
    assert table.loc["a", "evidence"] == "got worse"
    assert table.loc["b", "evidence"] == "inconclusive"
    assert table.loc["a", "rank"] == 1


def test_without_windows_there_are_no_rows():
    assert win_rate_change(window(1, 1, 1, 1).head(0)).empty
    assert win_rate_change_segments(segments(a=(1, 1, 1, 1)).head(0)).empty
