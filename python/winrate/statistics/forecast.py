"""The amount that open deals will bring within a horizon: its 10%, 50% and 90% quantiles.

Two things are uncertain: the coefficients of the score model and the outcome of each deal. Both are
simulated: each run draws coefficients from their normal distribution, which gives each deal another
probability, and then the outcome of each deal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from winrate.statistics.hazards import CHUNK, Coefficients, HazardModel, Targets
from winrate.statistics.score_models import ALL_DEALS, ScoreSettings, models_of
from winrate.statistics.threads import one_thread

SEED = 13
N_RUNS = 2000  # the 10% quantile of so many runs is one of 8.7% to 11.3% of all, in 95% of cases
MAX_SINGLE = 5000  # deals whose outcome is drawn one by one
SINGLES_AT_A_TIME = 500
QUANTILES = {"p10_amount": 0.1, "p50_amount": 0.5, "p90_amount": 0.9}
COLUMNS = {
    "score_date": "datetime64[us]",
    "horizon": "str",
    "entity_type": "str",
    "entity_id": "str",
    "expected_amount": "float64",
    **dict.fromkeys(QUANTILES, "float64"),
}


@one_thread
def forecasts(
    models: pd.DataFrame,
    counts: pd.DataFrame,
    targets: pd.DataFrame,
    deals: pd.DataFrame,
    dates: pd.DataFrame,
    settings: ScoreSettings,
    entity_types: Sequence[str] = (),
) -> pd.DataFrame:
    """Quantiles of the amount that the deals open on each date bring, by horizon and entity.

    models, counts: the table of `score_models.score_models`, and the counts that it rests on.
    targets: one row per `score_id`: `score_date`, levels, states, `cohort` and `clock_days`.
    deals: one row per open deal that has an amount: `score_id`, `amount` and a column per
        entity type. Their order does not matter.
    dates: the score dates to make forecasts on: `is_as_of`, and how many `days_to_quarter_end` and
        `days_to_next_quarter_end` there are.
    Returns one row per `score_date`, `horizon` ('this quarter', 'next quarter': until its end; on
    the as-of date also 'in the end'), `entity_type` ('all' or one of `entity_types`) and
    `entity_id`: `expected_amount` and the quantiles, in the unit of `amount`. A date without a
    model, or without a deal that has an amount, has no row.
    """
    is_used = (models["fold"] == ALL_DEALS) & models["score_date"].isin(dates["score_date"])
    deals = deals.sort_values(["score_id", *entity_types, "amount"], ignore_index=True)
    found = []
    for (date, _), model in models_of(models[is_used], counts, settings):
        of_date = targets[targets["score_date"] == date]
        place = pd.Index(of_date["score_id"]).get_indexer(deals["score_id"])
        profiles = model.layout.encoded(of_date).iloc[place[place >= 0]]
        pipeline = Pipeline.of(deals[place >= 0], entity_types, model, profiles)
        for horizon, days in _horizons(dates[dates["score_date"] == date].iloc[0]).items():
            found.append(pipeline.forecast(days).assign(score_date=date, horizon=horizon))
    table = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)].astype(COLUMNS)


def _horizons(date: pd.Series) -> dict[str, float]:
    """Days until the end of each horizon."""
    found = {
        "this quarter": float(date["days_to_quarter_end"]),
        "next quarter": float(date["days_to_next_quarter_end"]),
    }
    return found | ({"in the end": np.inf} if date["is_as_of"] else {})


@dataclass(frozen=True)
class Pipeline:
    """The deals that are open on a date, and to whom their amounts belong.

    entities: `entity_type` and `entity_id`. amounts: entities x deals, 0 where a deal is another's.
    is_single: whether the outcome of a deal is drawn. profiles: one row per deal, with codes.
    """

    entities: pd.DataFrame
    amounts: sparse.csc_array
    is_single: np.ndarray
    model: HazardModel
    profiles: pd.DataFrame

    @classmethod
    def of(
        cls,
        deals: pd.DataFrame,
        entity_types: Sequence[str],
        model: HazardModel,
        profiles: pd.DataFrame,
    ) -> "Pipeline":
        names, rows = [("all", "all")] if len(deals) else [], [np.zeros(len(deals), int)]
        for entity_type in entity_types:
            codes, ids = pd.factorize(deals[entity_type], sort=True)
            rows.append(codes + len(names))
            names += [(entity_type, entity_id) for entity_id in ids]
        entities = pd.DataFrame(names, columns=["entity_type", "entity_id"])
        columns = np.tile(np.arange(len(deals)), len(rows))
        values = np.tile(deals["amount"].to_numpy(float), len(rows))
        shape = (len(entities), len(deals))
        amounts = sparse.csc_array((values, (np.concatenate(rows), columns)), shape=shape)
        is_single = _are_largest(deals, entity_types)
        return cls(entities, amounts, is_single, model, profiles)

    def forecast(self, days: float) -> pd.DataFrame:
        """One row per entity: expected amount and quantiles."""
        rng = np.random.default_rng(SEED)
        deviations = self.model.deviations(rng, N_RUNS)
        totals = self._one_by_one(days, deviations, rng) + self._together(days, deviations, rng)
        quantiles = np.quantile(totals, list(QUANTILES.values()), axis=1)
        expected = np.zeros(len(self.entities))
        for amounts, targets in self._chunks(np.ones(len(self.is_single), bool)):
            expected += amounts @ targets.probability(days)
        found = {"expected_amount": expected, **dict(zip(QUANTILES, quantiles, strict=True))}
        return self.entities.assign(**{name: values.round(2) for name, values in found.items()})

    def _one_by_one(
        self, days: float, deviations: Coefficients, rng: np.random.Generator
    ) -> np.ndarray:
        """Entities x runs: what the deals bring of which each has its own outcome."""
        totals = np.zeros((len(self.entities), N_RUNS))
        for amounts, targets in self._chunks(self.is_single, SINGLES_AT_A_TIME):
            probability = targets.drawn(deviations, days)
            totals += amounts @ (rng.random(probability.shape) < probability)
        return totals

    def _together(
        self, days: float, deviations: Coefficients, rng: np.random.Generator
    ) -> np.ndarray:
        """Entities x runs: what the other deals bring, normal with the mean of the run.

        They are many and smaller than those that are drawn one by one, so that no single one
        matters (central limit theorem). The mean is linear in the coefficients, so that no matrix
        of deals x runs is needed.
        """
        mean, variance = np.zeros((2, len(self.entities)))
        by_coefficient = [np.zeros((len(mean), len(own))) for own in deviations]
        for amounts, targets in self._chunks(~self.is_single):
            probability, gradients = targets.gradients(days)
            mean += amounts @ probability
            variance += amounts.power(2) @ (probability * (1 - probability))
            for total, gradient in zip(by_coefficient, gradients, strict=True):
                total += amounts @ gradient
        totals = mean[:, None] + sum(
            total @ own for total, own in zip(by_coefficient, deviations, strict=True)
        )
        totals += np.sqrt(variance)[:, None] * rng.standard_normal(totals.shape)
        return np.maximum(totals, 0.0)

    def _chunks(
        self, is_chosen: np.ndarray, size: int = CHUNK
    ) -> Iterator[tuple[sparse.csc_array, Targets]]:
        """Some of the deals at a time: their amounts by entity, and the deals."""
        chosen = np.flatnonzero(is_chosen)
        for start in range(0, len(chosen), size):
            part = chosen[start : start + size]
            yield self.amounts[:, part], Targets(self.model, self.profiles.iloc[part])


def _are_largest(deals: pd.DataFrame, entity_types: Sequence[str]) -> np.ndarray:
    """Which deals are drawn one by one: of each combination of entities the largest."""
    amount = deals["amount"]
    keys = [deals[name] for name in entity_types] or np.zeros(len(deals))
    rank = amount.groupby(keys).rank("first", ascending=False)
    is_single = np.zeros(len(deals), bool)
    is_single[np.lexsort((-amount, rank))[:MAX_SINGLE]] = True
    return is_single
