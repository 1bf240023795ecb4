"""The driver step beside other ways to fit the same logistic regression.

Each fits the win rate of the closed deals of an export in Parquet on its five categories and on
bands of its two numbers, in a process of its own: python -m tools.benchmarks.peers METHOD PATH
prints the seconds that it takes, without those of its imports.
"""

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from tools.benchmarks.exports import LEVELS, write_export
from tools.benchmarks.measure import Measured, measured
from winrate import project

MEMORY_LIMIT = "512MB"  # of DuckDB, which groups the deals
BANDS = {"sales_cycle_days": (30, 60, 90), "deal_amount": (8_000, 13_000, 22_000)}
FEATURES = [*LEVELS, *BANDS]
CLOSED = "outcome != 'Open'"
IS_WON = "cast(outcome = 'Won' as int)"


@dataclass(frozen=True)
class PeerTimes:
    """What a method took.

    scale: of its deals to those of the others, where it had fewer. step_seconds: for its own deals,
        without the imports. measured: the whole process.
    """

    method: str
    n_deals: int
    scale: int
    step_seconds: float
    measured: Measured

    @property
    def seconds(self) -> float:
        """Of the step for the deals of the others, extrapolated linearly where it had fewer."""
        return self.step_seconds * self.scale


def measured_peers(n_deals: int, n_recipe_deals: int, folder: Path) -> list[PeerTimes]:
    """Measure every method, with reading the file."""
    path = write_export(folder / "peers.parquet", n_deals)
    fewer = write_export(folder / "recipe.parquet", n_recipe_deals)
    found = []
    for method in METHODS:
        is_recipe = method == "original recipe"
        command = (sys.executable, "-m", "tools.benchmarks.peers", method)
        times = measured(*command, str(fewer if is_recipe else path), cwd=project.ROOT)
        scale = n_deals // n_recipe_deals if is_recipe else 1
        n_own = n_recipe_deals if is_recipe else n_deals
        found.append(PeerTimes(method, n_own, scale, float(times.printed.split()[-1]), times))
    return found


def fit_winrate(path: Path) -> np.ndarray:
    """Group the deals in DuckDB and fit on profiles; returns the probability per profile."""
    from winrate.statistics.profile_regression import profile_model

    return profile_model(profiles(path), FEATURES).fit().probability


def fit_glum(path: Path) -> np.ndarray:
    """Fit with glum on a row per deal and categorical blocks; returns the probability per deal."""
    from glum import GeneralizedLinearRegressor

    deals = categorical_deals(path)
    model = GeneralizedLinearRegressor(family="binomial", alpha=0, drop_first=True)
    return model.fit(deals[FEATURES], deals["is_won"]).predict(deals[FEATURES])


def fit_newton_cholesky(path: Path) -> np.ndarray:
    """Fit with scikit-learn on a dense one-hot matrix; returns the probability per deal."""
    from sklearn.linear_model import LogisticRegression

    deals = categorical_deals(path)
    design = pd.get_dummies(deals[FEATURES], drop_first=True, dtype=float).to_numpy()
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-6)
    return model.fit(design, deals["is_won"]).predict_proba(design)[:, 1]


def fit_recipe(path: Path) -> np.ndarray:
    """Fit the original recipe on one-hot and raw numeric columns; returns its coefficients."""
    from winrate.statistics.importance import feature_importance

    deals = pd.read_parquet(path).query(CLOSED)
    deals = deals.assign(is_won=(deals["outcome"] == "Won").astype(int))
    return feature_importance(deals, list(LEVELS), list(BANDS))["coefficient"].to_numpy()


def profiles(path: Path) -> pd.DataFrame:
    """One row per combination of levels, with `n_deals` and `n_won`."""
    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as connection:
        return connection.execute(
            f"""
            select {_levels()}, count(*) as n_deals, sum({IS_WON}) as n_won
            from '{path}' where {CLOSED} group by all order by all
            """
        ).df()


def categorical_deals(path: Path) -> pd.DataFrame:
    """One row per closed deal: its levels as categories, and `is_won`."""
    with duckdb.connect() as connection:
        table = connection.execute(
            f"select {_levels()}, {IS_WON} as is_won from '{path}' where {CLOSED}"
        ).to_arrow_table()
    columns = {name: table[name].dictionary_encode().to_pandas() for name in FEATURES}
    return pd.DataFrame(columns).assign(is_won=table["is_won"].to_numpy())


def _levels() -> str:
    """The levels of each feature, as SQL: a band has the name of its upper edge."""
    bands = []
    for name, edges in BANDS.items():
        cases = " ".join(f"when {name} <= {edge} then '{edge}'" for edge in edges)
        bands.append(f"case {cases} else 'over' end as {name}")
    return ", ".join([*LEVELS, *bands])


# The module that each method takes its time to import, and the method.
METHODS: dict[str, tuple[str, Callable[[Path], np.ndarray]]] = {
    "winrate": ("winrate.statistics.profile_regression", fit_winrate),
    "glum": ("glum", fit_glum),
    "newton-cholesky": ("sklearn.linear_model", fit_newton_cholesky),
    "original recipe": ("winrate.statistics.importance", fit_recipe),
}


def step_seconds(method: str, path: Path) -> float:
    """Seconds that a method takes for an export, after its imports."""
    module, fit = METHODS[method]
    importlib.import_module(module)
    start = time.perf_counter()
    fit(path)
    return time.perf_counter() - start


if __name__ == "__main__":
    print(step_seconds(sys.argv[1], Path(sys.argv[2])))
