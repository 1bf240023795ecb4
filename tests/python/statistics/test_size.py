"""Features that have too many combinations of levels to be fitted."""

import re

import numpy as np
import pandas as pd
import pytest

from winrate.project import SettingsError
from winrate.statistics import size


def profiles_with_levels(**n_levels: int) -> pd.DataFrame:
    """1,000 profiles, no two with the same levels, of features with so many levels."""
    rng = np.random.default_rng(0)
    levels = {name: rng.permutation(1000) % n for name, n in n_levels.items()}
    return pd.DataFrame(levels).astype("category")


@pytest.mark.parametrize(
    ("max_numbers", "left_out"),
    [(200_000, None), (130_000, "wide (100)"), (60_000, "wide (100), middle (50)")],
)
def test_features_with_the_most_levels_are_to_be_left_out(monkeypatch, max_numbers, left_out):
    monkeypatch.setattr(size, "MAX_NUMBERS", max_numbers)
    profiles = profiles_with_levels(middle=50, wide=100, narrow=40)
    if left_out is None:
        return size.check_size(profiles, list(profiles))
    with pytest.raises(SettingsError, match=re.escape(f"group their levels: {left_out}.")):
        size.check_size(profiles, list(profiles))


def test_few_combinations_of_many_deals_fit(monkeypatch):
    monkeypatch.setattr(size, "MAX_NUMBERS", 100)
    profiles = pd.concat([profiles_with_levels(region=4, source=5)] * 10)
    size.check_size(profiles, ["region"])
    with pytest.raises(SettingsError, match="source"):
        size.check_size(profiles, ["region", "source"])
