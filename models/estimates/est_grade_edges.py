from winrate.statistics import score_quality
from winrate.statistics.score_models import ScoreSettings


def model(dbt, session):
    rows = dbt.ref("backtest_scores").df().rename(columns={"deal_age_days": "age_days"})
    closed = dbt.ref("profile_scores").filter("fold >= 0").df()
    at_creation = closed.rename(columns={"n_closed_deals": "n_deals"})
    settings = ScoreSettings(**dbt.config.get("scoring"))
    min_deals = dbt.config.get("rules")["min_deals_per_level"]
    return score_quality.grade_edges(rows, at_creation, sorted(settings.age_band_days), min_deals)
