"""The score models as a table: one row per coefficient.

There is a model of all deals as they were known on each score date; for the as-of date also one
per fold of the cross-validation, which has not seen the deals of the fold; and for each earlier
date one without features, the baseline of the backtest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from winrate.statistics import hazards
from winrate.statistics.claims import ClaimRules
from winrate.statistics.hazards import Bands, HazardModel, Layout, RiskSet, Spread
from winrate.statistics.profile_regression import leaking_features
from winrate.statistics.proportions import Z_ONE_SIDED
from winrate.statistics.threads import one_thread

ALL_DEALS, BASELINE = -1, -2  # in the place of a fold: the model of all deals, and without features
# Among these, cross-validation over time chooses; the first is used where there is no past to try.
SPREADS = (Spread(), Spread(level=0.25), Spread(by_age=0.25))
MOST_LEVELS = 300  # of more levels in all features, no choice is made: each fit takes too long
START, NEVER = pd.Timestamp("1970-01-01"), 100_000  # a day to count from, and days until none
TRIED_MONTHS = 2  # of so many month ends, one is used to choose among them
REGRESSIONS = ("closing", "winning")
COLUMNS = {
    "score_date": "datetime64[us]",
    "fold": "int64",
    "level_spread": "float64",
    "by_age_spread": "float64",
    "has_states": "bool",
    "regression": "str",
    "place": "int64",
    "term": "str",
    "level": "str",
    "coefficient": "float64",
    "standard_error": "float64",
}


@dataclass(frozen=True)
class ScoreSettings:
    """By what score models tell deals apart. Each field is the setting of that name.

    age_band_days: the first days of the bands of age. cohort_quarters: quarters of creation.
    score_states: columns of what is known of an open deal on a day.
    """

    age_band_days: Sequence[int]
    cohort_quarters: int
    score_states: Sequence[str]

    @property
    def bands(self) -> Bands:
        return Bands.of(self.age_band_days)


@one_thread
def score_models(
    counts: pd.DataFrame,
    targets: pd.DataFrame,
    outcomes: pd.DataFrame,
    features: Sequence[str],
    known: Sequence[str],
    settings: ScoreSettings,
    rules: ClaimRules,
) -> pd.DataFrame:
    """The coefficients of all score models.

    counts: where deals end and begin to be at risk (`hazards.risk_set`), per `score_date` and
        `score_fold`; the latest date is the as-of date, and the only one with folds.
    targets: the deals that were open on the earlier dates, one row per `score_id`: `score_date`,
        levels, states, `cohort` and `clock_days`.
    outcomes: what became of them: one row per `score_id`, `start_date`, `days_until_close` (null:
        still open) and `is_won`, with `n_deals`.
    known: the features known at creation; only these are used, and of them none that leaks.
    Returns one row per `score_date`, `fold` (`ALL_DEALS`, `BASELINE` or that which the model has
        not seen), `regression` ('closing' or 'winning') and `place` of a coefficient: `term` and
        `level` that it belongs to, the `coefficient` in log-odds, its `standard_error` for the
        model of all deals on the as-of date, and what cross-validation chose: the spreads
        (`hazards.Spread`) and whether the model has the states. Dates until which fewer than
        `min_outcomes` deals were won or lost have no model.
    """
    used = usable_features(counts, features, known)
    fits = Fits(counts, targets, outcomes, layout_of(counts, used, settings), rules)
    found = [_rows(*key, model, key == (fits.as_of, ALL_DEALS)) for key, model in fits.all()]
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    return table.astype(COLUMNS)


def usable_features(
    counts: pd.DataFrame, features: Sequence[str], known: Sequence[str]
) -> list[str]:
    """The features that are known at creation and do not leak the outcome."""
    closed = counts.assign(n_deals=counts["n_won"] + counts["n_lost"])
    is_last = closed["score_date"] == closed["score_date"].max()
    leaking = leaking_features(
        closed[is_last & closed["is_creation"] & (closed["n_deals"] > 0)], features
    )
    return [name for name in features if name in known and name not in leaking]


def layout_of(
    counts: pd.DataFrame,
    features: Sequence[str],
    settings: ScoreSettings,
) -> Layout:
    """The layout of all models: the levels that deals have on the as-of date.

    States of which there is one level only are not known, and are left out.
    """
    last = counts[counts["score_date"] == counts["score_date"].max()]
    levels, of_states = (
        {name: sorted(last[name].unique()) for name in names}
        for names in (features, settings.score_states)
    )
    known = {name: each for name, each in of_states.items() if len(each) > 1}
    return Layout(settings.bands, levels, settings.cohort_quarters, known)


def _rows(date: pd.Timestamp, fold: int, model: HazardModel, has_errors: bool) -> pd.DataFrame:
    parts = []
    for number, regression in enumerate(REGRESSIONS):
        part = model.layout.columns(model.spread)
        part["coefficient"] = model.coefficients[number]
        part["standard_error"] = np.nan
        if has_errors:
            part["standard_error"] = np.sqrt(model.covariances[number].diagonal())
        part["place"] = range(len(part))
        parts.append(part.assign(regression=regression))
    spread = {"level_spread": model.spread.level, "by_age_spread": model.spread.by_age}
    choice = {"has_states": bool(model.layout.states)} | spread
    return pd.concat(parts).assign(score_date=date, fold=fold, **choice)[list(COLUMNS)]


def models_of(
    table: pd.DataFrame,
    counts: pd.DataFrame,
    settings: ScoreSettings,
) -> "Iterator[tuple[tuple[pd.Timestamp, int], HazardModel]]":
    """The models of a table (see `score_models`), by score date and fold.

    counts: those from which they were fitted.
    """
    features = [name for name in counts if name in set(table["term"]) - {"cohort", "from_days"}]
    layout = layout_of(counts, features, settings)
    used = counts[counts["score_date"].isin(table["score_date"])]
    of_date = dict(list(layout.encoded(used).groupby("score_date")))
    for (date, fold), rows in table.groupby(["score_date", "fold"]):
        rows = rows.sort_values("place")
        spread = Spread(rows["level_spread"].iloc[0], rows["by_age_spread"].iloc[0])
        closing, winning = (
            rows.loc[rows["regression"] == name, "coefficient"].to_numpy() for name in REGRESSIONS
        )
        risk = risk_of(of_date[date], layout, int(fold))
        own_layout = layout.without_features() if fold == BASELINE else layout
        if not rows["has_states"].iloc[0]:
            risk, own_layout = risk.once, own_layout.without_states()
        yield (date, int(fold)), HazardModel(risk, own_layout, spread, (closing, winning))


def risk_of(counts: pd.DataFrame, layout: Layout, fold: int) -> RiskSet:
    """The risk set of one score date, for the model of a fold, from counts with codes."""
    if fold >= 0:
        counts = counts[counts["score_fold"] != fold]
    risk = hazards.risk_set(counts, layout)
    return risk.by_cohort() if fold == BASELINE else risk


class Fits:
    """The models of each score date, fitted as they are needed."""

    def __init__(
        self,
        counts: pd.DataFrame,
        targets: pd.DataFrame,
        outcomes: pd.DataFrame,
        layout: Layout,
        rules: ClaimRules,
    ):
        self.layout = layout
        self.counts = dict(list(layout.encoded(counts).groupby("score_date")))
        self.as_of = max(self.counts)
        risks = {date: risk_of(rows, layout, ALL_DEALS) for date, rows in self.counts.items()}
        self.risks = {
            date: risk for date, risk in risks.items() if risk.fewest_outcomes >= rules.min_outcomes
        }
        earlier = targets[targets["score_date"] < self.as_of]
        self.past = [
            OpenDeals.of(date, rows, outcomes, layout)
            for date, rows in layout.encoded(earlier).groupby("score_date")
            if date in self.risks
        ]
        self.models: dict[tuple[pd.Timestamp, Spread, bool], HazardModel] = {}

    def all(self) -> Iterator[tuple[tuple[pd.Timestamp, int], HazardModel]]:
        """Each model by its date and fold."""
        for date in sorted(self.risks):
            model = self.model(date, *self.chosen(date))
            yield (date, ALL_DEALS), model
            if date < self.as_of:
                average = self.layout.without_features()
                yield (date, BASELINE), hazards.fit(self.risks[date].by_cohort(), average, Spread())
                continue
            folds = sorted(self.counts[date]["score_fold"].unique())
            for fold in folds if len(folds) > 1 else ():
                risk = risk_of(self.counts[date], self.layout, fold)
                if risk.fewest_outcomes > 0:
                    yield (date, fold), hazards.fit(risk, model.layout, model.spread, model)

    def model(self, date: pd.Timestamp, spread: Spread, has_states: bool) -> HazardModel:
        """The model of all deals as they were known on a date."""
        key = (date, spread, has_states)
        if key not in self.models:
            similar = [found for other, found in self.models.items() if other[1:] == key[1:]]
            layout = self.layout if has_states else self.layout.without_states()
            start = similar[-1] if similar else None
            self.models[key] = hazards.fit(self.risks[date], layout, spread, start)
        return self.models[key]

    def chosen(self, date: pd.Timestamp) -> tuple[Spread, bool]:
        """The spread, and whether to use states, by what predicted what was known on the date.

        Cross-validation over time: each model is tried on the deals open on its date, and on what
        became of them until the date in question. The best spread is taken; states are used where
        they predict better by more than chance.
        """
        tried = [earlier for earlier in self.past if earlier.date < date][::TRIED_MONTHS]
        if not tried or self.layout.n_levels > MOST_LEVELS:
            return SPREADS[0], False

        def losses(spread: Spread, has_states: bool) -> np.ndarray:
            models = (self.model(each.date, spread, has_states) for each in tried)
            pairs = zip(tried, models, strict=True)
            return np.concatenate([deals.losses(model, date) for deals, model in pairs])

        of_spreads = [losses(spread, False) for spread in SPREADS]
        best = int(np.argmin([each.sum() for each in of_spreads]))
        if not self.layout.states:
            return SPREADS[best], False
        gains = of_spreads[best] - losses(SPREADS[best], True)
        deal = pd.concat([deals.deal for deals in tried]).groupby(list(tried[0].deal)).ngroup()
        of_deals = np.bincount(deal.to_numpy(), gains)
        return SPREADS[best], gains.sum() > Z_ONE_SIDED * np.sqrt((of_deals**2).sum())


@dataclass(frozen=True)
class OpenDeals:
    """The deals that were open on an earlier date, and how many days later they were won.

    profiles: with codes, one row per target; of_target: of each outcome, the place of its target;
    days_until_won: infinite where a deal was lost or is still open; deal: what the outcomes of one
    deal on several dates share.
    """

    date: pd.Timestamp
    profiles: pd.DataFrame
    of_target: np.ndarray
    n_deals: np.ndarray
    days_until_won: np.ndarray
    deal: pd.DataFrame

    @classmethod
    def of(
        cls, date: pd.Timestamp, targets: pd.DataFrame, outcomes: pd.DataFrame, layout: Layout
    ) -> "OpenDeals":
        place = pd.Index(targets["score_id"]).get_indexer(outcomes["score_id"])
        outcomes, place = outcomes[place >= 0], place[place >= 0]
        is_won = outcomes["is_won"].to_numpy(float, na_value=0) == 1
        until_close = outcomes["days_until_close"].to_numpy(float, na_value=np.inf)
        return cls(
            date,
            targets,
            place,
            outcomes["n_deals"].to_numpy(float),
            np.where(is_won, until_close, np.inf),
            pd.DataFrame(
                {
                    "start_date": outcomes["start_date"].to_numpy(),
                    "closed": (date - START).days + np.minimum(until_close, NEVER),
                    **{name: targets[name].to_numpy()[place] for name in layout.levels},
                }
            ),
        )

    def losses(self, model: HazardModel, day: pd.Timestamp) -> np.ndarray:
        """Minus the log-likelihood of whether deals were won until a day, per outcome."""
        days = (day - self.date).days
        found = [each.probability(days) for each in model.targets(self.profiles)]
        probability = np.concatenate([np.zeros(0), *found])[self.of_target]
        likelihood = np.where(self.days_until_won <= days, probability, 1 - probability)
        return -self.n_deals * np.log(likelihood)
