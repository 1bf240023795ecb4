"""Scores of simulated deals whose true win probability is known."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from tools.evidence import lifetimes
from tools.evidence.lifetimes import AS_OF, StagedWorld, World
from winrate.statistics import score_models, score_quality, scores
from winrate.statistics.claims import SIGNAL, ClaimRules

FEATURES = list(lifetimes.LEVELS)
PAST = tuple(range(AS_OF - 360, AS_OF, 30))
AGE_EDGES = (0, 15, 30, 45, 60, 90, 120, 180, 240, 360)
BANDS = lifetimes.SETTINGS.bands
RULES = ClaimRules(**{name: lifetimes.VARIABLES[name] for name in ClaimRules.__dataclass_fields__})


@dataclass(frozen=True)
class ScoreStudy:
    """A world of which `number` is the first part of the seed of each run."""

    title: str
    number: int
    world: World


SCORE_STUDIES = (
    ScoreStudy("outcome independent of the cycle", 1, World()),
    ScoreStudy("slow deals lose more, median cycle 60 days", 2, World(slow_lose=0.8)),
    ScoreStudy("slow deals lose more, median cycle 120 days", 3, World(slow_lose=0.8, median=120)),
    ScoreStudy("slow deals win more", 4, World(slow_lose=-0.8)),
    ScoreStudy("log-odds fall by 0.5 a year of creation", 5, World(trend=-0.5)),
    ScoreStudy("an informative stage history", 6, StagedWorld()),
    ScoreStudy("outcomes drawn at random", 7, World(spread=0.0, is_permuted=True)),
)


def open_deal_scores(study: ScoreStudy, seed: int) -> pd.DataFrame:
    """One row per deal open on the as-of date of a run.

    Columns: `age_days`, `predicted`, `low`, `high`, `truth` (shares), `is_won`, what became of it,
    `is_graded`: whether the scores of this run pass the gate.
    """
    world = study.world
    deals = world.deals(np.random.default_rng([study.number, seed]))
    given = lifetimes.tables(deals, BANDS, PAST)
    models = score_models.score_models(
        given["counts"],
        given["targets"],
        given["outcomes"],
        FEATURES,
        FEATURES,
        lifetimes.SETTINGS,
        RULES,
    )
    found = scores.score_targets(
        models,
        given["counts"],
        given["targets"],
        given["dates"],
        FEATURES,
        lifetimes.SETTINGS,
    )
    scored = found.merge(given["deals"], on="score_id", validate="one_to_one")
    now = scored[scored["day"] == AS_OF]
    return pd.DataFrame(
        {
            "age_days": now["age_days"],
            "predicted": now["win_probability"],
            "low": now["win_probability_low"],
            "high": now["win_probability_high"],
            "truth": world.true_probability(now),
            "is_won": now["is_won"],
            "is_graded": _is_graded(scored, given["outcomes"]),
        }
    )


def _is_graded(scored: pd.DataFrame, outcomes: pd.DataFrame) -> bool:
    past = outcomes.merge(scored.drop(columns=["is_won"]), on="score_id")
    past = past.rename(columns={"age_days": "deal_age_days"})
    quality = score_quality.score_quality(past, lifetimes.date_of(AS_OF), [], RULES)
    return score_quality.withheld_because(quality, SIGNAL, None) is None


def measures(runs: list[pd.DataFrame]) -> dict[str, float]:
    """What the acceptance of the scores asks for, over the open deals of all runs.

    Errors are percentage points. Slope and AUC are of what became of the deals.
    """
    deals = pd.concat(runs, keys=range(len(runs)), names=["run"]).reset_index("run")
    error = 100 * (deals["predicted"] - deals["truth"])
    is_covered = deals["truth"].between(deals["low"], deals["high"])
    starts = np.searchsorted(AGE_EDGES, deals["age_days"], "right")
    young = deals["age_days"] < AGE_EDGES[-1]
    by_age = error[young].groupby(starts[young]).mean()
    design = sm.add_constant(logit(deals["predicted"]))
    slope = sm.GLM(deals["is_won"], design, family=sm.families.Binomial()).fit().params.iloc[1]
    return {
        "error": error.mean(),
        "error_of_run": error.groupby(deals["run"]).mean().std(ddof=1) / np.sqrt(len(runs)),
        "worst_age_error": by_age.loc[by_age.abs().idxmax()],
        "coverage": is_covered.mean(),
        "worst_age_coverage": is_covered[young].groupby(starts[young]).mean().min(),
        "slope": slope,
        "auc": roc_auc_score(deals["is_won"], deals["predicted"]),
        "auc_of_truth": roc_auc_score(deals["is_won"], deals["truth"]),
        "graded": deals.groupby("run")["is_graded"].first().mean(),
    }
