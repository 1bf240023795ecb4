from winrate.project import feature_names
from winrate.statistics import scores
from winrate.statistics.score_models import ScoreSettings


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").df()
    dates = dbt.ref("score_dates").df()
    features = [name for name in feature_names(dbt.config.get("features")) if name in counts]
    settings = ScoreSettings(**dbt.config.get("scoring"))
    return scores.score_targets(models, counts, targets, dates, features, settings)
