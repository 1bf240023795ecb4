"""Features that know the outcome too well to be known before it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from support.simulate import FEATURES, RULES, profiles_of, simulated_deals
from winrate.statistics.leaks import feature_timing, suspected_leaks

PLANTED = {("industry", "FinTech"): 0.6, ("source", "Partner"): -0.6}
NAMES = [*FEATURES, "reason"]


def deals_with_a_leak(share_known: float) -> pd.DataFrame:
    """Deals with a `reason` that is filled in after the close in this share of them, else at will.

    No level is all won or all lost.
    """
    deals = simulated_deals(2000, 3, PLANTED)
    rng = np.random.default_rng(3)
    is_known = rng.random(2000) < share_known
    outcome = np.where(is_known, deals["is_won"], rng.integers(0, 2, 2000))
    return deals.assign(reason=np.where(outcome == 1, "price", "need"))


def test_a_feature_that_alone_predicts_too_well_is_suspected():
    suspects = suspected_leaks(profiles_of(deals_with_a_leak(0.95), NAMES), NAMES, RULES)
    assert list(suspects) == ["reason"]
    assert suspects["reason"] == pytest.approx(0.97, abs=0.02)


def test_of_features_that_together_predict_too_well_the_strongest_is_suspected():
    profiles = profiles_of(deals_with_a_leak(0.7), NAMES)
    assert suspected_leaks(profiles, NAMES, RULES) == {}
    assert list(suspected_leaks(profiles, NAMES, replace(RULES, max_auc=0.8))) == ["reason"]


@pytest.mark.parametrize("effect", [0.6, 1.5])
def test_a_strong_driver_is_no_suspect(effect):
    effects = {("industry", "FinTech"): effect, ("source", "Partner"): -effect}
    profiles = profiles_of(simulated_deals(2000, 4, effects))
    assert suspected_leaks(profiles, FEATURES, RULES) == {}


def test_too_few_deals_raise_no_suspicion():
    profiles = profiles_of(deals_with_a_leak(0.95)[:60], NAMES)
    assert suspected_leaks(profiles, NAMES, RULES) == {}


def test_only_features_known_at_creation_are_suspected():
    profiles = profiles_of(deals_with_a_leak(0.95), NAMES)
    timing = pd.DataFrame({"feature": NAMES, "known_at": ["creation", "close", None, "creation"]})
    table = feature_timing(timing, profiles, RULES).set_index("feature")
    assert table["known_at"].fillna("not compared").to_dict() == {
        "industry": "creation",
        "source": "close",
        "size": "not compared",
        "reason": "leak",
    }
    assert table["auc"].notna().to_dict() == {name: name == "reason" for name in NAMES}
    at_close = feature_timing(timing.assign(known_at="close"), profiles, RULES)
    assert (at_close["known_at"] == "close").all()
