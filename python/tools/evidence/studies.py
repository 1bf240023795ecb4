"""Studies of simulated exports: which claims the public tables make, and which of them are false.

A study is a function of its seeds, so that a reader gets the same figures. What is measured are
the public tables that the models build, not single functions.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from tools.evidence import generators, warehouse
from winrate.project import project_vars
from winrate.statistics.claims import q_values

# The public tables that make statistical claims, and the alerts that rest on them.
ALERTS = ("alert_segment_decline", "alert_segment_underperforming", "alert_win_rate_decline")
TABLES = (
    *("model_verdict", "win_rate_drivers", "segment_pairs", "win_rate_change"),
    *("win_rate_change_causes", "rep_performance", "pipeline_health"),
)
KINDS = ("verdict", "driver", "pair", "change", "cause", "rep", "pipeline")
AT_CLOSE = "at close"  # claims on features known only then: descriptions, of their own kind
CLAIMS = {
    "verdict": "select verdict from drivers.model_verdict where verdict = 'signal'",
    "driver": """
        select feature, level, evidence from drivers.win_rate_drivers
        where evidence in ('helps', 'hurts') and known_at = 'creation'
    """,
    AT_CLOSE: """
        select feature, level, evidence from drivers.win_rate_drivers
        where evidence in ('helps', 'hurts') and known_at = 'close'
    """,
    "pair": """
        select feature_1, level_1, feature_2, level_2 from drivers.segment_pairs
        where evidence in ('better together', 'worse together')
    """,
    "change": """
        select verdict from drivers.win_rate_change where verdict in ('declined', 'improved')
    """,
    "cause": """
        select cause, evidence, feature, level from drivers.win_rate_change_causes
        where evidence in ('lowered', 'raised')
    """,
    "rep": """
        select sales_rep_id, evidence from drivers.rep_performance
        where evidence in ('above', 'below')
    """,
    "pipeline": """
        select volume_evidence, amount_evidence from drivers.pipeline_health
        where not coalesce(volume_evidence in ('inconclusive', 'too few deals'), true)
            or not coalesce(amount_evidence in ('inconclusive', 'too few deals'), true)
    """,
}
Claim = tuple[str | None, ...]

SIGNAL = ("verdict", "signal")
DECLINED = ("change", "declined")
DECLINE_ALERT = ("alert", "win_rate_decline")
ALL_DEALS = ("cause", "all deals", "lowered")


@dataclass(frozen=True, eq=False)  # compared by identity: options cannot be hashed
class Study:
    """Simulated exports of one kind.

    generator: of `tools.evidence.generators`, with its options. true: claims that are true, given
    by their first entries; all others are false. needed: claims that a right answer makes.
    """

    title: str
    generator: str
    n_deals: int
    options: Mapping[str, Any] = field(default_factory=dict)
    true: tuple[Claim, ...] = ()
    needed: tuple[Claim, ...] = ()

    def deals(self, seed: int) -> pd.DataFrame:
        """The export of a seed."""
        # The seed of a study depends on its generator, so that no two studies share their noise.
        name = int.from_bytes(self.generator.encode()[:6], "big")
        rng = np.random.default_rng([name, self.n_deals, seed])
        return getattr(generators, self.generator)(rng, self.n_deals, **self.options)


def _segment(feature: str, level: str) -> tuple[Claim, ...]:
    """What is true where a segment declined: itself, and that it is below the others since."""
    return (
        ("cause", "segment", "lowered", feature, level),
        ("driver", feature, level, "hurts"),
        ("alert", "segment_decline", f"{feature}={level}"),
        ("alert", "segment_underperforming", f"{feature}={level}"),
    )


def _driver(feature: str, level: str, evidence: str) -> tuple[Claim, ...]:
    alert = ("alert", "segment_underperforming", f"{feature}={level}")
    return (("driver", feature, level, evidence), *([alert] if evidence == "hurts" else []))


MISSING_VALUES = Study("missing values tell the outcome", "missing_by_outcome", 3000)
STUDIES = (
    Study("noise, 1,000 deals", "noise", 1000),
    Study("noise, 5,000 deals", "noise", 5000),
    Study("noise, 10% won, levels of 80%, 1,000 deals", "noise", 1000, {"skewed": True}),
    Study("noise, 10% won, levels of 80%, 5,000 deals", "noise", 5000, {"skewed": True}),
    Study("reps differ, each in one region", "reps_with_effects", 5000, true=(("rep",),)),
    Study("accounts differ", "accounts_with_effects", 5000),
    Study("the last stage tells the outcome", "stage_tells_outcome", 3000),
    MISSING_VALUES,
    Study("one year, slow deals lose", "one_year_export", 3000),
    Study("a season", "season", 6000),
    Study(
        *("all deals decline", "uniform_decline", 6000),
        true=(DECLINED, ALL_DEALS, DECLINE_ALERT),
        needed=(ALL_DEALS,),
    ),
    Study(
        *("the mix declines", "mix_decline", 6000),
        true=(
            *(SIGNAL, DECLINED, DECLINE_ALERT, ("cause", "mix", "lowered")),
            *_driver("lead_source", "lea0", "hurts"),
        ),
        needed=(("cause", "mix", "lowered"),),
    ),
    Study(
        *("one segment declines", "segment_decline", 6000),
        true=(SIGNAL, DECLINED, DECLINE_ALERT, *_segment("region", "reg0")),
        needed=(("cause", "segment", "lowered", "region", "reg0"),),
    ),
    Study(
        *("all deals decline, a source grows", "trend_with_growing_source", 5000),
        true=(DECLINED, ALL_DEALS, DECLINE_ALERT),
    ),
    Study(
        *("a source hurts, an industry helps", "one_sided_drivers", 5000),
        true=(
            SIGNAL,
            *_driver("lead_source", "lea0", "hurts"),
            *_driver("industry", "ind0", "helps"),
        ),
        needed=(("driver", "lead_source", "lea0", "hurts"), ("driver", "industry", "ind0")),
    ),
    Study(
        *("a source never wins", "never_wins", 4000),
        true=(SIGNAL, *_driver("lead_source", "lea3", "hurts")),
        needed=(("driver", "lead_source", "lea3", "hurts"),),
    ),
)


# No feature has an effect; of those known only at close, values are missing because of the outcome.
STUDIES_AT_CLOSE = (
    Study("nothing is missing", "noise", 3000),
    MISSING_VALUES,
    Study("lost deals without date, rep and stage", "undated_losses", 3000),
)


def claims(connection: duckdb.DuckDBPyConnection) -> list[Claim]:
    """Every statistical claim of the public tables and of the alerts, its kind first."""
    found = [
        (kind, *row)
        for kind, query in CLAIMS.items()
        for row in connection.execute(query).fetchall()
    ]
    for alert in ALERTS:
        rows = connection.execute(f"select condition, entity_id from alerts.{alert}").fetchall()
        found += [("alert", *row) for row in rows]
    return found


def is_one_of(claim: Claim, known: Iterable[Claim]) -> bool:
    """Whether a claim starts with the entries of a known one."""
    return any(claim[: len(each)] == each for each in known)


def run_study(project: warehouse.Project, study: Study, seed: int) -> dict[str, float]:
    """One export of a study: shares of false claims, the right answer, and covered intervals."""
    deals = study.deals(seed)
    with warehouse.build(project, deals) as connection:
        made = claims(connection)
        covered = _covered(connection, study, deals)
    false = [claim for claim in made if not is_one_of(claim, study.true)]
    kinds = (*KINDS, AT_CLOSE)
    figures = {f"false {kind}": any(each[0] == kind for each in false) for kind in kinds}
    figures["false alert"] = any(each[0] == "alert" for each in false)
    figures["false page"] = any(each[0] in KINDS for each in false)
    of_kind = {needed[0] for needed in study.needed}
    figures["right"] = all(
        any(is_one_of(claim, [needed]) for claim in made) for needed in study.needed
    ) and not any(each[0] in of_kind for each in false)
    return {name: float(value) for name, value in figures.items()} | covered


def _covered(
    connection: duckdb.DuckDBPyConnection, study: Study, deals: pd.DataFrame
) -> dict[str, float]:
    """The share of intervals that hold the truth, where it is known."""
    truth = deals.attrs["truth"]
    planted = {feature for feature, _ in truth["effects"]}
    skipped = {truth["segment"][0]} if "segment" in truth else set()
    effects = connection.execute(
        """
        select feature, level, effect_pp_low, effect_pp_high from drivers.win_rate_drivers
        where known_at = 'creation' and effect_pp_low is not null
        """
    ).fetchall()
    held = [
        low <= truth["true_effect_pp"].get((feature, level), 0.0) <= high
        for feature, level, low, high in effects
        if feature not in skipped and (feature not in planted or level.startswith(feature[:3]))
    ]
    found = {"covered effect_pp": float(np.mean(held)) if held else np.nan}
    parts = true_contributions(study)
    if parts is not None:
        rows = connection.execute(
            """
            select cause, contribution_pp_low, contribution_pp_high
            from drivers.win_rate_change_causes
            where is_primary and contribution_pp_low is not null
                and (cause != 'segment' or (feature = 'region' and level = 'reg0'))
            """
        ).fetchall()
        held = [low <= parts[cause] <= high for cause, low, high in rows if cause in parts]
        found["covered contribution_pp"] = float(np.mean(held)) if held else np.nan
        low, high = connection.execute(
            """
            select change_pp_low, change_pp_high from drivers.win_rate_change
            where is_primary and basis = 'closed'
            """
        ).fetchone() or (np.nan, np.nan)
        found["covered change_pp"] = float(low <= sum(parts.values()) <= high)
    return found


def true_contributions(study: Study) -> dict[str, float] | None:
    """The true contributions of mix, all deals and segment in points; None where not known."""
    rate = generators.WIN_RATE
    if study.generator in ("noise", "stage_tells_outcome", "missing_by_outcome", "undated_losses"):
        return {"mix": 0.0, "all deals": 0.0}
    if study.generator == "uniform_decline":
        return {"mix": 0.0, "all deals": 100 * (expit(logit(rate) - 0.35) - rate)}
    if study.generator == "mix_decline":
        bad, good = expit(logit(rate) - 0.8), expit(logit(rate) + 0.2)
        return {"mix": 100 * 0.25 * (bad - good), "all deals": 0.0}
    if study.generator == "segment_decline":
        fall = 100 * 0.25 * (expit(logit(rate) - 1.0) - rate)
        return {"mix": 0.0, "all deals": 0.0, "segment": fall}
    return None


# ---- power


POWER_DESIGNS = {
    "helps and hurts": generators.two_sided_drivers,
    "one of each": generators.one_sided_drivers,
}


def drivers_found(
    project: warehouse.Project, design: str, n_closed: int, effect: float, seed: int
) -> dict[str, float]:
    """The share of the planted drivers that are named, the size of their effects, and errors.

    design: of `POWER_DESIGNS`. For comparison, `found_by_fdr` and `false_by_fdr` are what a common
    procedure finds in the same exports: each level against the average of its feature, with a
    false discovery rate of `max_q_value` over all levels.
    """
    rng = np.random.default_rng([7, n_closed, round(100 * effect), seed])
    # About one deal in ten is still open.
    deals = POWER_DESIGNS[design](rng, round(n_closed / 0.9), effect)
    with warehouse.build(project, deals) as connection:
        table = connection.sql(
            "select * from drivers.win_rate_drivers where known_at = 'creation'"
        ).df()
    claimed = {
        "": table["evidence"].isin(["helps", "hurts"]),
        "_by_fdr": _differs_from_average(table),
    }
    planted = deals.attrs["truth"]["effects"]
    keys = zip(table["feature"], table["level"], strict=True)
    effects = np.array([planted.get(key, 0.0) for key in keys])
    figures = {"effect_pp": table["effect_pp"][effects != 0].abs().mean()}
    for procedure, is_claimed in claimed.items():
        is_right = is_claimed & (np.sign(table["effect_pp"]) == np.sign(effects))
        figures[f"found{procedure}"] = is_right.sum() / len(planted)
        figures[f"false{procedure}"] = float((is_claimed & ~is_right).any())
    return figures


def _differs_from_average(table: pd.DataFrame) -> pd.Series:
    """Levels that differ from the average of their feature, by Benjamini and Hochberg (1995)."""
    p_value = pd.Series(2 * stats.norm.sf((table["coefficient"] / table["std_error"]).abs()))
    return q_values(p_value) < project_vars()["max_q_value"]


# ---- a year of weekly builds


def alerts_in_a_year(
    project: warehouse.Project, n_deals: int, n_builds: int, seed: int
) -> dict[str, float]:
    """Which statistical alerts fire at least once in a year of builds, nothing being planted."""
    deals = generators.year_of_deals(np.random.default_rng([8, n_deals, seed]), n_deals)
    days = pd.date_range(end=generators.AS_OF_DATE, periods=n_builds, freq=f"{364 // n_builds}D")
    fired: set[str] = set()
    for day in days:
        with warehouse.build(project, generators.as_of(deals, day)) as connection:
            for alert in ALERTS:
                query = f"select count(*) from alerts.{alert}"
                if connection.execute(query).fetchone()[0]:
                    fired.add(alert.removeprefix("alert_"))
    figures = {
        alert.removeprefix("alert_"): alert.removeprefix("alert_") in fired for alert in ALERTS
    }
    return {name: float(value) for name, value in (figures | {"any": bool(fired)}).items()}


# ---- the sample


SAMPLE_TRUE = (
    *(SIGNAL, DECLINED, DECLINE_ALERT),
    *_segment("region", "APAC"),
    *_driver("lead_source", "Partner", "hurts"),
    *_driver("lead_source", "Referral", "helps"),
    *_driver("industry", "HealthTech", "hurts"),
    *_driver("industry", "FinTech", "helps"),
)
SAMPLE_NEEDED = (("cause", "segment", "lowered", "region", "APAC"),)


def sample_told(
    project: warehouse.Project, seed_and_day: tuple[int | None, str | None]
) -> dict[str, float]:
    """Whether the sample of a seed, as of a day, has its story and no other claim."""
    seed, day = seed_and_day
    deals = generators.sample() if seed is None else generators.sample(seed)
    if day is not None:
        deals = generators.as_of(deals, pd.Timestamp(day))
    with warehouse.build(project, deals) as connection:
        made = claims(connection)
    false = [claim for claim in made if not is_one_of(claim, SAMPLE_TRUE)]
    named = all(any(is_one_of(claim, [needed]) for claim in made) for needed in SAMPLE_NEEDED)
    return {
        "APAC named": float(named),
        "other cause": float(any(claim[0] == "cause" for claim in false)),
        "other claim": float(bool(false)),
    }


# ---- running


def run(
    study: Callable[[Any], dict[str, float]],
    cases: Iterable[Any],
    n_processes: int = os.cpu_count() or 1,
) -> pd.DataFrame:
    """The figures of each case, a row each; with one process in this one."""
    return pd.DataFrame(run_each(study, cases, n_processes))


def run_each(
    study: Callable[[Any], Any], cases: Iterable[Any], n_processes: int = os.cpu_count() or 1
) -> list[Any]:
    """What a study finds in each case; with one process in this one."""
    if n_processes == 1:
        return list(map(study, cases))
    with ProcessPoolExecutor(n_processes) as pool:
        return list(pool.map(study, cases, chunksize=2))


def of_study(project: warehouse.Project, study: Study) -> Callable[[int], dict[str, float]]:
    """`run_study` of one study, as a function of the seed."""
    return partial(run_study, project, study)
