"""Sales reps against what the others would have won with the same deals."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_FEW,
    ClaimRules,
    evidence,
    fewest_outcomes,
    low_evidence_note,
    q_values,
    typed,
)
from winrate.statistics.profile_regression import GROUPS, profile_model
from winrate.statistics.proportions import compare_with_rest
from winrate.statistics.score_tests import score_tests
from winrate.statistics.shrinkage import funnel_limits, spread_of
from winrate.statistics.threads import one_thread

COLUMNS = ["sales_rep_id", "n_deals", "n_won"]
NUMBERS = [
    *("win_rate_low", "win_rate_high", "win_rate_elsewhere"),
    *("difference_pp", "difference_pp_low", "difference_pp_high"),
    *("expected_win_rate", "observed_minus_expected_pp", "adjusted_win_rate", "p_value", "q_value"),
    *("funnel_low_95", "funnel_high_95", "funnel_low_998", "funnel_high_998"),
    *("shrunk_win_rate", "between_rep_sd", "chance_sd", "spread_p_value"),
]
TYPES = {
    "sales_rep_id": "str",
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["spread_evidence", "evidence", "statement"], "str"),
}


@one_thread
def rep_performance(
    reps: pd.DataFrame, profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> pd.DataFrame:
    """Each rep's won deals against those that the others would have won with the same deals.

    reps: one row per rep (`sales_rep_id`), with `n_deals` and `n_won` (counts of closed deals).
    profiles: see `winrate.statistics.profile_regression`. features: known at creation.
    Returns one row per rep, sorted. `expected_win_rate` is that of a model of the features and the
    quarter, without reps, for the rep's deals (indirect standardisation), and
    `observed_minus_expected_pp` the rep's win rate less that, in percentage points;
    `adjusted_win_rate` is the overall win rate plus that difference. `p_value` is the score test of
    the rep beside this model. `evidence` is 'above', 'below', 'inconclusive' or 'too few deals'; no
    rep is above or below where the reps together do not differ (`spread_p_value`,
    `spread_evidence`, the same in each row). `shrunk_win_rate` is the expected win rate with the
    rep's random intercept. `difference_pp` compares win rates as they are with those of the other
    reps; the funnel limits are around the overall win rate.

    Sources: Spiegelhalter (2005) for the funnel; Breslow and Clayton (1993) for the intercepts.
    """
    table = reps.sort_values("sales_rep_id").reset_index(drop=True)
    with np.errstate(divide="ignore", invalid="ignore"):  # a rep without closed deals has no rate
        crude = compare_with_rest(table, "n_won", "win_rate", rules)
    table = table.join(crude.drop(columns=["p_value", "q_value"]))
    table = table.merge(_adjusted(profiles, features), on="sales_rep_id", how="left")
    spread = spread_of(table["n_won"], table["n_deals"])
    adjusted = spread.mean + table["observed_minus_expected_pp"] / 100
    table["adjusted_win_rate"] = adjusted.clip(0, 1)
    for name, coverage in [("95", 0.95), ("998", 0.998)]:
        limits = funnel_limits(spread.mean, table["n_deals"], coverage)
        table[f"funnel_low_{name}"], table[f"funnel_high_{name}"] = limits["low"], limits["high"]
    table["shrunk_win_rate"] = table["shrunk_win_rate"].fillna(spread.mean)
    table["between_rep_sd"], table["chance_sd"] = spread.between_sd, spread.chance_sd
    p_value = _spread_p_value(table)
    table["spread_p_value"] = p_value
    table["spread_evidence"] = (
        TOO_FEW if np.isnan(p_value) else "differs" if p_value < rules.max_p_value else INCONCLUSIVE
    )
    table["q_value"] = q_values(table["p_value"])
    is_claim = table["observed_minus_expected_pp"].abs() >= rules.min_effect_pp
    table["evidence"] = evidence(
        table["observed_minus_expected_pp"],
        table["q_value"].where(is_claim & (table["spread_evidence"] == "differs")),
        too_few=table["evidence"] == TOO_FEW,
        names=("above", "below"),
        max_q_value=rules.max_other_q_value,
    )
    note = low_evidence_note(fewest_outcomes(table), rules)
    table["statement"] = [_statement(row, rules, note) for row in table.itertuples()]
    return typed(table, TYPES)


def _adjusted(profiles: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """One row per rep with closed deals: expected and shrunk win rate, and the test of the rep."""
    names = ["expected_win_rate", "observed_minus_expected_pp", "shrunk_win_rate", "z", "p_value"]
    model = profile_model(profiles, [feature for feature in features if feature != GROUPS])
    groups = model.counts.groups
    if groups is None or not groups.size:
        empty = pd.DataFrame({"sales_rep_id": pd.Series(dtype=str)})
        return empty.assign(**dict.fromkeys(names, np.nan))
    counts = model.counts
    n_deals, n_won = groups.sums(counts.n_deals), groups.sums(counts.n_won)
    alone = replace(model, counts=replace(counts, groups=None)).fit()
    expected = groups.sums(counts.n_deals * alone.probability) / n_deals
    z = score_tests(alone, [groups], is_joint=False).z
    if not 0 < n_won.sum() < n_deals.sum():  # with one outcome, there is nothing to compare
        z = np.full(groups.size, np.nan)
    shrunk = groups.sums(counts.n_deals * model.fit().probability) / n_deals
    return pd.DataFrame(
        {
            GROUPS: groups.levels,
            "expected_win_rate": expected,
            "observed_minus_expected_pp": 100 * (n_won / n_deals - expected),
            "shrunk_win_rate": shrunk,
            "z": z,
            "p_value": 2 * stats.norm.sf(np.abs(z)),
        }
    )


def _spread_p_value(table: pd.DataFrame) -> float:
    """Test that reps do not differ: the sum of the squared tests of all reps.

    The mean of the scores is zero, which takes one degree of freedom.
    """
    z = table["z"].dropna()
    if len(z) < 2:
        return float("nan")
    degrees = len(z) - 1
    return float(stats.chi2.sf((z**2).sum() * degrees / len(z), degrees))


def _statement(row, rules: ClaimRules, note: str) -> str:
    if row.n_deals < rules.min_deals_per_level:
        return (
            f"{row.sales_rep_id} has closed {wording.deals(row.n_deals)} and won {row.n_won}: "
            f"too few to compare ({rules.min_deals_per_level} are needed)."
        )
    won = f"{row.sales_rep_id} won {wording.percent(row.win_rate)} of {wording.deals(row.n_deals)}"
    if row.evidence == TOO_FEW:
        return f"{won}; all reps together, or the others, have closed too few to compare."
    side = "above" if row.observed_minus_expected_pp > 0 else "below"
    compared = (
        f"{won}, {wording.points(row.observed_minus_expected_pp)} {side} the "
        f"{wording.percent(row.expected_win_rate)} that other reps would have won of such deals"
    )
    if row.evidence != INCONCLUSIVE:
        return f"{compared}: more than expected by chance among so many reps{note}."
    if row.spread_evidence == INCONCLUSIVE:
        return f"{compared}: reps differ no more than expected by chance."
    return (
        f"{compared}: no more than expected by chance among so many reps; the expected win rate is "
        f"{wording.percent(row.shrunk_win_rate)}."
    )
