from winrate.project import feature_names, known_at
from winrate.statistics import score_models
from winrate.statistics.claims import ClaimRules
from winrate.statistics.hazards import Bands


def model(dbt, session):
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").df()
    outcomes = dbt.ref("score_outcomes").df()
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    known = known_at(timing, dbt.config.get("features"), "creation")
    features = [name for name in feature_names(dbt.config.get("features")) if name in counts]
    bands = Bands.of(dbt.config.get("age_band_days"))
    n_cohorts = dbt.config.get("cohort_quarters")
    states = dbt.config.get("score_states")
    rules = ClaimRules(**dbt.config.get("rules"))
    return score_models.score_models(
        counts, targets, outcomes, features, known, bands, n_cohorts, states, rules
    )
