"""The rows of drivers.win_rate_change_causes and drivers.win_rate_change_model."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from winrate.statistics.change_model import wording
from winrate.statistics.change_model.model import KINDS_OF_CAUSES, ChangeModel, change_models
from winrate.statistics.change_model.split import Part, Split, split_change
from winrate.statistics.claims import (
    INCONCLUSIVE,
    TOO_FEW,
    TOO_SMALL,
    ClaimRules,
    chance_among,
    explained,
    fewest_window_outcomes,
    q_values,
    typed,
)
from winrate.statistics.profile_regression import check_profiles
from winrate.statistics.proportions import Z_95
from winrate.statistics.threads import one_thread

COUNTS = ["n_before", "n_won_before", "n_after", "n_won_after"]
BASELINE = "baseline"  # in place of a feature: what all deals share
MIX, SHARED, SEGMENT = "mix", "all deals", "segment"
CAUSE_TYPES = {
    "comparison": "str",
    "cause_order": "Int64",
    **dict.fromkeys(["cause", "feature", "level"], "str"),
    **dict.fromkeys(["contribution_pp", "contribution_pp_low", "contribution_pp_high"], "float64"),
    **dict.fromkeys(["p_value", "q_value"], "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because", "statement"], "str"),
}
PARTS = ["explained_pp", "unexplained_pp"]
NUMBERS = [
    *(f"{part}{end}" for part in PARTS for end in ("", "_low", "_high")),
    *("total_pp", "p_value", "q_value"),
]
MODEL_TYPES = {
    **dict.fromkeys(["comparison", "feature"], "str"),
    **dict.fromkeys(NUMBERS, "float64"),
    **dict.fromkeys(["evidence", "inconclusive_because", "statement"], "str"),
}


@one_thread
def win_rate_change_causes(
    profiles: pd.DataFrame,
    features: Sequence[str],
    dispersion: Mapping[tuple[str, str], float],
    rules: ClaimRules,
) -> pd.DataFrame:
    """Why the win rate changed in each comparison: one row per cause, and per segment tested.

    profiles: one row per `comparison` and distinct combination of `features`, with `n_before`,
        `n_won_before`, `n_after`, `n_won_after` (counts of closed deals). dispersion: how far
        quarters differ beyond chance, per comparison and basis; see `change.dispersions`.
    Returns per comparison a row 'mix' (other deals), a row 'all deals' (all deals are won more or
    less often) and a row per segment. Of the segments, those that changed otherwise than all other
    deals, in this or in another comparison, have a contribution: `cause_order` orders the causes as
    they are told; it is null for the others.
    `contribution_pp` of the causes, with a 95% interval, sums to the change of the win rate in
    percentage points. `q_value` counts all comparisons and kinds of causes and, of a segment, all
    segments. `evidence` is 'lowered' or 'raised' where it is below `max_change_q_value` and the
    contribution, or the change of the segment, is at least `min_effect_pp`; else 'inconclusive', or
    'too few deals'.
    Raises ValueError where a feature or a count is missing, or more deals were won than closed.
    """
    check_windows(profiles, features)
    parts = [
        _no_causes(comparison, rows, rules)
        for comparison, rows in profiles.groupby("comparison")
        if _has_too_few(rows, rules)
    ]
    parts += [
        _causes(comparison, model, n_models, dispersion.get((comparison, "closed"), 1.0), rules)
        for comparison, model, n_models in _models(profiles, features, rules)
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*CAUSE_TYPES])
    return typed(table, CAUSE_TYPES)


@one_thread
def win_rate_change_model(
    profiles: pd.DataFrame,
    features: Sequence[str],
    dispersion: Mapping[tuple[str, str], float],
    rules: ClaimRules,
) -> pd.DataFrame:
    """The causes of each change by feature.

    profiles, dispersion: as in `win_rate_change_causes`.
    Returns one row per comparison and feature, and one for 'baseline', what all deals share, in
    percentage points: `explained_pp` (deals of the feature's levels became more or fewer),
    `unexplained_pp` (the segments set aside are won more or less often than before; 0 where there
    are none) and their sum `total_pp`; the sum of `total_pp` over a comparison is the change of the
    win rate. `p_value` of a feature is the score test that the log-odds of its levels changed
    alike, `q_value` is over the features and counts all comparisons. `evidence` is that of the
    causes: 'got worse' or 'got better' where a segment of the feature is named.
    Raises ValueError as `win_rate_change_causes` does.
    """
    check_windows(profiles, features)
    parts = []
    for comparison, rows in profiles.groupby("comparison"):
        if _has_too_few(rows, rules):
            names = pd.DataFrame({"feature": [*features, BASELINE]}).assign(evidence=TOO_FEW)
            statements = [wording.too_few(name, rows, rules) for name in names["feature"]]
            parts.append(names.assign(comparison=comparison, statement=statements))
    for comparison, model, n_models in _models(profiles, features, rules):
        spread = dispersion.get((comparison, "closed"), 1.0)
        parts.append(
            _by_feature(model, features, n_models, spread, rules).assign(comparison=comparison)
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table = table.reindex(columns=[*MODEL_TYPES])
    return typed(table.astype(dict.fromkeys(NUMBERS, float)), MODEL_TYPES)


def _models(
    profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules
) -> list[tuple[str, ChangeModel, int]]:
    """Comparison, model and number of models, of the comparisons that have enough deals."""
    windows = {
        comparison: rows
        for comparison, rows in profiles.groupby("comparison")
        if not _has_too_few(rows, rules)
    }
    models = change_models(list(windows.values()), features, rules)
    return [(name, model, len(models)) for name, model in zip(windows, models, strict=True)]


def _has_too_few(rows: pd.DataFrame, rules: ClaimRules) -> bool:
    # An intercept needs a won and a lost deal, whatever the settings say.
    return fewest_window_outcomes(*rows[COUNTS].sum()) < max(rules.min_outcomes, 1)


def _no_causes(comparison: str, rows: pd.DataFrame, rules: ClaimRules) -> pd.DataFrame:
    causes = [MIX, SHARED]
    return pd.DataFrame({"cause": causes}).assign(
        comparison=comparison,
        cause_order=[1, 2],
        **dict.fromkeys(["feature", "level"]),
        **dict.fromkeys(
            [name for name, dtype in CAUSE_TYPES.items() if dtype == "float64"], np.nan
        ),
        evidence=TOO_FEW,
        inconclusive_because=None,
        statement=[wording.too_few(cause, rows, rules) for cause in causes],
    )


def _causes(
    comparison: str, model: ChangeModel, n_models: int, dispersion: float, rules: ClaimRules
) -> pd.DataFrame:
    """The causes of one comparison, and the other segments that were tested."""
    split = split_change(model)
    counts = wording.counts_of(model, rules)
    # Accounts are in the quarters, too, and counts were divided by their effect.
    shared = _dispersed(split.shared, dispersion / model.profiles.counts.design_effect)
    rows = []
    for order, (cause, part) in enumerate([(MIX, split.mix), (SHARED, shared)], start=1):
        p_value = _p_value(part)
        row = {"cause": cause, "cause_order": order, "p_value": p_value, **_contribution(part)}
        row["q_value"] = min(p_value * KINDS_OF_CAUSES * n_models, 1.0)
        row["evidence"] = _evidence(part.value, row["q_value"], rules)
        rows.append(row)
    named = model.segment_levels
    for place, (feature, level) in enumerate(model.levels):
        if not level:
            continue
        row = {"cause": SEGMENT, "feature": feature, "level": level}
        row |= {"p_value": model.named.p_value[place], "q_value": model.named.q_value[place]}
        has_too_few = model.n_smallest[place] < rules.min_deals_per_level
        row["evidence"] = TOO_FEW if has_too_few else INCONCLUSIVE
        if (feature, level) in named:
            position = named.index((feature, level))
            row |= _contribution(split.segments[position]) | {"cause_order": 3 + position}
            value = row["contribution_pp"]
            is_named = model.named.is_named[place]
            if is_named and np.sign(value) == np.sign(model.named.z[place]):
                row["evidence"] = "raised" if value > 0 else "lowered"
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=[*CAUSE_TYPES])
    table["inconclusive_because"] = explained(
        table["contribution_pp_low"],
        table["contribution_pp_high"],
        table["evidence"] != INCONCLUSIVE,
        [
            _reason(row.contribution_pp, row.cause == SEGMENT, model, n_models, rules)
            for row in table.itertuples()
        ],
    )
    table["statement"] = [wording.cause(row, counts, named) for row in table.itertuples()]
    return table.assign(comparison=comparison)


def _by_feature(
    model: ChangeModel,
    features: Sequence[str],
    n_models: int,
    dispersion: float,
    rules: ClaimRules,
) -> pd.DataFrame:
    """One row per feature and one for the baseline."""
    split = split_change(model)
    # Accounts are in the quarters, too, and counts were divided by their effect.
    shared = _dispersed(split.shared, dispersion / model.profiles.counts.design_effect)
    counts = wording.counts_of(model, rules)
    names = [factor.name for factor in model.profiles.features]
    rows = [{"feature": feature} for feature in features if feature not in names]
    for name, mix, own in zip(names, split.mix_by_feature, split.segments_by_feature, strict=True):
        rows.append({"feature": name, **_numbers(mix, own), "p_value": model.feature_p_value(name)})
    rows.append(
        {"feature": BASELINE, **_numbers(Part(0.0, 0.0), shared)} | {"p_value": _p_value(shared)}
    )
    table = pd.DataFrame(rows).reindex(columns=["feature", *NUMBERS])
    table["total_pp"] = table["explained_pp"] + table["unexplained_pp"]
    is_baseline = table["feature"] == BASELINE
    n_looks = KINDS_OF_CAUSES * n_models
    of_features = q_values(table["p_value"].where(~is_baseline), n_looks)
    table["q_value"] = of_features.where(~is_baseline, (table["p_value"] * n_looks).clip(upper=1))
    table["evidence"] = [_feature_evidence(row, model, rules) for row in table.itertuples()]
    table["inconclusive_because"] = _feature_reasons(table, model, n_models, rules)
    table["statement"] = [
        wording.feature(
            row, _segments_of(row.feature, model, split), counts, row.feature == BASELINE
        )
        for row in table.itertuples()
    ]
    return table


def _feature_reasons(
    table: pd.DataFrame, model: ChangeModel, n_models: int, rules: ClaimRules
) -> list[str | None]:
    """Why a feature has no claim where an interval excludes zero, of its segments or of its mix."""
    is_claim = table["evidence"] != INCONCLUSIVE
    of_segments = explained(
        table["unexplained_pp_low"],
        table["unexplained_pp_high"],
        is_claim,
        [
            _reason(row.unexplained_pp, row.feature != BASELINE, model, n_models, rules)
            for row in table.itertuples()
        ],
    )
    of_mix = explained(
        table["explained_pp_low"],
        table["explained_pp_high"],
        is_claim,
        ["its mix is tested together with that of all features"] * len(table),
    )
    both = zip(of_segments, of_mix, strict=True)
    return ["; ".join(filter(None, reasons)) or None for reasons in both]


def _reason(
    value_pp: float, is_segment: bool, model: ChangeModel, n_models: int, rules: ClaimRules
) -> str:
    """Why a part of a change may be no cause, although its interval excludes zero."""
    if is_segment:
        n_segments = sum(bool(level) for _, level in model.levels)
        return chance_among(n_segments * n_models, "segment")
    if abs(value_pp) < rules.min_effect_pp:
        return TOO_SMALL
    return chance_among(KINDS_OF_CAUSES * n_models, "cause")


def _segments_of(feature: str, model: ChangeModel, split: Split) -> dict[str, float]:
    """What each named segment of a feature adds, by level."""
    parts = zip(model.segment_levels, split.segments, strict=True)
    return {level: part.value for (name, level), part in parts if name == feature}


def _dispersed(part: Part, dispersion: float) -> Part:
    """What all deals share, in quarters that differ beyond chance."""
    return Part(part.value, part.error * np.sqrt(max(dispersion, 1.0)))


def _feature_evidence(row, model: ChangeModel, rules: ClaimRules) -> str:
    if row.feature == BASELINE:
        claim = _evidence(row.unexplained_pp, row.q_value, rules)
        return {"lowered": "got worse", "raised": "got better"}.get(claim, claim)
    if model.is_named(row.feature):
        return "got better" if row.unexplained_pp > 0 else "got worse"
    return INCONCLUSIVE


def _evidence(value_pp: float, q_value: float, rules: ClaimRules) -> str:
    if not q_value < rules.max_change_q_value or abs(value_pp) < rules.min_effect_pp:
        return INCONCLUSIVE
    return "raised" if value_pp > 0 else "lowered"


def _contribution(part: Part) -> dict[str, float]:
    return {
        "contribution_pp": part.value,
        "contribution_pp_low": part.value - Z_95 * part.error,
        "contribution_pp_high": part.value + Z_95 * part.error,
    }


def _numbers(explained: Part, unexplained: Part) -> dict[str, float]:
    numbers = {}
    for name, part in zip(PARTS, (explained, unexplained), strict=True):
        numbers[name] = part.value
        numbers[f"{name}_low"] = part.value - Z_95 * part.error
        numbers[f"{name}_high"] = part.value + Z_95 * part.error
    return numbers


def _p_value(part: Part) -> float:
    """That the part is zero."""
    return float(2 * stats.norm.sf(abs(part.value / part.error))) if part.error > 0 else np.nan


def check_windows(profiles: pd.DataFrame, features: Sequence[str]) -> None:
    """Raises ValueError where a feature or a count is missing, or is impossible."""
    missing = [name for name in ["comparison", *features, *COUNTS] if name not in profiles]
    if missing:
        raise ValueError(f"profiles lack the columns {', '.join(missing)}")
    if BASELINE in features:
        raise ValueError(f"a feature cannot be named {BASELINE!r}: the split has such a row")
    for window in ("before", "after"):
        counts = {"n_deals": profiles[f"n_{window}"], "n_won": profiles[f"n_won_{window}"]}
        check_profiles(profiles.assign(**counts), features)
