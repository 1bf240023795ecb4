"""Win probabilities: what the score models say of open and closed deals, now and in the past."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from winrate.statistics.hazards import AGE, HazardModel
from winrate.statistics.score_models import ALL_DEALS, BASELINE, ScoreSettings, models_of
from winrate.statistics.threads import one_thread

SOON_DAYS = 90
PROBABILITIES = [
    "win_probability",
    "win_probability_low",
    "win_probability_high",
    "win_probability_this_quarter",
    "win_probability_next_quarter",
    "win_probability_90_days",
    "baseline_probability",
    "followed_probability",
    "followed_baseline",
]


@one_thread
def score_targets(
    models: pd.DataFrame,
    counts: pd.DataFrame,
    targets: pd.DataFrame,
    dates: pd.DataFrame,
    features: Sequence[str],
    settings: ScoreSettings,
) -> pd.DataFrame:
    """Win probability of every target, and what each feature adds to it.

    models, counts: the table of `score_models.score_models`, and the counts that it rests on.
    targets: one row per `score_id`: `score_date`, `fold` (that of the closed deals that the model
        must not have seen; -1: none), levels, states, `cohort` and `clock_days`.
    dates: one row per score date: `is_as_of`, `days_to_quarter_end`, `days_to_next_quarter_end`.
    Returns one row per target with its `score_id`:
        `win_probability`, in the end, with a 95% interval; until the end of the quarter and of the
        next one, and within 90 days;
        `baseline_probability`: that of the average deal of the same age and cohort;
        `contribution_<feature>`: points that the level adds to it; they sum to the difference;
        null for a feature that the models do not use;
        on earlier dates `followed_probability`, within as many days as the first of these dates has
        been followed, and `followed_baseline`, that of a model without features;
        and `model_run_id`, a hash of what the scores were computed from.
    All are null where there is no model.
    """
    models = models.sort_values(["score_date", "fold", "regression", "place"], ignore_index=True)
    targets = targets.sort_values("score_id", ignore_index=True)
    dates = dates.set_index("score_date")
    as_of = dates.index[dates["is_as_of"]][0]
    followed_days = (as_of - models["score_date"].min()).days
    names = [
        *PROBABILITIES,
        *(f"contribution_{name}" for name in (*features, *settings.score_states)),
    ]
    found = pd.DataFrame(np.nan, index=targets["score_id"], columns=names)
    for (date, fold), model in models_of(models, counts, settings):
        is_past = date < as_of
        of_fold = (targets["fold"] == fold) | (fold == BASELINE)
        rows = targets[(targets["score_date"] == date) & of_fold]
        if is_past:
            scored = _past_scores(model, rows, fold, followed_days)
        else:
            scored = _present_scores(model, rows, fold, dates.loc[as_of])
        found.loc[scored.index, scored.columns] = scored
    return found.reset_index().assign(model_run_id=_hash(models, targets))


def _hash(*tables: pd.DataFrame) -> str:
    found = hashlib.md5()
    for table in tables:
        found.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return found.hexdigest()


def _past_scores(
    model: HazardModel, rows: pd.DataFrame, fold: int, followed_days: float
) -> pd.DataFrame:
    horizons = {"win_probability": np.inf, "followed_probability": followed_days}
    if fold == BASELINE:
        horizons = {"followed_baseline": followed_days}
    parts = [
        np.column_stack([each.probability(days) for days in horizons.values()])
        for each in model.targets(model.layout.encoded(rows))
    ]
    names = list(horizons)
    return _table(parts, rows, names)


def _present_scores(
    model: HazardModel, rows: pd.DataFrame, fold: int, dates: pd.Series
) -> pd.DataFrame:
    horizons = {
        "win_probability_this_quarter": float(dates["days_to_quarter_end"]),
        "win_probability_next_quarter": float(dates["days_to_next_quarter_end"]),
        "win_probability_90_days": float(SOON_DAYS),
    }
    if fold != ALL_DEALS:  # of closed deals
        horizons = {}
    parts = []
    for each in model.targets(model.layout.encoded(rows)):
        baseline, contributions = each.contributions()
        within = [each.probability(days) for days in horizons.values()]
        parts.append(np.column_stack([*each.interval(), *within, baseline, 100 * contributions]))
    used = [name for name in model.layout.places if name != AGE]
    contributed = [f"contribution_{name}" for name in used]
    names = [*PROBABILITIES[:3], *horizons, "baseline_probability", *contributed]
    return _table(parts, rows, names)


def _table(parts: list[np.ndarray], rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    values = np.vstack([np.zeros((0, len(names))), *parts])
    return pd.DataFrame(values, index=rows["score_id"], columns=names)
