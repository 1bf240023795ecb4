from winrate.statistics import forecast
from winrate.statistics.score_models import ScoreSettings


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").filter("fold = -1").df()
    then_open = dbt.ref("targets_then_open").filter("amount is not null")
    deals = then_open.project("score_id, amount").df()
    dates = dbt.ref("score_dates").filter("not is_as_of").df()
    settings = ScoreSettings(**dbt.config.get("scoring"))
    return forecast.forecasts(models, counts, targets, deals, dates, settings)
