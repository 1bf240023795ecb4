"""What moves the win rate: the adjusted effect of every feature level, with its uncertainty."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics.claims import (
    INCONCLUSIVE,
    SIGNAL,
    TOO_FEW,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    explained,
    fewest_outcomes,
    low_evidence_note,
    noted,
    typed,
)
from winrate.statistics.effects import EFFECTS, level_effects
from winrate.statistics.profile_regression import (
    GROUPS,
    LeftOut,
    LeftOutCode,
    ProfileModel,
    check_profiles,
    profile_model,
)
from winrate.statistics.regression import Factor, Regression
from winrate.statistics.score_tests import score_tests
from winrate.statistics.step_down import Candidates, Named, name_levels
from winrate.statistics.threads import one_thread

ESTIMATES = [*EFFECTS, "p_value", "q_value", "feature_p_value"]
TYPES = {
    **dict.fromkeys(["feature", "level"], "str"),
    **dict.fromkeys(ESTIMATES, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because", "known_at"], "str"),
    **dict.fromkeys(["left_out_code", "left_out_because"], "str"),
    "n_reps": "Int64",
    "rank": "int64",
    "statement": "str",
}


@one_thread
def win_rate_drivers(
    profiles: pd.DataFrame,
    close_profiles: pd.DataFrame,
    features: Sequence[str],
    close_features: Sequence[str],
    verdict: str,
    rules: ClaimRules,
    suspects: Sequence[str] = (),
) -> pd.DataFrame:
    """Adjusted effect of each feature level on the win rate.

    profiles: see `winrate.statistics.profile_regression`, one row per distinct combination of
        `features`, which are known at creation, quarter and rep; with the counts of the holdout.
    close_profiles: one row per distinct combination of all features, with `n_deals` and `n_won`.
    close_features: known only when a deal closes. They are estimated beside the others, which are
        estimated without them, and have a false discovery rate of their own. Their missing values
        may follow from the outcome: they have no estimate, and the others are compared without.
    verdict: on `features`, see `winrate.statistics.verdict`.
    suspects: suspected to leak the outcome, see `winrate.statistics.leaks`; left out of the models.
    Returns one row per feature and level. `adjusted_win_rate` is the win rate that the deals
    would have if all of them had this level and kept all else (marginal standardisation), and
    `effect_pp` its distance from the overall win rate in percentage points, with a 95% interval.
    `coefficient` is in log-odds against the average deal of the feature (weighted effect coding).
    `p_value` is the score test of the level against the others of its feature, those set aside
    that were named before it; `q_value` is corrected for all levels of the family (Holm 1979).
    `feature_p_value` is the score test of the whole
    feature. `evidence` is 'helps' or 'hurts' where the level is named, its interval excludes zero
    and, for features known at creation, the verdict is 'signal'. `n_reps` is the number of reps
    with deals of the level; null without reps.
    Raises ValueError where a feature or a count is missing, or `n_won` exceeds `n_deals`.

    Sources: Muller and MacLehose (2014) for marginal standardisation; te Grotenhuis et al.
    (2017) for weighted effect coding; Rao (1948) for the score test; Holm (1979).
    """
    check_profiles(close_profiles, [*features, *close_features])
    n_fewest = fewest_outcomes(profiles)
    has_too_few = verdict == TOO_FEW
    model = None if has_too_few else profile_model(profiles, features)
    parts = [
        _family(profiles, features, model, verdict == SIGNAL, rules).assign(known_at="creation")
    ]
    if close_features:
        beside = None
        if not has_too_few:
            beside = profile_model(close_profiles, [*features, *close_features], close_features)
        at_close = _family(close_profiles, close_features, beside, None, rules)
        parts.append(at_close.assign(known_at="close"))
    if suspects:
        left_out = _family(profiles, suspects, None, None, rules).assign(known_at="close")
        left_out["left_out"] = [LeftOut(LeftOutCode.SUSPECTED_LEAK)] * len(left_out)
        parts.append(left_out)
    table = pd.concat(parts, ignore_index=True)
    is_too_few = has_too_few | (table["n_deals"] < rules.min_deals_per_level)
    table["evidence"] = table["evidence"].mask(is_too_few, TOO_FEW)
    table["n_reps"] = _reps_per_level(profiles, table)
    table["left_out_because"] = [
        None if reason is None else _left_out_because(reason) for reason in table["left_out"]
    ]
    is_withheld = (table["known_at"] == "creation") & (verdict != SIGNAL)
    table["inconclusive_because"] = explained(
        table["effect_pp_low"],
        table["effect_pp_high"],
        table["evidence"] != INCONCLUSIVE,
        table["reason"].mask(is_withheld, f"the verdict is '{verdict}'"),
    )
    table["left_out_code"] = [reason and str(reason.code) for reason in table["left_out"]]
    note = low_evidence_note(n_fewest, rules)
    table["statement"] = [_level_statement(row, verdict, note) for row in table.itertuples()]
    table = table.sort_values(["p_value", "feature", "level"], na_position="last")
    table["rank"] = np.arange(1, len(table) + 1)
    return typed(table, TYPES)


def _family(
    profiles: pd.DataFrame,
    features: Sequence[str],
    model: ProfileModel | None,
    may_claim: bool | None,
    rules: ClaimRules,
) -> pd.DataFrame:
    """The levels of some features, which have one false discovery rate.

    model: with these features; None with too few deals. may_claim: whether a level may be named;
        None: where the features together have an effect beside the others of the model.
    """
    table = _level_counts(profiles, features).assign(
        **dict.fromkeys(ESTIMATES, np.nan),
        evidence=INCONCLUSIVE,
        left_out=None,
        set_aside="",
        reason="",
    )
    if model is None:
        return table
    keys = zip(table["feature"], table["level"], strict=True)
    table["left_out"] = [
        model.left_out.get((feature, level), model.left_out.get(feature)) for feature, level in keys
    ]
    tested = [factor for factor in model.features if factor.name in features]
    if not tested:
        return table
    if may_claim is None:
        others = [factor for factor in model.features if factor.name not in features]
        joint = score_tests(model.fit(others), tested).joint()
        may_claim = joint.p_value < rules.max_other_q_value
    estimates = _estimates(model, tested, may_claim, rules)
    estimates["reason"] = _reasons(estimates, may_claim, rules)
    columns = [*ESTIMATES, "evidence", "set_aside", "reason"]
    table = table.drop(columns=columns).merge(estimates, on=["feature", "level"], how="left")
    is_left_out = table["left_out"].notna()
    table.loc[is_left_out, ESTIMATES] = np.nan
    table["evidence"] = table["evidence"].mask(is_left_out).fillna(INCONCLUSIVE)
    return table.assign(set_aside=table["set_aside"].fillna(""))


def _reasons(estimates: pd.DataFrame, may_claim: bool, rules: ClaimRules) -> list[str]:
    """Why each level may be no driver, although its interval excludes zero."""
    if not may_claim:
        return ["these features have no significant effect together"] * len(estimates)
    by_chance = chance_among(estimates["p_value"].count(), "level")
    others = "like the others once " + estimates["set_aside"] + " is set aside"
    is_small = estimates["effect_pp"].abs() < rules.min_effect_pp
    return np.select(
        [is_small, estimates["set_aside"] != ""], [TOO_SMALL, others], default=by_chance
    ).tolist()


def _estimates(
    model: ProfileModel, tested: list[Factor], may_claim: bool, rules: ClaimRules
) -> pd.DataFrame:
    """One row per level of the tested features: effects, tests and what may be claimed."""
    full = model.fit()
    families = [_candidates(model, factor, full, rules) for factor in tested]
    found = name_levels(families, rules.max_q_value, rules.min_effect_pp)
    parts = [
        _feature_rows(full, factor, named, may_claim, rules)
        for factor, named in zip(tested, found, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _candidates(
    model: ProfileModel, factor: Factor, full: Regression, rules: ClaimRules
) -> Candidates:
    """The levels of a feature, tested beside all other features."""
    n_deals = factor.sums(model.counts.n_deals) * model.counts.design_effect
    is_own = np.array([(factor.name, level) not in model.averaged for level in factor.levels])
    others = model.without(factor)
    return Candidates(
        factors=[factor],
        null=lambda named, before: model.fit([*others, *named], start=before or full),
        may_name=is_own & (np.round(n_deals) >= rules.min_deals_per_level),
        preference=n_deals,
    )


def _feature_rows(
    full: Regression, factor: Factor, named: Named, may_claim: bool, rules: ClaimRules
) -> pd.DataFrame:
    """One row per level of a feature."""
    table = level_effects(full, factor).assign(
        p_value=named.p_value, q_value=named.q_value, feature_p_value=named.first.joint().p_value
    )
    effect = table["effect_pp"]
    excludes_zero = (table["effect_pp_low"] > 0) | (table["effect_pp_high"] < 0)
    is_claim = may_claim & named.is_named & excludes_zero & (np.sign(effect) == np.sign(named.z))
    is_claim &= effect.abs() >= rules.min_effect_pp
    claim = np.where(effect > 0, "helps", "hurts")
    table["evidence"] = np.where(is_claim, claim, INCONCLUSIVE)
    claimed = [factor.levels[level] for level in np.argsort(named.order) if is_claim[level]]
    table["set_aside"] = [
        " and ".join(claimed) if claimed and not is_claim[level] else ""
        for level in range(factor.size)
    ]
    return table


def _level_counts(profiles: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """One row per feature and level: n_deals, n_won, win_rate."""
    columns = ["feature", "level", "n_deals", "n_won"]
    if not features:
        return pd.DataFrame(columns=[*columns, "win_rate"])
    parts = [
        profiles.groupby(feature, as_index=False)[["n_deals", "n_won"]]
        .sum()
        .rename(columns={feature: "level"})
        .assign(feature=feature)
        for feature in features
    ]
    table = pd.concat(parts, ignore_index=True)
    table["win_rate"] = table["n_won"] / table["n_deals"]
    return table[[*columns, "win_rate"]]


def _reps_per_level(profiles: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """How many reps have deals of each level; null without reps or for a close-time feature."""
    if GROUPS not in profiles or profiles[GROUPS].nunique() < 2:
        return pd.Series(pd.NA, index=table.index, dtype="Int64")
    n_reps = {
        (feature, level): n
        for feature in table["feature"].unique()
        if feature in profiles
        for level, n in profiles.groupby(feature)[GROUPS].nunique().items()
    }
    keys = zip(table["feature"], table["level"], strict=True)
    return pd.Series([n_reps.get(key) for key in keys], index=table.index, dtype="Int64")


def _left_out_because(reason: LeftOut) -> str:
    """The reason in words, as the public column has it."""
    return {
        LeftOutCode.LEAKS_OUTCOME: "leaks the outcome",
        LeftOutCode.SUSPECTED_LEAK: "is suspected to leak the outcome",
        LeftOutCode.ONE_LEVEL: "has one level",
        LeftOutCode.MISSING_AT_CLOSE: "is missing, which may follow from the outcome",
        LeftOutCode.REPEATS: f"repeats {reason.repeated or 'other features'}",
    }[reason.code]


def _level_statement(row, verdict: str, note: str) -> str:
    title = wording.feature_title(row.feature)
    name = f"{title} {row.level}"
    deals = wording.deals(row.n_deals)
    if not pd.isna(row.n_reps):
        deals += f" of {wording.deals(row.n_reps, 'rep')}"
    if row.left_out:
        return f"{name}: left out of the model, {_left_out_clause(row)} ({deals})."
    if row.evidence == TOO_FEW:
        return f"{name}: too few deals to compare ({deals})."
    span = f"{wording.interval(row.effect_pp_low, row.effect_pp_high)}, {deals}"
    if row.evidence == INCONCLUSIVE and row.known_at == "creation" and verdict != SIGNAL:
        return f"{name}: no claim, because the verdict is '{verdict}' ({span})."
    if row.evidence == INCONCLUSIVE and row.set_aside:
        return (
            f"{name}: no significant difference from the others once {row.set_aside} is set aside "
            f"({span})."
        )
    if row.evidence == INCONCLUSIVE:
        why = noted(row.inconclusive_because)
        return f"{name}: no significant difference from the average deal ({span}{why}{note})."
    span += note
    size = f"{wording.points(row.effect_pp)} {'more' if row.effect_pp > 0 else 'less'}"
    if row.known_at == "close":
        return (
            f"{name}: of the deals that ended here {size} were won than of the average deal, other "
            f"things equal ({span}). Known only at close: descriptive, not actionable."
        )
    side = "above" if row.effect_pp > 0 else "below"
    return (
        f"{name}: win rate {wording.points(row.effect_pp)} {side} that of the average deal, other "
        f"things equal ({span})."
    )


def _left_out_clause(row) -> str:
    """The rest of the sentence 'left out of the model, ...'."""
    other = wording.feature_title(row.left_out.repeated or "other features").lower()
    return {
        LeftOutCode.LEAKS_OUTCOME: "because the feature leaks the outcome: "
        f"{wording.percent(row.win_rate)} were won",
        LeftOutCode.SUSPECTED_LEAK: "because the feature predicts the outcome too well to be known "
        f"before it: {wording.percent(row.win_rate)} were won",
        LeftOutCode.ONE_LEVEL: "because all deals with a value have this level",
        LeftOutCode.MISSING_AT_CLOSE: "because the feature is filled in when a deal closes, and "
        f"whether it is may follow from the outcome: {wording.percent(row.win_rate)} were won",
        LeftOutCode.REPEATS: f"because it is determined by {other}",
    }[row.left_out.code]
