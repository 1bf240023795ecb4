"""Rules that all estimates share."""

import pandas as pd
import pytest

from winrate.statistics.claims import chance_among, explained, noted


def test_only_an_interval_without_zero_and_without_a_claim_is_explained():
    rows = {
        "above": (1.0, 3.0, False, "reason"),
        "below": (-3.0, -1.0, False, "reason"),
        "a claim": (1.0, 3.0, True, None),
        "contains zero": (-1.0, 3.0, False, None),
        "has none": (float("nan"), float("nan"), False, None),
    }
    low, high, is_claim, expected = zip(*rows.values(), strict=True)
    reasons = ["reason"] * len(rows)
    found = explained(pd.Series(low), pd.Series(high), pd.Series(is_claim), reasons)
    assert found == list(expected)


@pytest.mark.parametrize(
    ("n_tests", "text"), [(157, "may be chance among 157 pairs"), (1, "may be chance")]
)
def test_chance_counts_what_was_tested(n_tests, text):
    assert chance_among(n_tests, "pair") == text


def test_a_sentence_adds_a_reason_where_there_is_one():
    assert noted("may be chance") == "; may be chance"
    assert noted(None) == noted(float("nan")) == ""  # pandas turns the one into the other
