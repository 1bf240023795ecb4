"""Do the features that are known at creation discriminate between won and lost deals at all?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from winrate import wording
from winrate.statistics.claims import (
    SIGNAL,
    TOO_FEW,
    ClaimRules,
    fewest_outcomes,
    low_evidence_note,
    typed,
)
from winrate.statistics.penalised import fit_penalised_model
from winrate.statistics.profile_regression import ProfileModel, profile_model
from winrate.statistics.proportions import Z_95, Z_ONE_SIDED
from winrate.statistics.score_tests import score_tests
from winrate.statistics.threads import one_thread

NO_SIGNAL, LEAK = "no signal", "suspected leak"
# Share of the largest possible Cox-Snell R2 that Riley et al. (2020) suggest to plan for
# where nothing is known of the signal.
PLANNED_R2_SHARE = 0.15
# The columns of the verdict that are null where there are too few deals.
MEASURES = {
    "lr_statistic": "float64",
    "lr_df": "Int64",
    **dict.fromkeys(["lr_p_value", "auc", "auc_low", "auc_high"], "float64"),
    **dict.fromkeys(["brier", "brier_baseline"], "float64"),
    "minimum_deals": "Int64",
}
TYPES = {
    **dict.fromkeys(["n_won", "n_lost"], "int64"),
    **MEASURES,
    "verdict": "str",
    **dict.fromkeys(["suspected_feature", "holdout_withheld_because", "statement"], "str"),
}


@dataclass(frozen=True)
class SignalTest:
    """The test of all modelled features at once.

    lr_statistic, lr_p_value: of the likelihood-ratio test with `degrees` of freedom.
    score_p_value: of the score test (Rao 1948).
    """

    lr_statistic: float
    degrees: int
    lr_p_value: float
    score_p_value: float

    @property
    def p_value(self) -> float:
        """The larger one of the two.

        On a few hundred deals the likelihood-ratio test rejects too often and the score test too
        seldom. On many deals they agree.
        """
        return max(self.lr_p_value, self.score_p_value)


@dataclass(frozen=True)
class Holdout:
    """How well scores of the other deals predict the holdout; null without won and lost deals.

    brier_gain_low: lower end of the one-sided 95% interval of `brier_baseline` - `brier`.
    """

    auc: float = np.nan
    auc_low: float = np.nan
    auc_high: float = np.nan
    brier: float = np.nan
    brier_baseline: float = np.nan
    brier_gain_low: float = np.nan


@dataclass(frozen=True)
class Assessment:
    """The verdict and what it rests on; `test` and `model` are None with too few deals."""

    verdict: str
    holdout: Holdout
    test: SignalTest | None = None
    model: ProfileModel | None = None

    @property
    def holdout_withheld_because(self) -> str | None:
        """Why no deal may be graded by its score; None where it may."""
        if self.verdict != SIGNAL:
            return f"the verdict is '{self.verdict}'"
        if not self.holdout.auc_low > 0.5:
            return "on the holdout the scores rank deals no better than chance"
        if not self.holdout.brier_gain_low > 0:
            return "on the holdout the scores predict no better than the base rate"
        return None


@one_thread
def model_verdict(
    profiles: pd.DataFrame,
    features: Sequence[str],
    rules: ClaimRules,
    suspects: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Whether these features discriminate between won and lost deals at all. One row.

    profiles: see `winrate.statistics.profile_regression`, with `n_holdout_deals` and
        `n_holdout_won`, the counts of the latest closed deals. features: known at creation.
    suspects: the features that were left out because they are suspected to leak the outcome, the
        strongest first, with the AUC of each (`winrate.statistics.leaks`).
    `verdict` is 'signal' where both the likelihood-ratio test of all features at once
    (`lr_p_value`) and the score test are below `max_p_value`, else 'no signal'; 'suspected leak'
    where no feature is left beside `suspects`; 'too few deals' with fewer than `min_outcomes` won
    or lost deals. `suspected_feature` is the first of `suspects`. `auc` (with a DeLong interval)
    and `brier` measure how well the score model, fitted on the other deals, predicts the holdout;
    `brier_baseline` is the Brier score of predicting their win rate for every deal.
    `holdout_withheld_because` says why the holdout gives no grades.
    `minimum_deals` is the sample size that Riley et al. (2020) ask for with this
    many parameters: at the strength of signal that was found, or where none was, at the strength
    they suggest to plan for. Raises ValueError as `profile_model` does.
    """
    suspects = suspects or {}
    found = assess(profiles, features, rules)
    if suspects and not features and found.verdict != TOO_FEW:
        found = replace(found, verdict=LEAK)
    n_won = int(profiles["n_won"].sum())
    n_lost = int(profiles["n_deals"].sum()) - n_won
    row: dict[str, object] = {
        "n_won": n_won,
        "n_lost": n_lost,
        **dict.fromkeys(MEASURES, np.nan),
        "verdict": found.verdict,
        "suspected_feature": next(iter(suspects), None),
        "holdout_withheld_because": found.holdout_withheld_because,
    }
    note = low_evidence_note(min(n_won, n_lost), rules)
    if found.test:
        row |= {
            "lr_statistic": found.test.lr_statistic,
            "lr_df": found.test.degrees,
            "lr_p_value": found.test.lr_p_value,
            "minimum_deals": _minimum_deals(found, n_won, n_won + n_lost),
            **{name: getattr(found.holdout, name) for name in MEASURES if "auc" in name},
            **{name: getattr(found.holdout, name) for name in MEASURES if "brier" in name},
        }
        if found.verdict == NO_SIGNAL and found.test.lr_p_value < rules.max_p_value:
            note = f", but {found.test.score_p_value:.3f} by the score test{note}"
    statement = _verdict_statement(row, features, rules.min_outcomes, note)
    row["statement"] = " ".join([statement, *_suspicions(suspects)])
    return typed(pd.DataFrame([row]), TYPES)


def assess(profiles: pd.DataFrame, features: Sequence[str], rules: ClaimRules) -> Assessment:
    """The verdict on some features, with the model it rests on; see `model_verdict`."""
    model = profile_model(profiles, features)
    # An intercept needs a won and a lost deal, whatever the settings say.
    if fewest_outcomes(profiles) < max(rules.min_outcomes, 1):
        return Assessment(TOO_FEW, Holdout())
    names = [factor.name for factor in model.features]
    test, holdout = signal_test(model), holdout_quality(profiles, names)
    verdict = SIGNAL if test.p_value < rules.max_p_value else NO_SIGNAL
    return Assessment(verdict, holdout, test, model)


def signal_test(model: ProfileModel) -> SignalTest:
    """Test all features of a model at once, quarter and reps held equal."""
    if not model.features:
        return SignalTest(0.0, 0, 1.0, 1.0)
    full = model.fit()
    null = model.fit([], full.group_sd)
    statistic = 2 * (full.penalised_log_likelihood - null.penalised_log_likelihood)
    tests = score_tests(model.fit([], start=null), model.features)
    joint = tests.joint()
    if not joint.degrees:
        return SignalTest(0.0, 0, 1.0, 1.0)
    lr_p_value = tests.joint_p_value(statistic, joint.degrees)
    return SignalTest(max(statistic, 0.0), joint.degrees, lr_p_value, joint.p_value)


def holdout_quality(profiles: pd.DataFrame, features: Sequence[str]) -> Holdout:
    """AUC and Brier score on the holdout of the score model, fitted on all other deals."""
    if not features:
        return Holdout()
    counts = ["n_deals", "n_won", "n_holdout_deals", "n_holdout_won"]
    rows = profiles.groupby(list(features), as_index=False)[counts].sum()
    training = rows.assign(
        n_deals=rows["n_deals"] - rows["n_holdout_deals"],
        n_won=rows["n_won"] - rows["n_holdout_won"],
    )
    holdout = rows.assign(n_deals=rows["n_holdout_deals"], n_won=rows["n_holdout_won"])
    training, holdout = training[training["n_deals"] > 0], holdout[holdout["n_deals"] > 0]
    if min(fewest_outcomes(holdout), fewest_outcomes(training)) < 1:
        return Holdout()
    probability = fit_penalised_model(training, list(features)).probability(holdout)
    won = holdout["n_won"].to_numpy(float)
    lost = (holdout["n_deals"] - holdout["n_won"]).to_numpy(float)
    base_rate = training["n_won"].sum() / training["n_deals"].sum()
    gain_won = (1 - base_rate) ** 2 - (1 - probability) ** 2
    gain_lost = base_rate**2 - probability**2
    n_deals = won.sum() + lost.sum()
    gain = (won @ gain_won + lost @ gain_lost) / n_deals
    variance = (won @ gain_won**2 + lost @ gain_lost**2) / n_deals - gain**2
    auc, auc_low, auc_high = auc_with_interval(probability, won, lost)
    return Holdout(
        auc=auc,
        auc_low=auc_low,
        auc_high=auc_high,
        brier=brier_score(probability, won, lost),
        brier_baseline=brier_score(np.full(len(holdout), base_rate), won, lost),
        brier_gain_low=gain - Z_ONE_SIDED * np.sqrt(max(variance, 0.0) / n_deals),
    )


def brier_score(probability: np.ndarray, won: np.ndarray, lost: np.ndarray) -> float:
    """Mean squared error of `probability` over groups of `won` and `lost` deals (Brier 1950)."""
    errors = won * (1 - probability) ** 2 + lost * probability**2
    return float(errors.sum() / (won.sum() + lost.sum()))


def share_below(probability: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Per group, the share of `counts` with a lower probability, ties counted half."""
    order = np.argsort(probability, kind="stable")
    sorted_probability = probability[order]
    cumulated = np.concatenate([[0.0], np.cumsum(counts[order])])
    below = cumulated[np.searchsorted(sorted_probability, probability, side="left")]
    up_to = cumulated[np.searchsorted(sorted_probability, probability, side="right")]
    return (below + up_to) / 2 / counts.sum()


def auc_with_interval(
    probability: np.ndarray, won: np.ndarray, lost: np.ndarray
) -> tuple[float, float, float]:
    """Area under the ROC curve of grouped deals, and its 95% interval (DeLong et al. 1988).

    probability, won, lost: one entry per group of deals with the same probability; counts.
    Raises ValueError where there is no won or no lost deal.
    """
    if not (won.sum() and lost.sum()):
        raise ValueError("an AUC needs won and lost deals")
    above_lost, above_won = (share_below(probability, counts) for counts in (lost, won))
    # The Mann-Whitney statistic: how often a won deal has the higher probability.
    auc = float(won @ above_lost / won.sum())

    def variance_of_mean(placement: np.ndarray, counts: np.ndarray) -> float:
        n = counts.sum()
        return float((counts * (placement - auc) ** 2).sum() / max(n - 1, 1) / n)

    error = np.sqrt(variance_of_mean(above_lost, won) + variance_of_mean(1 - above_won, lost))
    return auc, max(auc - Z_95 * error, 0.0), min(auc + Z_95 * error, 1.0)


def _minimum_deals(found: Assessment, n_won: int, n_deals: int) -> float:
    """Deals needed to fit this many parameters at the strength of signal that was found."""
    statistic, degrees = found.test.lr_statistic, found.test.degrees
    rate = n_won / n_deals
    if found.verdict == NO_SIGNAL or statistic <= degrees:
        return riley_minimum_deals(degrees, rate)
    shrinkage = 1 - degrees / statistic
    r2 = shrinkage * (1 - np.exp(-statistic / n_deals))
    return riley_minimum_deals(degrees, rate, max(r2, 1e-4))


def riley_minimum_deals(n_parameters: int, win_rate: float, r2: float | None = None) -> float:
    """The sample size for a logistic regression by the three criteria of Riley et al. (2020).

    r2: expected Cox-Snell R2, corrected for optimism; where nothing is known, 15% of its
        largest possible value, as they suggest.
    Returns a whole number of deals: the largest of what a shrinkage of 0.9, an optimism of at
    most 0.05 in R2 and a margin of 0.05 on the win rate ask for.
    """
    max_r2 = 1 - np.exp(2 * (win_rate * np.log(win_rate) + (1 - win_rate) * np.log(1 - win_rate)))
    r2 = PLANNED_R2_SHARE * max_r2 if r2 is None else r2
    n_parameters = max(n_parameters, 1)
    optimism = r2 / (r2 + 0.05 * max_r2)
    by_criterion = [
        n_parameters / ((factor - 1) * np.log(1 - r2 / factor)) for factor in (0.9, optimism)
    ]
    by_criterion.append((Z_95 / 0.05) ** 2 * win_rate * (1 - win_rate))
    return float(np.ceil(max(by_criterion)))


def _suspicions(suspects: Mapping[str, float]) -> list[str]:
    """The sentence on features that were left out; none without such a feature."""
    if not suspects:
        return []
    strongest = next(iter(suspects))
    titles = [wording.feature_title(name) for name in suspects]
    subject = f"{' and '.join(titles)} {'is' if len(titles) == 1 else 'are'}"
    return [
        f"{subject} suspected to leak the outcome ({wording.feature_title(strongest)} alone ranks "
        f"a won deal above a lost one {wording.percent(suspects[strongest])} of the time) and left "
        "out: check when it is filled in."
    ]


def _verdict_statement(row: dict, features: Sequence[str], min_outcomes: int, note: str) -> str:
    n_won, n_lost = wording.count(row["n_won"]), wording.count(row["n_lost"])
    if row["verdict"] == TOO_FEW:
        return (
            f"{n_won} won and {n_lost} lost deals are too few to say what drives the win rate: "
            f"{min_outcomes} of each are needed."
        )
    deals = wording.count(row["n_won"] + row["n_lost"])
    test = wording.p_value(row["lr_p_value"]) + note
    holdout = ""
    if not np.isnan(row["auc"]):
        interval = wording.percent_interval(row["auc_low"], row["auc_high"])
        holdout = (
            " On the latest closed deals, which the model was not fitted on, it ranks a won deal "
            f"above a lost one {wording.percent(row['auc'])} of the time ({interval}; chance: 50%)."
        )
    if row["verdict"] == SIGNAL:
        return (
            f"The features discriminate between won and lost deals ({deals} closed deals, {test})."
            f"{holdout}"
        )
    if not features:
        return f"There is no feature to compare ({deals} closed deals), so no driver is named."
    return (
        f"The features do not discriminate between won and lost deals ({deals} closed deals, "
        f"{test}), so no driver is named.{holdout}"
    )
