import numpy as np
import pandas as pd
import pytest

from support.simulate import RULES
from tools.evidence import lifetimes
from tools.evidence.lifetimes import AS_OF, StagedWorld, World
from winrate.statistics import hazards, score_models, scores
from winrate.statistics.hazards import Layout
from winrate.statistics.score_models import ScoreSettings

FEATURES = list(lifetimes.LEVELS)
SETTINGS = ScoreSettings([0, 14, 30, 60, 90, 120, 180, 240, 360, 540, 720], 12, lifetimes.STATES)
BANDS, N_COHORTS = SETTINGS.bands, SETTINGS.cohort_quarters
N_FOLDS = 3
PAST = (AS_OF - 180, AS_OF - 120, AS_OF - 60)


def tables(deals: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return lifetimes.tables(deals, BANDS, PAST, N_FOLDS)


def scored(given: dict[str, pd.DataFrame], known: list[str] = FEATURES) -> pd.DataFrame:
    counts, targets, outcomes, dates = (
        given[name] for name in ("counts", "targets", "outcomes", "dates")
    )
    models = score_models.score_models(counts, targets, outcomes, FEATURES, known, SETTINGS, RULES)
    return scores.score_targets(models, counts, targets, dates, FEATURES, SETTINGS)


@pytest.fixture(scope="module")
def given():
    return tables(World(slow_lose=0.8).deals(np.random.default_rng(1)))


@pytest.fixture(scope="module")
def found(given):
    return scored(given)


def test_each_target_has_its_score(given, found):
    assert found["score_id"].tolist() == given["targets"]["score_id"].tolist()
    assert found["win_probability"].between(0, 1).all()
    is_past = given["deals"]["day"] != AS_OF
    assert found.loc[is_past, "followed_probability"].notna().all()
    assert found.loc[~is_past, "followed_probability"].isna().all()


def test_contributions_and_the_baseline_sum_to_the_probability(given, found):
    now = found[(given["deals"]["day"] == AS_OF)]
    total = now.filter(like="contribution_").sum(axis=1) / 100 + now["baseline_probability"]
    np.testing.assert_allclose(total, now["win_probability"], atol=1e-12)


def test_open_deals_are_scored_by_the_model_of_all_deals(given, found):
    is_open = (given["deals"]["day"] == AS_OF) & (given["deals"]["fold"] == score_models.ALL_DEALS)
    deals = given["deals"][is_open]
    counts = given["counts"][given["counts"]["score_date"] == lifetimes.date_of(AS_OF)].copy()
    counts[FEATURES] = counts[FEATURES].astype(int)
    layout = Layout(BANDS, lifetimes.levels(), N_COHORTS)
    risk = hazards.risk_set(counts, layout)
    close = []
    for spread in score_models.SPREADS:
        model = hazards.fit(risk, layout, spread)
        expected = hazards.Targets(model, deals).probability(30.0)
        difference = expected - found.loc[is_open, "win_probability_this_quarter"]
        close.append(np.abs(difference).max() < 1e-6)
    assert sum(close) == 1


def test_the_outcomes_of_a_fold_do_not_touch_its_scores(given, found):
    deals = given["deals"]
    original = World(slow_lose=0.8).deals(np.random.default_rng(1))
    is_changed = (np.arange(len(original)) % N_FOLDS == 2) & (original["closed"] > PAST[-1])
    flipped = original.assign(is_won=original["is_won"] ^ is_changed)
    again = scored(tables(flipped))
    of_fold = (deals["day"] == AS_OF) & (deals["fold"] == 2)
    others = (deals["day"] == AS_OF) & (deals["fold"] == 1)
    assert of_fold.any()
    change = (found["win_probability"] - again["win_probability"]).abs()
    assert change[of_fold].max() < 1e-6
    assert change[others].mean() > 1e-3


def test_past_scores_do_not_know_what_came_after(given, found):
    original = World(slow_lose=0.8).deals(np.random.default_rng(1))
    first = min(PAST)
    later = original["closed"] > first
    changed = original.assign(is_won=original["is_won"] ^ later)
    again = scored(tables(changed))
    is_first = given["deals"]["day"] == first
    for column in ("win_probability", "followed_probability", "followed_baseline"):
        np.testing.assert_array_equal(found.loc[is_first, column], again.loc[is_first, column])


def test_features_that_are_not_known_or_leak_are_not_used(given):
    counts, targets = given["counts"].copy(), given["targets"].copy()
    is_won = counts["n_won"] > 0
    counts["industry"] = np.where(counts["n_lost"] > 0, "lost", np.where(is_won, "won", "open"))
    leaking = scored(
        {**given, "counts": counts, "targets": targets.assign(industry="open")},
        [name for name in FEATURES if name != "region"],
    )
    assert leaking["contribution_industry"].isna().all()
    assert leaking["contribution_region"].isna().all()
    assert leaking["contribution_source"].notna().any()


def test_without_features_each_deal_has_the_probability_of_its_age(given):
    found = scored(given, known=[])
    np.testing.assert_allclose(found["followed_probability"], found["followed_baseline"])
    now = found[given["deals"]["day"] == AS_OF]
    np.testing.assert_allclose(now["win_probability"], now["baseline_probability"], atol=1e-12)


@pytest.mark.parametrize("n_won", [0, 39])
def test_too_few_outcomes_give_no_score(n_won):
    deals = World().deals(np.random.default_rng(5)).head(700)
    is_won = np.zeros(len(deals), bool)
    is_won[np.flatnonzero(deals["closed"] <= AS_OF)[:n_won]] = True
    found = scored(tables(deals.assign(is_won=is_won)))
    assert len(found) > 0
    assert found["win_probability"].isna().all()


def test_the_run_is_named_by_what_was_fitted(given):
    shuffled = {
        name: table.sample(frac=1, random_state=1) if name != "deals" else table
        for name, table in given.items()
    }
    again = scored(shuffled)
    pd.testing.assert_frame_equal(scored(given), again)
    fewer = scored({**given, "counts": given["counts"].head(-1)})
    assert again["model_run_id"].nunique() == 1
    assert again["model_run_id"][0] != fewer["model_run_id"][0]


def test_effects_change_with_age_where_that_predicted_better():
    rng = np.random.default_rng(8)
    deals = World(spread=0.0).deals(rng)
    cycle = deals["closed"] - deals["created"]
    effect = np.where(deals["source"] == 0, np.log(cycle / 60), 0.0)
    changing = deals.assign(is_won=rng.random(len(deals)) < 1 / (1 + np.exp(-effect)))
    by_age = [
        fits_of(each).chosen(lifetimes.date_of(AS_OF))[0].by_age for each in (deals, changing)
    ]
    assert by_age[0] == 0 < by_age[1]


def fits_of(deals: pd.DataFrame) -> score_models.Fits:
    given = tables(deals)
    layout = score_models.layout_of(given["counts"], FEATURES, SETTINGS)
    return score_models.Fits(given["counts"], given["targets"], given["outcomes"], layout, RULES)


def test_the_stage_is_used_where_it_tells_how_deals_end():
    fits = fits_of(StagedWorld().deals(np.random.default_rng(2)))
    assert set(fits.layout.states) == set(lifetimes.STATES)
    assert fits.chosen(lifetimes.date_of(AS_OF))[1]


def test_a_stage_that_tells_nothing_is_not_used():
    rng = np.random.default_rng(3)
    deals = World().deals(rng)
    deals["entered_0"], deals["entered_1"] = 0, rng.integers(1, 90, len(deals))
    fits = fits_of(deals)
    assert len(fits.layout.states["stage_then"]) == 3  # with 'at creation'
    assert not fits.chosen(lifetimes.date_of(AS_OF))[1]


def test_what_the_stage_adds_is_part_of_the_sum():
    given = tables(StagedWorld().deals(np.random.default_rng(2)))
    found = scored(given)
    is_open = (given["deals"]["day"] == AS_OF) & (given["deals"]["fold"] == score_models.ALL_DEALS)
    now = found[is_open]
    assert now["contribution_stage_then"].abs().max() > 5
    assert now["contribution_age_then"].isna().all()
    total = now.filter(like="contribution_").sum(axis=1) / 100 + now["baseline_probability"]
    np.testing.assert_allclose(total, now["win_probability"], atol=1e-12)
