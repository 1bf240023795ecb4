from winrate.project import feature_names, known_at
from winrate.statistics import score_models
from winrate.statistics.claims import ClaimRules
from winrate.statistics.score_models import ScoreSettings


def model(dbt, session):
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").df()
    outcomes = dbt.ref("score_outcomes").df()
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    known = known_at(timing, dbt.config.get("features"), "creation")
    features = [name for name in feature_names(dbt.config.get("features")) if name in counts]
    settings = ScoreSettings(**dbt.config.get("scoring"))
    rules = ClaimRules(**dbt.config.get("rules"))
    return score_models.score_models(counts, targets, outcomes, features, known, settings, rules)
