"""Why the win rate changed, by all features at once: a model-based split of the change.

The single-feature split (`changes.win_rate_change_segments`) credits a shift to every feature that
moves with it. Here each feature is credited with what is its own, other features being equal: the
decomposition of Oaxaca (1973) and Blinder (1973), for a logistic regression.

**The model.** In both windows the log-odds of winning are a sum of one coefficient per level:
`log_odds[w](deal) = intercept[w] + sum over features of coefficient[w](level of the deal)`, fitted
on profiles, both windows in one fit (`fit_windows`). The mean fitted probability of a window is its
win rate, exactly, so nothing is left over below.

**Explained and unexplained.** Over profiles x, with shares q0 before and q1 after and fitted
probabilities p0 and p1, the two are those of Kitagawa (1955), the average of both orders in which
one could change first the deals and then the rates, or the other way round:

    explained   = sum (q1 - q0) (p0 + p1) / 2      other deals
    unexplained = sum (p1 - p0) (q0 + q1) / 2      the same deals, won less or more often

**By feature.** The log-odds are a sum over features, the probability is not. A difference of two
probabilities is split among features in proportion to the difference that each makes to the
log-odds, by the mean slope of the logistic curve between the two: `p1 - p0 = slope * sum of
differences`. That is the integral of the gradient along the straight line (Aumann and Shapley
1974): exact, free of any order, and stable where the log-odds differ little, as weights that divide
by their sum (Yun 2004; Powers, Yoshioka and Yun 2011) are not. For a linear model it is the split
of Oaxaca and Blinder. Unexplained: from a deal's log-odds before to its log-odds after.
Explained: from the average deal's log-odds to the deal's, in each window's model; a feature's part
is the mean of its contributions after less that before. So "the distribution of one feature alone
changes" never needs a meaning; a feature whose levels make no difference explains nothing, whatever
it moves with.

**What all levels share.** Add a number to all coefficients of a feature, take it from the
intercept: the same model. So what the data say of a feature's own change is only how the changes of
its levels differ, and a rule must say which change is the common one (Yun 2005; Jann 2008). The
usual rule, the mean of the levels, does not single out the level that fell: the others seem to have
risen. Here the common change of a feature is the one that most of its deals share: the mode of the
levels' changes, each weighted by its deals and blurred by its standard error (`common_change`).
Levels that differ no more than by chance are averaged, and the feature is credited with little;
levels that clearly stand out do not shift it, and are credited in full. In between, part of what
is one feature's own is credited to all deals. All common changes together, with that of the
intercept, are the row `baseline`: what befell all deals alike.

**New and vanished levels** have a rate in one window only. Their own change is none, and all they
bring is mix, as in the split by one feature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from winrate import wording
from winrate.statistics.claims import ClaimRules, evidence, q_values
from winrate.statistics.profile_regression import check_profiles, leaking_features
from winrate.statistics.proportions import Z_95
from winrate.statistics.threads import one_thread

BASELINE = "baseline"
COUNTS = ["n_before", "n_won_before", "n_after", "n_won_after"]
PARTS = ["explained_pp", "unexplained_pp"]
ESTIMATES = [f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")]
# What is known of coefficients beforehand, as standard deviations in log-odds: of a level's
# effect, and of its change from one window to the next. Wide: three hundred deals of a level
# outweigh the first a hundred times and more. They give levels without a won or lost deal a finite
# coefficient, and let features that say the same share what they say.
LEVEL_SD = 2.5
CHANGE_SD = 1.0
# The common change jumps where two peaks are equally high; so that intervals stay finite near
# there, the curvature of a peak counts as at least this share of that of a lone one.
MIN_CURVATURE = 0.1


@dataclass(frozen=True)
class WindowsFit:
    """A logistic regression on the profiles of two windows.

    features, levels: the modelled features; one row per (feature, level), in order of `one_hot`.
    codes: features x profiles, the position of the profile's level in `levels`.
    one_hot: profiles x levels, 0 or 1.
    share: 2 x profiles, the share of each window's deals; n_deals: of the two windows.
    compared: per level, whether both windows have deals of it; is_new: whether only the later has.
    parameters, covariance: over (intercept before, intercept after, effect of each level, its
        change), effects as they are halfway; a level that is not compared has no change.
    """

    features: list[str]
    levels: pd.MultiIndex
    codes: np.ndarray
    one_hot: np.ndarray
    share: np.ndarray
    n_deals: np.ndarray
    compared: np.ndarray
    is_new: np.ndarray
    parameters: np.ndarray
    covariance: np.ndarray

    @property
    def change_columns(self) -> slice:
        return slice(2 + len(self.levels), None)

    @cached_property
    def of_feature(self) -> np.ndarray:
        """Features x levels, 1 where the level is one of the feature's."""
        names = self.levels.get_level_values(0).to_numpy()
        return (np.array(self.features, dtype=object)[:, None] == names).astype(float)


@one_thread
def win_rate_change_model(
    profiles: pd.DataFrame,
    features: list[str],
    rules: ClaimRules,
) -> pd.DataFrame:
    """The change of the win rate in each comparison, by all features at once (see the module).

    profiles: one row per `comparison` and distinct combination of `features`, with `n_before`,
        `n_won_before`, `n_after`, `n_won_after` (counts of closed deals).
    Returns one row per comparison and feature, and one for 'baseline'. `explained_pp` (the deals
    of the feature's levels became more or fewer), `unexplained_pp` (deals of some of its levels
    are won more or less often than before) and `total_pp`, both together, in percentage points;
    summed over a comparison they are the change of the win rate. 95% intervals are by the delta
    method, the deals of both windows taken as a sample. `p_value` of a feature tests that its
    levels' coefficients changed alike (Wald; free of the rule for the common change), that of the
    baseline that it is zero. `q_value` is over all rows. `evidence` is 'got worse' or 'got better'
    where it is below `max_q_value` and the interval of `unexplained_pp` excludes 0, else
    'inconclusive', or 'too few deals' where a window has fewer than `min_outcomes` won or lost
    deals; then there are no estimates. Nor are there for a feature that names the outcome.
    Raises ValueError where a feature or a count is missing, or more deals were won than closed.
    """
    check_windows(profiles, features)
    parts = [_no_rows()]
    for comparison, of_comparison in profiles.groupby("comparison"):
        rows = of_comparison[(of_comparison["n_before"] > 0) | (of_comparison["n_after"] > 0)]
        table = pd.DataFrame({"comparison": comparison, "feature": [*features, BASELINE]})
        table = table.assign(
            **_counts(rows),
            too_few=_has_too_few(rows, rules.min_outcomes),
            low_evidence=_has_too_few(rows, rules.low_evidence_outcomes),
        )
        naming = leaking_features(_both_windows(rows), features)
        table["names_outcome"] = table["feature"].isin(naming)
        if not table["too_few"][0]:
            fit = fit_windows(rows, [name for name in features if name not in naming])
            table = table.merge(_feature_estimates(fit), on="feature", how="left")
        parts.append(table)
    table = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    table = table.reindex(columns=_no_rows().columns)
    numbers = [*ESTIMATES, "p_value"]
    table[numbers] = table[numbers].astype(float)

    table["total_pp"] = table["explained_pp"] + table["unexplained_pp"]
    table["q_value"] = q_values(table["p_value"])
    excludes_zero = (table["unexplained_pp_low"] > 0) | (table["unexplained_pp_high"] < 0)
    table["evidence"] = evidence(
        table["unexplained_pp"],
        table["q_value"].where(excludes_zero),
        too_few=table["too_few"].astype(bool),
        names=("got better", "got worse"),
        max_q_value=rules.max_q_value,
    )
    table["statement"] = [_statement(row, rules.min_outcomes) for row in table.itertuples()]
    return table.drop(
        columns=["too_few", "low_evidence", "names_outcome", "outstanding", "n_before", "n_after"]
    )


# What the statements need beside the published columns.
HELPERS = {"n_before": int, "n_after": int, "too_few": bool, "low_evidence": bool}
HELPERS |= {"names_outcome": bool, "outstanding": object}


def _no_rows() -> pd.DataFrame:
    """The table without rows, and its columns in order."""
    text = {"comparison": str, "feature": str}
    numbers = dict.fromkeys([*ESTIMATES, "total_pp", "p_value", "q_value"], float)
    columns = {**text, **numbers, **HELPERS}
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def check_windows(profiles: pd.DataFrame, features: list[str]) -> None:
    """Raises ValueError where a feature or a count is missing, or is impossible."""
    missing = [name for name in ["comparison", *features, *COUNTS] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if BASELINE in features:
        raise ValueError(f"a feature cannot be named {BASELINE!r}: the split has such a row")
    for window in ("before", "after"):
        check_profiles(_window(profiles, window), features)


def _window(profiles: pd.DataFrame, window: str) -> pd.DataFrame:
    return profiles.assign(n_deals=profiles[f"n_{window}"], n_won=profiles[f"n_won_{window}"])


def _both_windows(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        n_deals=rows["n_before"] + rows["n_after"],
        n_won=rows["n_won_before"] + rows["n_won_after"],
    )


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    return {name: int(rows[name].sum()) for name in ("n_before", "n_after")}


def _has_too_few(rows: pd.DataFrame, min_outcomes: int) -> bool:
    won = rows[["n_won_before", "n_won_after"]].sum().to_numpy()
    lost = rows[["n_before", "n_after"]].sum().to_numpy() - won
    # An intercept needs a won and a lost deal, whatever is asked for.
    return bool(min(won.min(), lost.min()) < max(min_outcomes, 1))


# ---- the model


def fit_windows(rows: pd.DataFrame, features: list[str]) -> WindowsFit:
    """Fit the win rates of two windows, with a change of every level between them.

    rows: profiles with COUNTS; each window has won and lost deals.
    Maximum likelihood but for weak normal priors on effects and changes (LEVEL_SD, CHANGE_SD; a
    ridge penalty over all levels, none of which is a reference). Intercepts are free, so that in
    each window the fitted probabilities sum to its won deals. Covariance by Laplace's
    approximation (Bishop 2006, section 4.4).
    """
    codes, levels = np.empty((len(features), len(rows)), dtype=int), []
    for position, feature in enumerate(features):
        codes_of_feature, names = pd.factorize(rows[feature], sort=True)
        codes[position] = codes_of_feature + len(levels)
        levels += [(feature, name) for name in names]
    one_hot = (codes[:, :, None] == np.arange(len(levels))).any(axis=0).astype(float)
    counts = rows[COUNTS].to_numpy(float)
    n_deals, n_won = counts[:, [0, 2]].T, counts[:, [1, 3]].T
    has_before, has_after = (n_deals @ one_hot) > 0
    compared = has_before & has_after

    changing = one_hot * compared
    nothing, always = np.zeros((len(rows), 1)), np.ones((len(rows), 1))
    design = np.vstack(
        [
            np.hstack([always, nothing, one_hot, -changing / 2]),
            np.hstack([nothing, always, one_hot, changing / 2]),
        ]
    )
    prior = np.repeat([0.0, LEVEL_SD**-2, CHANGE_SD**-2], [2, len(levels), len(levels)])
    start = np.zeros(len(prior))
    win_rate = n_won.sum(axis=1) / n_deals.sum(axis=1)
    start[:2] = np.log(win_rate / (1 - win_rate))
    parameters, covariance = _penalised_fit(design, n_deals.ravel(), n_won.ravel(), prior, start)
    return WindowsFit(
        features=features,
        levels=pd.MultiIndex.from_tuples(levels, names=["feature", "level"]),
        codes=codes,
        one_hot=one_hot,
        share=n_deals / n_deals.sum(axis=1, keepdims=True),
        n_deals=n_deals.sum(axis=1),
        compared=compared,
        is_new=has_after & ~has_before,
        parameters=parameters,
        covariance=covariance,
    )


def _penalised_fit(
    design: np.ndarray, n_deals: np.ndarray, n_won: np.ndarray, prior: np.ndarray, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for a logistic regression with normal priors of these precisions."""
    seen = n_deals > 0
    design, n_deals, n_won = design[seen], n_deals[seen], n_won[seen]

    def loss(parameters: np.ndarray) -> float:
        log_odds = design @ parameters
        likelihood = n_won @ log_odds - n_deals @ np.logaddexp(0, log_odds)
        return float(prior @ parameters**2 / 2 - likelihood)

    def information(probability: np.ndarray) -> np.ndarray:
        weight = n_deals * probability * (1 - probability)
        return design.T @ (design * weight[:, None]) + np.diag(prior)

    parameters = start
    for _ in range(100):
        probability = expit(design @ parameters)
        gradient = design.T @ (n_won - n_deals * probability) - prior * parameters
        step = np.linalg.solve(information(probability), gradient)
        # Convex, so a shorter step always helps; near the end rounding hides that it does.
        while np.abs(step).max() > 1e-6 and loss(parameters + step) > loss(parameters):
            step = step / 2
        parameters = parameters + step
        if np.abs(step).max() < 1e-12:
            break
    return parameters, np.linalg.inv(information(expit(design @ parameters)))


# ---- the split


def _feature_estimates(fit: WindowsFit) -> pd.DataFrame:
    """One row per modelled feature and one for the baseline: ESTIMATES, p_value, outstanding."""
    common, common_gradient = _common_changes(fit)
    split, by_deal, by_level = _split(fit, fit.parameters, common)
    n_parts = split.size

    # The delta method: what the coefficients' errors do, and which deals there happened to be.
    gradient = np.empty((n_parts, len(fit.parameters)))
    for position in range(len(fit.parameters)):
        ends = []
        for step in (1e-5, -1e-5):
            moved = fit.parameters.copy()
            moved[position] += step
            moved_common = common + step * common_gradient[:, position]
            ends.append(_split(fit, moved, moved_common)[0].ravel())
        gradient[:, position] = (ends[0] - ends[1]) / 2e-5
    variance = np.einsum("ij,jk,ik->i", gradient, fit.covariance, gradient).reshape(split.shape)
    for share, n_deals, contributions in zip(fit.share, fit.n_deals, by_deal, strict=True):
        mean = contributions @ share
        variance += ((contributions - mean[:, :, None]) ** 2 @ share) / n_deals
    error = np.sqrt(np.maximum(variance, 0.0))

    table = pd.DataFrame({"feature": [*fit.features, BASELINE]})
    for part, value, part_error in zip(PARTS, split, error, strict=True):
        table[part] = 100 * value
        table[f"{part}_low"] = 100 * (value - Z_95 * part_error)
        table[f"{part}_high"] = 100 * (value + Z_95 * part_error)
    p_values = [_p_value_of_unequal_changes(fit, feature) for feature in fit.features]
    baseline_z = split[1, -1] / error[1, -1] if error[1, -1] > 0 else np.nan
    table["p_value"] = [*p_values, 2 * stats.norm.sf(abs(baseline_z))]
    table["outstanding"] = [_outstanding(fit, name, by_level) for name in table["feature"]]
    return table


def _split(
    fit: WindowsFit, parameters: np.ndarray, common: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The parts of the change, as shares: (explained, unexplained) x (features, baseline).

    common: the common change of each feature's levels.
    Also returns what one more deal of each profile would add to them (windows x 2 x features and
    baseline x profiles), and the unexplained part by level.
    """
    levels = len(fit.levels)
    of_feature = fit.of_feature
    common_of_level = common @ of_feature
    intercepts, effect = parameters[:2], parameters[2 : 2 + levels]
    change = np.where(fit.compared, parameters[fit.change_columns], common_of_level)
    before = effect - np.where(fit.compared, change / 2, np.where(fit.is_new, change, 0.0))
    coefficients = np.array([before, before + change])
    log_odds = intercepts[:, None] + coefficients[:, fit.codes].sum(axis=1)
    mean_share, share_change = fit.share.mean(axis=0), fit.share[1] - fit.share[0]

    slope = mean_slope(log_odds[0], log_odds[1])
    own_change = change - common_of_level
    by_level = (mean_share * slope) @ fit.one_hot * own_change
    baseline = intercepts[1] - intercepts[0] + common.sum()
    unexplained = np.append(of_feature @ by_level, (mean_share @ slope) * baseline)
    unexplained_by_deal = slope * np.vstack(
        [own_change[fit.codes], np.full((1, len(slope)), baseline)]
    )

    contributions = np.zeros((len(fit.features) + 1, len(slope)))
    for intercept, coefficient, deal in zip(intercepts, coefficients, log_odds, strict=True):
        average = of_feature @ (coefficient * (mean_share @ fit.one_hot))
        own = coefficient[fit.codes] - average[:, None]
        contributions[:-1] += mean_slope(deal, intercept + average.sum()) * own / 2
    explained = contributions @ share_change

    by_deal = np.array([[sign * contributions, unexplained_by_deal / 2] for sign in (-1.0, 1.0)])
    return np.array([explained, unexplained]), by_deal, by_level


def mean_slope(log_odds: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """Mean slope of the logistic curve between two log-odds: difference of p over theirs.

    Between equal ones, the slope there, p (1 - p); accurate however near they are.
    """
    half = (np.asarray(log_odds) - other) / 2
    sinhc = np.where(half == 0, 1.0, np.sinh(half) / np.where(half == 0, 1.0, half))
    return sinhc / (4 * np.cosh(np.asarray(log_odds) / 2) * np.cosh(np.asarray(other) / 2))


# ---- what all levels share


def _common_changes(fit: WindowsFit) -> tuple[np.ndarray, np.ndarray]:
    """The common change of each feature's levels, and its gradient by the parameters."""
    common = np.zeros(len(fit.features))
    gradient = np.zeros((len(fit.features), len(fit.parameters)))
    level_share = fit.share.mean(axis=0) @ fit.one_hot
    for row, of_feature in enumerate(fit.of_feature):
        positions = np.flatnonzero((of_feature > 0) & fit.compared)
        if not len(positions):
            continue
        columns = fit.change_columns.start + positions
        share = level_share[positions] / level_share[positions].sum()
        common[row], gradient[row, columns] = common_change(
            fit.parameters[columns], share, fit.covariance[np.ix_(columns, columns)]
        )
    return common, gradient


def common_change(
    change: np.ndarray, share: np.ndarray, covariance: np.ndarray
) -> tuple[float, np.ndarray]:
    """The change that most deals share, and its gradient by the levels' changes.

    change, share: of each level; shares sum to 1. covariance: of the changes.
    The highest point of the sum of bell curves, one per level, of height `share` around `change`
    and as wide as its standard error against the other levels (Welsch's estimator of location;
    Holland and Welsch 1977). Of several equally high points, their mean.
    """
    if len(change) == 1:
        return float(change[0]), np.ones(1)
    against_others = (np.eye(len(change)) - share) / (1 - share)[:, None]
    width = np.sqrt(np.einsum("ij,jk,ik->i", against_others, covariance, against_others))

    def heights(location: float) -> np.ndarray:
        return share * np.exp(-(((change - location) / width) ** 2) / 2)

    peaks = np.array([_climb(location, change, width, heights) for location in change])
    height = np.array([heights(location).sum() for location in peaks])
    highest = np.sort(peaks[height >= height.max() * (1 - 1e-9)])
    # Several levels climb to the same peak: it counts once.
    highest = highest[np.append(True, np.diff(highest) > 1e-6)]
    gradients = []
    for location in highest:
        weight = heights(location) / width**2
        curvature = weight * (1 - ((change - location) / width) ** 2)
        lacking = max(MIN_CURVATURE * weight.sum() - curvature.sum(), 0.0)
        curvature += lacking * weight / weight.sum()
        gradients.append(curvature / curvature.sum())
    return float(highest.mean()), np.mean(gradients, axis=0)


def _climb(
    location: float,
    change: np.ndarray,
    width: np.ndarray,
    heights: Callable[[float], np.ndarray],
) -> float:
    """The peak above a location (mean shift; Fukunaga and Hostetler 1975)."""
    for _ in range(1000):
        weight = heights(location) / width**2
        previous, location = location, float(weight @ change / weight.sum())
        if abs(location - previous) < 1e-13:
            break
    return location


def _p_value_of_unequal_changes(fit: WindowsFit, feature: str) -> float:
    """Wald test that the coefficients of a feature's levels changed alike."""
    is_level = (fit.levels.get_level_values(0) == feature) & fit.compared
    columns = fit.change_columns.start + np.flatnonzero(is_level)
    if len(columns) < 2:
        return float("nan")
    differences = np.eye(len(columns))[1:] - np.eye(len(columns))[0]
    change = differences @ fit.parameters[columns]
    covariance = differences @ fit.covariance[np.ix_(columns, columns)] @ differences.T
    statistic = float(change @ np.linalg.solve(covariance, change))
    return float(stats.chi2.sf(statistic, len(differences)))


# ---- sentences


def _outstanding(fit: WindowsFit, feature: str, by_level: np.ndarray) -> tuple[str, float] | None:
    """The level that adds most to what a feature leaves unexplained, and its points."""
    positions = np.flatnonzero(fit.levels.get_level_values(0) == feature)
    if not len(positions):
        return None
    direction = np.sign(by_level[positions].sum())
    largest = positions[np.argmax(direction * by_level[positions])]
    return str(fit.levels[largest][1]), 100 * float(by_level[largest])


def _statement(row, min_outcomes: int) -> str:
    title = "All deals alike" if row.feature == BASELINE else wording.feature_title(row.feature)
    counts = f"{wording.count(row.n_after)} against {wording.deals(row.n_before)}"
    if row.evidence == "too few deals":
        return (
            f"{title}: too few deals to split the change ({counts}; {min_outcomes} won and "
            f"{min_outcomes} lost ones are needed in each period)."
        )
    if row.names_outcome:
        return f"{title}: its levels name the outcome, so it is left out of the model."
    span = wording.interval(row.unexplained_pp_low, row.unexplained_pp_high)
    if row.evidence == "inconclusive":
        own = f"no change of win rate of its own can be told ({span})"
        if row.feature == BASELINE:
            return f"{title}: no change of win rate that all share can be told ({span}, {counts})."
    else:
        counts += "; low evidence" if row.low_evidence else ""
        less_or_more = "less" if row.evidence == "got worse" else "more"
        moved = "took" if row.evidence == "got worse" else "added"
        size = wording.points(row.unexplained_pp)
        if row.feature == BASELINE:
            return (
                f"{title}: the same deals being won {less_or_more} often, whatever their levels, "
                f"{moved} {size} ({span}, {counts})."
            )
        level, level_pp = row.outstanding
        own = (
            f"deals of some levels being won {less_or_more} often than before, other things "
            f"equal, {moved} {size}, most of it {level} ({level_pp:+.1f}; {span})"
        )
    mix_span = wording.interval(row.explained_pp_low, row.explained_pp_high)
    mix_pp = round(row.explained_pp, 1) + 0.0  # no "-0.0"
    return f"{title}: {own}; its change of mix made {mix_pp:+.1f} points ({mix_span}, {counts})."
