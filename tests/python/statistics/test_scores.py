import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from support.simulate import RULES
from winrate.statistics import scores

FEATURES = ["region", "source"]

LANDMARKS = [0, 60]


def simulated_deals(n_deals: int, seed: int, effect: float = 0.0) -> pd.DataFrame:
    """One row per closed deal: FEATURES, age at close in days, fold and outcome."""
    rng = np.random.default_rng(seed)
    deals = pd.DataFrame(
        {
            "region": rng.choice(["APAC", "EMEA", "US"], n_deals),
            "source": rng.choice(["Inbound", "Partner"], n_deals),
            "age_days": rng.integers(1, 120, n_deals),
            "score_fold": rng.integers(0, 5, n_deals),
        }
    )
    log_odds = effect * np.where(deals["source"] == "Partner", -1, 1)
    return deals.assign(is_won=(rng.random(n_deals) < 1 / (1 + np.exp(-log_odds))).astype(int))


def profiles_of(deals: pd.DataFrame, n_open: int = 0) -> pd.DataFrame:
    """Landmark x fold x levels with counts, and open profiles, as internal.score_profiles."""
    parts = [
        deals[deals["age_days"] >= landmark]
        .groupby(["score_fold", *FEATURES], as_index=False)
        .agg(n_deals=("is_won", "size"), n_won=("is_won", "sum"))
        .assign(landmark_days=landmark)
        for landmark in LANDMARKS
    ]
    if n_open:
        levels = deals[FEATURES].drop_duplicates().head(n_open)
        parts += [
            levels.assign(landmark_days=landmark, score_fold=np.nan, n_deals=0, n_won=0)
            for landmark in LANDMARKS
        ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(
        profile_id=table["region"] + "|" + table["source"],
        score_fold=table["score_fold"].astype("Int64"),  # as DuckDB gives a bigint with nulls
    )


def closed_scores(deals: pd.DataFrame) -> pd.DataFrame:
    """Each closed deal with the score that it gets: at landmark 0, from the other folds."""
    at_creation = profiles_of(deals).query("landmark_days == 0")
    scored = scores.score_profiles(at_creation, FEATURES, FEATURES, RULES)
    keyed = deals.assign(profile_id=deals["region"] + "|" + deals["source"])
    return keyed.merge(scored, on=["score_fold", "profile_id"])


def test_the_outcomes_of_a_fold_do_not_touch_its_scores():
    deals = simulated_deals(2000, seed=1, effect=0.4)
    flipped = deals.assign(
        is_won=deals["is_won"].where(deals["score_fold"] != 3, 1 - deals["is_won"])
    )
    before, after = (closed_scores(rows).query("score_fold == 3") for rows in (deals, flipped))
    np.testing.assert_array_equal(before["win_probability"], after["win_probability"])


@pytest.mark.slow
def test_scores_of_noise_do_not_discriminate():
    aucs = []
    for seed in range(12):
        scored = closed_scores(simulated_deals(1000, seed))
        aucs.append(roc_auc_score(scored["is_won"], scored["win_probability"]))
    # In sample the average would be above one half by construction.
    assert np.mean(aucs) <= 0.505


def test_open_deals_are_scored_like_scikit_learn_on_single_deals():
    deals = simulated_deals(1500, seed=2, effect=0.5)
    scored = scores.score_profiles(profiles_of(deals, n_open=6), FEATURES, FEATURES, RULES)
    open_rows = scored[scored["score_fold"].isna()]
    for landmark in LANDMARKS:
        at_risk = deals[deals["age_days"] >= landmark]
        one_hot = pd.get_dummies(at_risk[FEATURES], dtype=float)
        model = LogisticRegression(solver="newton-cholesky", tol=1e-8)
        model.fit(one_hot, at_risk["is_won"])
        expected = dict(
            zip(
                at_risk["region"] + "|" + at_risk["source"],
                model.predict_proba(one_hot)[:, 1],
                strict=True,
            )
        )
        rows = open_rows[open_rows["landmark_days"] == landmark]
        np.testing.assert_allclose(
            rows["win_probability"], rows["profile_id"].map(expected), atol=1e-6
        )


@pytest.mark.slow
def test_the_interval_covers_the_true_probability():
    covered = []
    for seed in range(40):
        deals = simulated_deals(800, seed, effect=0.5).assign(score_fold=0)
        at_creation = profiles_of(deals, n_open=6).query("landmark_days == 0")
        rows = scores.score_profiles(at_creation, FEATURES, FEATURES, RULES)
        rows = rows[rows["score_fold"].isna()]
        truth = np.where(rows["profile_id"].str.endswith("Partner"), 1, -1)
        truth = 1 / (1 + np.exp(0.5 * truth))
        covered.append(
            rows["win_probability_low"].lt(truth) & rows["win_probability_high"].gt(truth)
        )
    assert 0.93 <= np.mean(pd.concat(covered)) <= 0.98


def test_reasons_point_the_way_of_the_effect():
    deals = simulated_deals(3000, seed=3, effect=0.6)
    scored = scores.score_profiles(profiles_of(deals, n_open=6), FEATURES, FEATURES, RULES)
    partner = scored["profile_id"].str.endswith("Partner")
    assert (scored.loc[partner, "contribution_source"] < -5).all()
    assert (scored.loc[~partner, "contribution_source"] > 5).all()
    assert scored["contribution_region"].abs().max() < 5


def test_a_landmark_with_few_deals_is_scored_by_the_one_before():
    deals = simulated_deals(600, seed=4, effect=0.5)
    deals = deals[(deals["age_days"] < 60) | (np.arange(len(deals)) < 60)]
    scored = scores.score_profiles(profiles_of(deals, n_open=6), FEATURES, FEATURES, RULES)
    open_rows = scored[scored["score_fold"].isna()].set_index("profile_id")
    early, late = (open_rows[open_rows["landmark_days"] == days] for days in LANDMARKS)
    np.testing.assert_array_equal(
        early["win_probability"], late.loc[early.index, "win_probability"]
    )


@pytest.mark.parametrize("n_won", [0, 39])
def test_too_few_outcomes_give_no_score(n_won):
    deals = simulated_deals(200, seed=5)
    deals["is_won"] = (np.arange(200) < n_won).astype(int)
    scored = scores.score_profiles(profiles_of(deals, n_open=2), FEATURES, FEATURES, RULES)
    assert len(scored) > 0
    assert scored["win_probability"].isna().all()


def test_the_run_is_named_by_what_was_fitted():
    deals = simulated_deals(500, seed=6)
    table = profiles_of(deals)
    shuffled = table.sample(frac=1, random_state=1)
    runs = [
        scores.score_profiles(rows, FEATURES, FEATURES, RULES)
        for rows in (table, shuffled, table.head(50))
    ]
    pd.testing.assert_frame_equal(runs[0], runs[1])
    assert runs[0]["model_run_id"].nunique() == 1
    assert runs[0]["model_run_id"][0] != runs[2]["model_run_id"][0]
