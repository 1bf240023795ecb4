from winrate.project import feature_names
from winrate.statistics import score_quality
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    rows = dbt.ref("backtest_scores").df()
    as_of = dbt.ref("as_of_dates").df()["as_of_date"][0]
    features = [name for name in feature_names(dbt.config.get("features")) if name in rows]
    rules = ClaimRules(**dbt.config.get("rules"))
    return score_quality.score_quality(rows, as_of, features, rules)
