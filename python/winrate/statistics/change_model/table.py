"""The rows of drivers.win_rate_change_model."""

import pandas as pd

from winrate.statistics.change import COUNTS
from winrate.statistics.change_model import wording
from winrate.statistics.change_model.fit import fit_windows
from winrate.statistics.change_model.split import BASELINE, ESTIMATES, feature_estimates
from winrate.statistics.claims import ClaimRules, evidence, fewest_window_outcomes, q_values, typed
from winrate.statistics.profile_regression import check_profiles, leaking_features
from winrate.statistics.threads import one_thread

NUMBERS = [*ESTIMATES, "total_pp", "p_value", "q_value"]
TYPES = {
    **dict.fromkeys(["comparison", "feature"], "str"),
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "statement"], "str"),
}
# What the statements need beside the columns of the table.
FLAGS = ["too_few", "low_evidence", "leaks_outcome"]
HELPERS = ["n_before", "n_after", *FLAGS, "largest_level", "largest_level_pp"]


@one_thread
def win_rate_change_model(
    profiles: pd.DataFrame, features: list[str], rules: ClaimRules
) -> pd.DataFrame:
    """The change of the win rate in each comparison, split by all features at once.

    profiles: one row per `comparison` and distinct combination of `features`, with `n_before`,
        `n_won_before`, `n_after`, `n_won_after` (counts of closed deals).
    Returns one row per comparison and feature, and one for 'baseline', in percentage points:
    `explained_pp` (the deals of the feature's levels became more or fewer), `unexplained_pp` (deals
    of some of its levels are won more or less often than before) and their sum `total_pp`; the sum
    of `total_pp` over a comparison is the change of the win rate. 95% intervals are by the delta
    method, the deals of both windows being a sample. `p_value` of a feature tests that the log-odds
    of its levels changed alike (Wald; it does not depend on the rule for the common change), that
    of the baseline that its part is zero. `q_value` is over all rows. `evidence` is 'got worse' or
    'got better' where `q_value` is below `max_q_value` and the interval of `unexplained_pp`
    excludes 0, else 'inconclusive', or 'too few deals' where a window has fewer than `min_outcomes`
    won or lost deals. Such a comparison has no estimates, nor has a feature that leaks the outcome.
    Raises ValueError where a feature or a count is missing, or more deals were won than closed.
    """
    check_windows(profiles, features)
    parts = [
        _of_comparison(rows, features, rules).assign(comparison=comparison)
        for comparison, rows in profiles.groupby("comparison")
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table = table.reindex(columns=["comparison", "feature", *NUMBERS, *HELPERS])
    table = table.astype(dict.fromkeys(NUMBERS, float) | dict.fromkeys(FLAGS, bool))

    table["total_pp"] = table["explained_pp"] + table["unexplained_pp"]
    table["q_value"] = q_values(table["p_value"])
    excludes_zero = (table["unexplained_pp_low"] > 0) | (table["unexplained_pp_high"] < 0)
    table["evidence"] = evidence(
        table["unexplained_pp"],
        table["q_value"].where(excludes_zero),
        too_few=table["too_few"],
        names=("got better", "got worse"),
        max_q_value=rules.max_q_value,
    )
    table["statement"] = [
        wording.statement(row, row.feature == BASELINE, rules) for row in table.itertuples()
    ]
    return typed(table, TYPES)


def _of_comparison(rows: pd.DataFrame, features: list[str], rules: ClaimRules) -> pd.DataFrame:
    """One row per feature and one for the baseline, with HELPERS, and estimates where there are."""
    rows = rows[(rows["n_before"] > 0) | (rows["n_after"] > 0)]
    n_fewest = fewest_window_outcomes(*rows[COUNTS].sum())
    # An intercept needs a won and a lost deal, whatever the settings say.
    too_few = n_fewest < max(rules.min_outcomes, 1)
    leaking = leaking_features(_both_windows(rows), features)
    table = pd.DataFrame(
        {
            "feature": [*features, BASELINE],
            "n_before": rows["n_before"].sum(),
            "n_after": rows["n_after"].sum(),
            "too_few": too_few,
            "low_evidence": n_fewest < rules.low_evidence_outcomes,
            "leaks_outcome": [name in leaking for name in [*features, BASELINE]],
        }
    )
    if too_few:
        return table
    fit = fit_windows(rows, [feature for feature in features if feature not in leaking])
    return table.merge(feature_estimates(fit), on="feature", how="left")


def check_windows(profiles: pd.DataFrame, features: list[str]) -> None:
    """Raises ValueError where a feature or a count is missing, or is impossible."""
    missing = [name for name in ["comparison", *features, *COUNTS] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if BASELINE in features:
        raise ValueError(f"a feature cannot be named {BASELINE!r}: the split has such a row")
    for window in ("before", "after"):
        counts = {"n_deals": profiles[f"n_{window}"], "n_won": profiles[f"n_won_{window}"]}
        check_profiles(profiles.assign(**counts), features)


def _both_windows(rows: pd.DataFrame) -> pd.DataFrame:
    """The profiles with the counts of both windows together."""
    return rows.assign(
        n_deals=rows["n_before"] + rows["n_after"],
        n_won=rows["n_won_before"] + rows["n_won_after"],
    )
