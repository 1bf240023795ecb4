"""Teams against what all teams together win with the same deals, their reps being unlike."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from winrate.statistics.claims import TOO_FEW, ClaimRules, typed
from winrate.statistics.performance import TEAM, judged
from winrate.statistics.profile_regression import GROUPS, profile_model
from winrate.statistics.proportions import compare_with_rest
from winrate.statistics.regression import Factor, Regression
from winrate.statistics.threads import one_thread

COLUMNS = ["team", "n_deals", "n_won"]
MIN_OWN_SHARE = 1e-6  # of the information on a team that the features must leave
DIFFERENCE = "observed_minus_expected_pp"
NUMBERS = [
    *("expected_win_rate", DIFFERENCE, f"{DIFFERENCE}_low", f"{DIFFERENCE}_high"),
    *("p_value", "q_value", "shrunk_win_rate", "rep_sd", "spread_p_value"),
]
TYPES = {
    "team": "str",
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["spread_evidence", "evidence", "inconclusive_because", "statement"], "str"),
}


@one_thread
def team_performance(
    teams: pd.DataFrame, profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Each team's won deals against those that all teams together win with the same deals.

    teams: one row per team (`team`), with `n_deals` and `n_won` (counts of closed deals).
    profiles: see `winrate.statistics.profile_regression`, with `team`; the deals that have one.
    features: known at creation.
    Returns one row per team, sorted. `expected_win_rate` is that of a model of the features and the
    quarter, without teams and reps, and `observed_minus_expected_pp` the team's win rate less that,
    in percentage points. Deals of one rep are alike: its interval and its test count the reps of a
    team as a sample of reps, whose standard deviation in log-odds is `rep_sd`, with a t
    distribution that has as many degrees of freedom as there are more reps than teams. `evidence`
    is 'above', 'below', 'inconclusive' or 'too few deals'; no team is above or below where the
    teams together do not differ. `shrunk_win_rate` is the expected win rate and the part of the
    difference that is expected to last.

    Sources: Rao (1948) for the scores; Breslow and Clayton (1993) for the reps; DerSimonian and
    Laird (1986) for the variance of the teams.
    """
    table = teams.sort_values("team").reset_index(drop=True)
    table["win_rate"] = table["n_won"] / table["n_deals"].where(table["n_deals"] > 0)
    with np.errstate(divide="ignore", invalid="ignore"):  # a team without closed deals has no rate
        table["evidence"] = compare_with_rest(table, "n_won", "win_rate", rules)["evidence"]
    table = table.merge(_adjusted(profiles, features), on="team", how="left")
    table.loc[table["p_value"].isna(), "evidence"] = TOO_FEW
    return typed(judged(table, TEAM, rules), TYPES)


def _adjusted(profiles: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """One row per team with closed deals: its difference, with interval and test."""
    names = [name for name in NUMBERS if name != "q_value"]
    rows = profiles[profiles["n_deals"] > 0]
    if rows.empty:
        return pd.DataFrame({"team": pd.Series(dtype=str)}).assign(**dict.fromkeys(names, np.nan))
    # A rep who changed the team is one rep in each; deals without a rep are alike in their team.
    rep_of_team = rows[TEAM.key].str.cat(rows[GROUPS].astype(str), sep="\0")
    others = [feature for feature in features if feature not in (GROUPS, TEAM.key)]
    model = profile_model(rows.assign(**{GROUPS: rep_of_team}), [*others, TEAM.key])
    counts, reps = model.counts, model.counts.groups
    team = Factor.of(TEAM.key, rows[TEAM.key])
    rep_sd = model.fit().group_sd
    base = [feature for feature in model.features if feature.name != TEAM.key]
    alone = replace(model, counts=replace(counts, groups=None)).fit(base)
    score, information, covariance = _scores(alone, team, reps, rep_sd)
    n_deals, n_won = team.sums(counts.n_deals), team.sums(counts.n_won)
    expected = team.sums(counts.n_deals * alone.probability) / n_deals
    degrees = reps.size - team.size
    own_share = information.diagonal() / np.maximum(team.sums(alone.weight), 1e-300)
    is_tested = (own_share > MIN_OWN_SHARE) & (degrees > 0) & (team.size > 1)
    is_tested &= 0 < n_won.sum() < n_deals.sum()
    error = np.sqrt(np.where(is_tested, covariance.diagonal(), np.nan))
    difference = n_won / n_deals - expected
    half_width = stats.t.ppf(0.975, max(degrees, 1)) * error / n_deals
    kept = is_tested.all()
    return pd.DataFrame(
        {
            "team": team.levels,
            "expected_win_rate": expected,
            DIFFERENCE: 100 * difference,
            f"{DIFFERENCE}_low": 100 * (difference - half_width),
            f"{DIFFERENCE}_high": 100 * (difference + half_width),
            "p_value": 2 * stats.t.sf(np.abs(score / error), max(degrees, 1)),
            "shrunk_win_rate": np.clip(
                expected + _lasting_score(score, information, covariance) / n_deals, 0, 1
            ),
            "rep_sd": rep_sd,
            "spread_p_value": _spread_p_value(score, covariance, degrees) if kept else np.nan,
        }
    )


def _scores(
    alone: Regression, team: Factor, reps: Factor, rep_sd: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The score of each team beside a model without teams, their information and covariance.

    The information is what an effect of each team, in log-odds, adds to the scores. The covariance
    is that of independent deals, less what the model explains, and that of the reps: each moves the
    log-odds of all own deals.
    """
    counts, weight = alone.counts, alone.weight
    crossed = alone.columns.effects.T @ alone.columns.crossed(team, weight)
    step, of_coefficients = alone.without_priors()
    solved = of_coefficients @ crossed
    score = team.sums(counts.n_won - counts.n_deals * alone.probability) - crossed.T @ step
    by_rep = reps.crossed(team, weight)
    for level in range(team.size):
        explained = alone.columns.linear_predictor(alone.columns.effects @ solved[:, level])
        by_rep[:, level] -= reps.sums(weight * explained)
    information = np.diag(team.sums(weight)) - crossed.T @ solved
    return score, information, information + rep_sd**2 * by_rep.T @ by_rep


def _spread_p_value(score: np.ndarray, covariance: np.ndarray, degrees: int) -> float:
    """The F test that teams do not differ; the scores sum to zero, which takes one degree."""
    n_free = len(score) - 1
    statistic = float(score @ _inverse(covariance) @ score)
    return float(stats.f.sf(statistic / n_free, n_free, degrees))


def _lasting_score(
    score: np.ndarray, information: np.ndarray, covariance: np.ndarray
) -> np.ndarray:
    """The part of each score that comes from effects of teams and not from chance.

    The effects are random; their variance is that which the squared scores have beyond chance.
    """
    inverse = _inverse(covariance)
    excess = float(score @ inverse @ score) - (len(score) - 1)
    room = float(np.trace(inverse @ information @ information))
    variance = max(excess / room, 0.0) if room > 0 else 0.0
    of_effects = variance * information @ information
    return of_effects @ _inverse(covariance + of_effects) @ score


def _inverse(covariance: np.ndarray) -> np.ndarray:
    """The generalised inverse: scores that sum to zero have a covariance without a full rank."""
    return np.linalg.pinv(covariance, rcond=1e-9, hermitian=True)
