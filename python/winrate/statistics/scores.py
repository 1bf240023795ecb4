"""Win probabilities: what the hazard models say of open and closed deals, now and in the past."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from winrate.statistics import hazards
from winrate.statistics.claims import ClaimRules
from winrate.statistics.hazards import AgeBands, HazardModel, Layout, RiskSet, Spread
from winrate.statistics.profile_regression import leaking_features
from winrate.statistics.threads import one_thread

ALL_DEALS = -1  # the fold of what is scored by the model of all deals
# Among these, cross-validation over time chooses; the first is used where there is no past to try.
SPREADS = (Spread(), Spread(level=0.25), Spread(level=1.0), Spread(by_age=0.25))
TRIED_MONTHS = 3  # of so many month ends, one is used to choose among them
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
    counts: pd.DataFrame,
    targets: pd.DataFrame,
    outcomes: pd.DataFrame,
    dates: pd.DataFrame,
    features: Sequence[str],
    known: Sequence[str],
    bands: AgeBands,
    n_cohorts: int,
    rules: ClaimRules,
) -> pd.DataFrame:
    """Win probability of every target, and what each feature adds to it.

    counts: where deals end and begin to be at risk (`hazards.risk_set`), per `score_date` and
        `score_fold`.
    targets: one row per `score_id`: `score_date`, `fold` (that of the closed deals that the model
        must not have seen; -1: none), levels, `cohort` and `age_days`.
    outcomes: what became of the targets of earlier dates: one row per `score_id`,
        `days_until_close` (null: still open) and `is_won`, with `n_deals`.
    dates: one row per score date: `is_as_of`, `days_to_quarter_end`, `days_to_next_quarter_end`.
    known: the features known at creation; only these are used.
    Returns one row per target with its `score_id`:
        `win_probability`, in the end, with a 95% interval; until the end of the quarter and of the
        next one, and within 90 days;
        `baseline_probability`: that of the average deal of the same age and cohort;
        `contribution_<feature>`: points that the level adds to it; they sum to the difference;
        on earlier dates `followed_probability`, within as many days as the first of these dates has
        been followed, and `followed_baseline`, that of a model without features;
        and `model_run_id`, a hash of what the scores were computed from.
    All are null where fewer than `min_outcomes` deals were won or lost until the date. A feature
    that leaks the outcome or is not known at creation is not used; its contribution is null.
    """
    keys = ["score_date", "score_fold", *features, "cohort", "age_from_days"]
    counts = counts.sort_values(keys, ignore_index=True)
    targets = targets.sort_values("score_id", ignore_index=True)
    run_id = _hash(counts, targets)
    used = _used(counts, dates, features, known)
    sizes = {name: _encode(counts, targets, name) for name in used}
    layout = Layout(bands, sizes, n_cohorts)
    scored = list(History(counts, targets, outcomes, dates, layout, rules.min_outcomes).scores())
    names = [*PROBABILITIES, *(f"contribution_{name}" for name in features)]
    found = pd.concat(scored).set_index("score_id") if scored else pd.DataFrame()
    found = found.reindex(index=targets["score_id"], columns=names).astype(float)
    return found.reset_index().assign(model_run_id=run_id)


def _used(
    counts: pd.DataFrame, dates: pd.DataFrame, features: Sequence[str], known: Sequence[str]
) -> list[str]:
    as_of = dates.loc[dates["is_as_of"], "score_date"].iloc[0]
    closed = counts.assign(n_deals=counts["n_won"] + counts["n_lost"])
    closed = closed[(closed["score_date"] == as_of) & (closed["n_deals"] > 0)]
    leaking = leaking_features(closed, features)
    return [name for name in features if name in known and name not in leaking]


def _encode(counts: pd.DataFrame, targets: pd.DataFrame, feature: str) -> int:
    """Put codes in the place of the levels of a feature in both tables; their number."""
    codes, levels = pd.factorize(pd.concat([counts[feature], targets[feature]]), sort=True)
    counts[feature], targets[feature] = codes[: len(counts)], codes[len(counts) :]
    return len(levels)


def _hash(*tables: pd.DataFrame) -> str:
    found = hashlib.md5()
    for table in tables:
        found.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    return found.hexdigest()


class History:
    """The models of each score date, fitted as they are needed."""

    def __init__(
        self,
        counts: pd.DataFrame,
        targets: pd.DataFrame,
        outcomes: pd.DataFrame,
        dates: pd.DataFrame,
        layout: Layout,
        min_outcomes: int,
    ):
        self.layout = layout
        self.dates = dates.set_index("score_date").sort_index()
        self.as_of = self.dates.index[self.dates["is_as_of"]][0]
        self.counts = dict(list(counts.groupby("score_date")))
        self.questions = {
            date: Questions.of(rows, outcomes, layout)
            for date, rows in targets.groupby("score_date")
        }
        risks = {date: self._risk(rows) for date, rows in self.counts.items()}
        self.risks = {
            date: risk for date, risk in risks.items() if risk.fewest_outcomes >= min_outcomes
        }
        self.past = [date for date in self.dates.index if date in self.risks and date < self.as_of]
        self.models: dict[tuple[pd.Timestamp, Spread], HazardModel] = {}

    def _risk(self, counts: pd.DataFrame) -> RiskSet:
        return hazards.risk_set(counts, list(self.layout.sizes), self.layout.bands)

    def scores(self) -> Iterator[pd.DataFrame]:
        """The scores of the targets of each date and fold that has a model."""
        for date in self.past:
            if date in self.questions:
                yield self._past_scores(date)
        if self.as_of in self.risks and self.as_of in self.questions:
            questions = self.questions[self.as_of]
            for fold in np.unique(questions.fold):
                yield from self._present_scores(questions[questions.fold == fold], int(fold))

    def model(self, date: pd.Timestamp, spread: Spread) -> HazardModel:
        """The model of all deals as they were known on a date."""
        if (date, spread) not in self.models:
            similar = [found for (_, other), found in self.models.items() if other == spread]
            start = similar[-1] if similar else None
            self.models[date, spread] = hazards.fit(self.risks[date], self.layout, spread, start)
        return self.models[date, spread]

    def chosen(self, date: pd.Timestamp) -> Spread:
        """The spread with which earlier models best predicted what was known on the date.

        Cross-validation over time: each model is tried on the deals open on its date, and on what
        became of them until the date in question.
        """
        tried = [each for each in self.past if each < date and each in self.questions]
        losses = [
            sum(
                self.questions[earlier].loss(self.model(earlier, spread), (date - earlier).days)
                for earlier in tried[::TRIED_MONTHS]
            )
            for spread in SPREADS
        ]
        return SPREADS[int(np.argmin(losses))]

    def _past_scores(self, date: pd.Timestamp) -> pd.DataFrame:
        questions = self.questions[date]
        model = self.model(date, self.chosen(date))
        layout = self.layout.without_features()
        average = hazards.fit(self.risks[date].by_cohort(), layout, SPREADS[0])
        days = (self.as_of - self.past[0]).days
        return pd.DataFrame(
            {
                "score_id": questions.score_id,
                "win_probability": questions.probability(model),
                "followed_probability": questions.probability(model, days),
                "followed_baseline": questions.without_features(layout).probability(average, days),
            }
        )

    def _present_scores(self, questions: "Questions", fold: int) -> Iterator[pd.DataFrame]:
        spread = self.chosen(self.as_of)
        model = self.model(self.as_of, spread)
        if fold != ALL_DEALS:
            counts = self.counts[self.as_of]
            risk = self._risk(counts[counts["score_fold"] != fold])
            model = hazards.fit(risk, self.layout, spread, model)
        start = 0
        for targets in model.targets(questions.static, questions.age_days):
            probability, low, high = targets.interval()
            baseline, contributions = targets.contributions()
            part = pd.DataFrame(
                {
                    "score_id": questions.score_id[start : start + len(probability)],
                    "win_probability": probability,
                    "win_probability_low": low,
                    "win_probability_high": high,
                    "baseline_probability": baseline,
                }
            )
            if fold == ALL_DEALS:
                horizons = self.dates.loc[self.as_of]
                for name, days in (
                    ("this_quarter", horizons["days_to_quarter_end"]),
                    ("next_quarter", horizons["days_to_next_quarter_end"]),
                    ("90_days", SOON_DAYS),
                ):
                    part[f"win_probability_{name}"] = targets.probability(float(days))
            start += len(probability)
            yield part.join(100 * contributions.add_prefix("contribution_"))


@dataclass(frozen=True)
class Questions:
    """The targets of a score date, and of an earlier one what became of them.

    static: rows of `Layout.static`. of_target: of each outcome, the place of its target; the other
        arrays after it have one entry per outcome.
    """

    score_id: np.ndarray
    fold: np.ndarray
    age_days: np.ndarray
    cohort: np.ndarray
    static: sparse.csr_array
    of_target: np.ndarray
    n_deals: np.ndarray
    days_until_won: np.ndarray

    @classmethod
    def of(cls, targets: pd.DataFrame, outcomes: pd.DataFrame, layout: Layout) -> "Questions":
        place = pd.Index(targets["score_id"]).get_indexer(outcomes["score_id"])
        outcomes, place = outcomes[place >= 0], place[place >= 0]
        is_won = outcomes["is_won"].to_numpy(float, na_value=0) == 1
        until_close = outcomes["days_until_close"].to_numpy(float, na_value=np.inf)
        return cls(
            targets["score_id"].to_numpy(),
            targets["fold"].to_numpy(),
            targets["age_days"].to_numpy(float),
            targets["cohort"].to_numpy(),
            layout.static(targets),
            place,
            outcomes["n_deals"].to_numpy(float),
            np.where(is_won, until_close, np.inf),
        )

    def __getitem__(self, rows: np.ndarray) -> "Questions":
        """Some targets, without outcomes."""
        of_target = (each[rows] for each in (self.score_id, self.fold, self.age_days, self.cohort))
        return Questions(*of_target, self.static[rows], *[np.zeros(0)] * 3)

    def without_features(self, layout: Layout) -> "Questions":
        static = layout.static(pd.DataFrame({"cohort": self.cohort}))
        return replace(self, static=static)

    def probability(self, model: HazardModel, days: float = np.inf) -> np.ndarray:
        """Win probability of each target, within some days."""
        targets = model.targets(self.static, self.age_days)
        return np.concatenate([np.zeros(0), *(each.probability(days) for each in targets)])

    def loss(self, model: HazardModel, days: float) -> float:
        """Minus the log-likelihood of who was won within some days."""
        probability = self.probability(model, days)[self.of_target]
        likelihood = np.where(self.days_until_won <= days, probability, 1 - probability)
        return float(-(self.n_deals * np.log(likelihood)).sum())
