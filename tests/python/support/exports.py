"""Exports made of the sample."""

from pathlib import Path

import pandas as pd

from support.paths import SAMPLE

# What the sample has beyond the columns that most exports have; tests add such columns themselves.
DETAILS = [
    *("deal_name", "account_id", "account_name", "pipeline_name"),
    *("loss_reason", "competitor"),
]


def sample_deals() -> pd.DataFrame:
    """The deals of the sample without `DETAILS`, each cell as text or missing."""
    return pd.read_csv(SAMPLE, dtype=str).drop(columns=DETAILS)


def small_export(path: Path, n_deals: int, **columns: object) -> Path:
    """The first deals of the sample, with some columns set to one value."""
    sample_deals().head(n_deals).assign(**columns).to_csv(path, index=False)
    return path
