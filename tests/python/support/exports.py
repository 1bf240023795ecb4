"""Exports made of the sample."""

from pathlib import Path

import pandas as pd

from support.paths import SAMPLE


def sample_deals() -> pd.DataFrame:
    """The deals of the sample, each cell as text or missing."""
    return pd.read_csv(SAMPLE, dtype=str)


def small_export(path: Path, n_deals: int, **columns: object) -> Path:
    """The first deals of the sample, with some columns set to one value."""
    sample_deals().head(n_deals).assign(**columns).to_csv(path, index=False)
    return path
