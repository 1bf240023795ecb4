"""Whether models of all features fit into memory, and which features to leave out if not."""

import math
from collections.abc import Sequence

import pandas as pd

from winrate import wording
from winrate.project import SettingsError

# Numbers in a design matrix of the profiles. Scoring takes five such matrices at once, 2 GB.
MAX_NUMBERS = 50_000_000


def check_size(profiles: pd.DataFrame, features: Sequence[str]) -> None:
    """Raise SettingsError where the features have too many combinations of levels to be fitted.

    profiles: one row or more per distinct combination of levels. The sentence names the features
        without which the models fit: those with the most levels.
    """
    n_levels = {name: int(profiles[name].nunique()) for name in features}
    kept = sorted(features, key=lambda name: (n_levels[name], name))
    left_out: list[str] = []
    while kept and _n_numbers(profiles, {name: n_levels[name] for name in kept}) > MAX_NUMBERS:
        left_out.append(kept.pop())
    if not left_out:
        return
    listed = ", ".join(f"{name} ({wording.count(n_levels[name])})" for name in left_out)
    raise SettingsError(
        f"{wording.count(len(profiles))} combinations of levels of {len(features)} features are "
        f"too many to be fitted; leave {len(left_out)} features out of `features`, or group their "
        f"levels: {listed}."
    )


def _n_numbers(profiles: pd.DataFrame, n_levels: dict[str, int]) -> int:
    """The numbers in the design matrix of some features, a column per level."""
    n_columns = sum(n_levels.values())
    n_rows = min(len(profiles), math.prod(n_levels.values()))
    if n_rows * n_columns <= MAX_NUMBERS:
        return n_rows * n_columns
    return profiles.groupby(list(n_levels), observed=True, sort=False).ngroups * n_columns
