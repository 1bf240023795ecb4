from winrate.project import feature_names
from winrate.statistics import scores
from winrate.statistics.hazards import Bands


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").df()
    dates = dbt.ref("score_dates").df()
    features = [name for name in feature_names(dbt.config.get("features")) if name in counts]
    bands = Bands.of(dbt.config.get("age_band_days"))
    n_cohorts = dbt.config.get("cohort_quarters")
    states = dbt.config.get("score_states")
    return scores.score_targets(models, counts, targets, dates, features, bands, n_cohorts, states)
