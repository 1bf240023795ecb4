from winrate.statistics import forecast
from winrate.statistics.score_models import ScoreSettings


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").filter("fold = -1").df()
    open_deals = dbt.ref("forecast_deals").filter("is_open and amount is not null")
    deals = open_deals.project("score_id, owner, stage, amount").df()
    dates = dbt.ref("score_dates").filter("is_as_of").df()
    settings = ScoreSettings(**dbt.config.get("scoring"))
    return forecast.forecasts(models, counts, targets, deals, dates, settings, ["owner", "stage"])
