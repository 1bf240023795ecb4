"""How good scores were on deals whose outcome the model had not seen: the backtest.

A row of the backtest is a deal that was open on an earlier score date, with what a model of what
was known then said of it, and with what became of it. Not all such deals have closed, and those of
later dates have been followed for fewer days. All figures are of the outcome within the longest
time that any date has been followed, the *horizon*; deals of which it is known are weighted by the
inverse of the probability that they have been followed so long (Graf, Schmoor, Sauerbrei and
Schumacher 1999; Gerds and Schumacher 2006). One deal is open on several dates: errors allow for
that, with a deal as a cluster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy.special import logit, xlogy
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression

from winrate.statistics.claims import SIGNAL, ClaimRules
from winrate.statistics.proportions import Z_95, Z_ONE_SIDED, interval_of_share
from winrate.statistics.threads import one_thread
from winrate.statistics.verdict import share_below

ALL = "all"
AGE, DATE = "deal_age_days", "score_date"  # what rows of the quality are by, beside features
AGE_EDGES = (0, 30, 60, 90, 180, 360)  # days
N_LEVELS = 5  # of each feature, the largest
N_BINS = 10
LOWEST = 1e-6  # of a probability, where its logarithm is taken
GRID = np.linspace(0, 1, 101)  # of probabilities, for the smooth calibration error
QUALITY_COLUMNS = [
    "n_deals",
    "n_followed",
    "n_won",
    "mean_predicted",
    "mean_observed",
    "mean_observed_low",
    "mean_observed_high",
    "auc",
    "auc_low",
    "auc_high",
    "brier",
    "brier_of_baseline",
    "brier_skill_z",
    "log_loss",
    "log_loss_of_baseline",
    "miscalibration",
    "discrimination",
    "calibration_intercept",
    "calibration_slope",
    "smooth_calibration_error",
]


@dataclass(frozen=True)
class Backtest:
    """Arrays with one entry per row of the backtest.

    weight: deals, times the inverse of the probability that they were followed for so long; 0 where
        the outcome within the horizon is not known.
    """

    n_deals: np.ndarray
    weight: np.ndarray
    is_won: np.ndarray
    predicted: np.ndarray
    baseline: np.ndarray
    deal: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, as_of: pd.Timestamp, keys: Sequence[str]) -> "Backtest":
        """rows: see `score_quality`; keys: what rows of the same deal share."""
        followed = (as_of - rows["score_date"]).dt.days.to_numpy(float)
        n_deals = rows["n_deals"].to_numpy(float)
        horizon = followed.max(initial=0)
        until_close = rows["days_until_close"].to_numpy(float, na_value=np.inf)
        seen = np.minimum(until_close, horizon)
        order = np.sort(np.unique(followed))
        at_least = np.array([n_deals[followed >= days].sum() for days in order]) / n_deals.sum()
        # Of all deals, the share that has been followed until the outcome of this one was known.
        share = at_least[np.minimum(np.searchsorted(order, seen), len(order) - 1)]
        weight = np.where(seen <= followed, n_deals / share, 0.0)
        is_won = (rows["is_won"] == 1).to_numpy() & (until_close <= horizon)
        closed_on = rows["score_date"] + pd.to_timedelta(rows["days_until_close"], "D")
        deal = rows.assign(closed_on=closed_on).groupby([*keys, "closed_on"], dropna=False).ngroup()
        return cls(
            n_deals,
            weight,
            is_won.astype(float),
            rows["followed_probability"].to_numpy(float),
            rows["followed_baseline"].to_numpy(float),
            deal.to_numpy(),
        )

    def __getitem__(self, rows: np.ndarray) -> "Backtest":
        return Backtest(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def fewest_outcomes(self) -> float:
        """Deals of known outcome that were won, or that were not, whichever is smaller."""
        known = self.n_deals * (self.weight > 0)
        return min((known * self.is_won).sum(), (known * (1 - self.is_won)).sum())

    def error(self, influence: np.ndarray) -> float:
        """Standard error of an estimate, from what each row adds to it; deals are clusters."""
        return float(np.sqrt((np.bincount(self.deal - self.deal.min(), influence) ** 2).sum()))

    def mean(self, values: np.ndarray) -> float:
        return float((self.weight * values).sum() / self.weight.sum())


@one_thread
def score_quality(
    rows: pd.DataFrame, as_of: pd.Timestamp, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Quality of the scores, over all, by age, by score date and for the largest levels.

    rows: one per score date, combination of levels, age and outcome: `score_date`, `features`,
        `deal_age_days`, `start_date`, `days_until_close` (null: still open), `is_won`, `n_deals`,
        `followed_probability` and `followed_baseline` (shares).
    Returns one row per `feature` ('all', 'deal_age_days', 'score_date' or a feature) and `level`:
        `n_deals` (a deal counts once per score date), `n_followed` of known outcome and `n_won`;
        `horizon_days`; mean predicted and observed shares, the latter with a 95% interval; the area
        under the ROC curve with an interval; Brier score and log loss, and those of a model without
        features; `brier_skill_z`, the difference of both Brier scores in standard errors;
        `miscalibration` and `discrimination`, the parts of the Brier score (Dimitriadis, Gneiting
        and Jordan 2021: Brier = miscalibration - discrimination + o (1 - o), o the observed mean);
        intercept and slope of the calibration (Cox 1958); and the smooth calibration error (Blasiok
        and Nakkiran 2023). Null where fewer than `min_outcomes` were won, or were not.
    """
    rows = rows.dropna(subset=["followed_probability"]).reset_index(drop=True)
    if rows.empty:
        return _quality_table([], 0)
    test = Backtest.of(rows, as_of, [*features, "start_date"])
    found = [
        {"feature": feature, "level": level} | _measures(test[part], rules)
        for feature, level, part in _groups(rows, features)
    ]
    return _quality_table(found, (as_of - rows["score_date"].min()).days)


def _quality_table(found: list[dict], horizon_days: int) -> pd.DataFrame:
    table = pd.DataFrame(found, columns=["feature", "level", *QUALITY_COLUMNS])
    table.insert(2, "horizon_days", horizon_days)
    types = {"feature": "str", "level": "str", "horizon_days": "int64"}
    counts = dict.fromkeys(("n_deals", "n_followed", "n_won"), "int64")
    return table.astype(dict.fromkeys(QUALITY_COLUMNS, "float64") | types | counts)


def age_level(age_days: pd.Series) -> pd.Series:
    """'30-59 days' for each age."""
    ends = [f"{low}-{high - 1} days" for low, high in pairwise(AGE_EDGES)]
    names = [*ends, f"{AGE_EDGES[-1]} days and more"]
    return pd.Series(np.array(names)[np.searchsorted(AGE_EDGES, age_days, "right") - 1])


def _groups(rows: pd.DataFrame, features: Sequence[str]) -> Iterator[tuple[str, str, np.ndarray]]:
    """Feature, level and row numbers of each group that is measured."""
    yield ALL, ALL, np.arange(len(rows))
    values = {AGE: age_level(rows[AGE]), DATE: rows[DATE].dt.strftime("%Y-%m-%d")}
    values |= {name: rows[name] for name in features}
    for feature, of_rows in values.items():
        sizes = rows["n_deals"].groupby(of_rows.to_numpy()).sum()
        largest = sizes.sort_values(ascending=False, kind="stable").index
        kept = largest if feature in (AGE, DATE) else largest[:N_LEVELS]
        for level in sorted(kept, key=lambda name: (_first_number(name), name)):
            yield feature, level, np.flatnonzero(of_rows.to_numpy() == level)


def _first_number(level: str) -> int:
    digits = level.split("-")[0].split(" ")[0]
    return int(digits) if digits.isdigit() else 0


def _measures(test: Backtest, rules: ClaimRules) -> dict[str, float]:
    known = test.weight > 0
    found = {
        "n_deals": test.n_deals.sum(),
        "n_followed": test.n_deals[known].sum(),
        "n_won": (test.n_deals * test.is_won)[known].sum(),
    }
    if test.fewest_outcomes() < rules.min_outcomes:
        return found
    test = test[known]
    predicted, baseline, won = test.predicted, test.baseline, test.is_won
    total = test.weight.sum()
    observed = test.mean(won)
    error = test.error(test.weight * (won - observed) / total)
    low, high = interval_of_share(observed, error**2, test.n_deals.sum())
    auc, auc_error = _auc(test)
    losses = (won - predicted) ** 2, (won - baseline) ** 2
    brier, brier_of_baseline = (test.mean(loss) for loss in losses)
    gain = np.round(losses[1] - losses[0], 9)  # none but rounding errors is none
    skill_error = test.error(test.weight * (gain - test.mean(gain)) / total)
    recalibrated = IsotonicRegression().fit_transform(predicted, won, sample_weight=test.weight)
    brier_recalibrated = test.mean((won - recalibrated) ** 2)
    intercept, slope = _calibration_line(test)
    return found | {
        "mean_predicted": test.mean(predicted),
        "mean_observed": observed,
        "mean_observed_low": low,
        "mean_observed_high": high,
        "auc": auc,
        "auc_low": max(auc - Z_95 * auc_error, 0.0),
        "auc_high": min(auc + Z_95 * auc_error, 1.0),
        "brier": brier,
        "brier_of_baseline": brier_of_baseline,
        "brier_skill_z": test.mean(gain) / skill_error if skill_error > 0 else 0.0,
        "log_loss": test.mean(_log_loss(won, predicted)),
        "log_loss_of_baseline": test.mean(_log_loss(won, baseline)),
        "miscalibration": brier - brier_recalibrated,
        "discrimination": observed * (1 - observed) - brier_recalibrated,
        "calibration_intercept": intercept,
        "calibration_slope": slope,
        "smooth_calibration_error": smooth_calibration_error(predicted, won, test.weight),
    }


def _log_loss(won: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    inside = np.clip(predicted, LOWEST, 1 - LOWEST)
    return -(xlogy(won, inside) + xlogy(1 - won, 1 - inside))


def _auc(test: Backtest) -> tuple[float, float]:
    """Area under the ROC curve and its standard error (DeLong, DeLong and Clarke-Pearson 1988)."""
    is_won = test.is_won == 1
    of_won, of_others = (np.where(is_in, test.weight, 0.0) for is_in in (is_won, ~is_won))
    above_others, above_won = (share_below(test.predicted, each) for each in (of_others, of_won))
    auc = float(of_won @ above_others / of_won.sum())
    influence = np.where(
        is_won,
        test.weight * (above_others - auc) / of_won.sum(),
        test.weight * (1 - above_won - auc) / of_others.sum(),
    )
    return auc, test.error(influence)


def _calibration_line(test: Backtest) -> tuple[float, float]:
    design = sm.add_constant(logit(np.clip(test.predicted, LOWEST, 1 - LOWEST)), has_constant="add")
    if np.ptp(design[:, 1]) < LOWEST:
        return np.nan, np.nan
    model = sm.GLM(test.is_won, design, family=sm.families.Binomial(), var_weights=test.weight)
    intercept, slope = model.fit().params
    return float(intercept), float(slope)


def smooth_calibration_error(predicted: np.ndarray, won: np.ndarray, weight: np.ndarray) -> float:
    """The mean size of the smoothed difference of outcome and prediction (a share).

    The bandwidth of the kernel is where it equals the error (Blasiok and Nakkiran 2023).
    """
    place = np.rint(predicted * (len(GRID) - 1)).astype(int)
    residual = np.bincount(place, weight * (won - predicted), len(GRID)) / weight.sum()
    low, high = 1e-3, 1.0
    for _ in range(20):
        width = np.sqrt(low * high)
        if _smoothed(residual, width) > width:
            low = width
        else:
            high = width
    return float(np.sqrt(low * high))


def _smoothed(residual: np.ndarray, width: float) -> float:
    # The kernel is reflected at 0 and at 1, so that no weight is lost there.
    images = (GRID[None, :], -GRID[None, :], 2 - GRID[None, :])
    kernel = sum(norm.pdf((GRID[:, None] - image) / width) for image in images)
    kernel /= kernel.sum(axis=0)
    return float(np.abs(kernel @ residual).sum())


@one_thread
def calibration(
    rows: pd.DataFrame, as_of: pd.Timestamp, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Predicted and observed shares of deals with similar scores.

    rows: as in `score_quality`.
    Returns one row per `age_band` ('all', or as `age_level` has it) and `bin`, from 1 on, of about
        equally many deals: `n_deals`, `mean_predicted` and `mean_observed` with a 95% interval.
        A bin has at least `min_deals_per_level` deals of known outcome.
    """
    names = ["age_band", "bin", "n_deals", "mean_predicted"]
    names += ["mean_observed", "mean_observed_low", "mean_observed_high"]
    rows = rows.dropna(subset=["followed_probability"]).reset_index(drop=True)
    found = []
    if len(rows):
        test = Backtest.of(rows, as_of, [*features, "start_date"])
        for feature, level, part in _groups(rows, []):
            if feature != DATE:
                found += [
                    {"age_band": level, "bin": number} | each
                    for number, each in enumerate(_bins(test[part], rules), start=1)
                ]
    table = pd.DataFrame(found, columns=names)
    types = {"age_band": "str", "bin": "int64", "n_deals": "int64"}
    return table.astype(dict.fromkeys(names, "float64") | types)


def _bins(test: Backtest, rules: ClaimRules) -> Iterator[dict[str, float]]:
    test = test[test.weight > 0]
    n_bins = int(min(N_BINS, test.n_deals.sum() // rules.min_deals_per_level))
    if n_bins < 1:
        return
    order = np.argsort(test.predicted, kind="stable")
    before = np.cumsum(test.n_deals[order]) - test.n_deals[order]
    number = np.minimum((before / test.n_deals.sum() * n_bins).astype(int), n_bins - 1)
    for place in range(n_bins):
        of_bin = test[order[number == place]]
        if len(of_bin.deal) == 0:
            continue
        observed = of_bin.mean(of_bin.is_won)
        error = of_bin.error(of_bin.weight * (of_bin.is_won - observed) / of_bin.weight.sum())
        low, high = interval_of_share(observed, error**2, of_bin.n_deals.sum())
        yield {
            "n_deals": of_bin.n_deals.sum(),
            "mean_predicted": of_bin.mean(of_bin.predicted),
            "mean_observed": observed,
            "mean_observed_low": min(low, observed),
            "mean_observed_high": max(high, observed),
        }


def withheld_because(quality: pd.DataFrame, verdict: str, of_holdout: str | None) -> str | None:
    """Why scores get no grade, or None.

    quality: see `score_quality`. verdict, of_holdout: what `drivers.model_verdict` says; the
        holdout decides where too few deals were open on earlier dates to tell.
    """
    measured = quality[(quality["feature"] == ALL) & quality["brier_skill_z"].notna()]
    if verdict != SIGNAL or measured.empty:
        return of_holdout
    row = measured.iloc[0]
    if row["brier_skill_z"] > Z_ONE_SIDED:
        return None
    return (
        f"on {int(row['n_followed']):,} deals that were open at past month ends the scores predict"
        " no better than the age of a deal alone"
    )


def grade_edges(
    rows: pd.DataFrame, at_creation: pd.DataFrame, starts: Sequence[int], min_deals: int
) -> pd.DataFrame:
    """The lowest win probability of the grades A, B and C: quartiles of comparable deals.

    rows: of earlier score dates: `age_days`, `win_probability` and `n_deals`. at_creation: the
        scores of closed deals at creation: `win_probability` and `n_deals`. starts: the first days
        of the bands of age.
    Returns one row per band, for open deals, by `age_from_days`: the quartiles of the deals that
        were open at that age, or, where they are fewer than `min_deals`, in the nearest bands
        together that have so many; where none have, and for closed deals (`age_from_days` -1),
        those of closed deals at creation.
    """
    names = ["lowest_c", "lowest_b", "lowest_a"]
    creation = _quartiles(at_creation)
    found = [[-1, *creation]]
    band = np.searchsorted(starts, rows["age_days"], "right") - 1
    for number, start in enumerate(starts):
        for reach in range(len(starts)):
            near = rows[np.abs(band - number) <= reach]
            if near["n_deals"].sum() >= min_deals:
                found.append([start, *_quartiles(near)])
                break
        else:
            found.append([start, *creation])
    table = pd.DataFrame(found, columns=["age_from_days", *names])
    return table.astype({"age_from_days": "int64"} | dict.fromkeys(names, "float64"))


def _quartiles(rows: pd.DataFrame) -> list[float]:
    rows = rows[rows["win_probability"].notna() & (rows["n_deals"] > 0)]
    if rows.empty:
        return [np.nan] * 3
    weights = rows["n_deals"].to_numpy(float)
    values = rows["win_probability"].to_numpy(float)
    return list(np.quantile(values, [0.25, 0.5, 0.75], weights=weights, method="inverted_cdf"))
