from winrate.statistics import forecast
from winrate.statistics.hazards import Bands


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").filter("fold = -1").df()
    open_deals = dbt.ref("forecast_deals").filter("is_open and amount is not null")
    deals = open_deals.project("score_id, owner, stage, amount").df()
    dates = dbt.ref("score_dates").filter("is_as_of").df()
    bands = Bands.of(dbt.config.get("age_band_days"))
    n_cohorts = dbt.config.get("cohort_quarters")
    states = dbt.config.get("score_states")
    return forecast.forecasts(
        models, counts, targets, deals, dates, bands, n_cohorts, states, ["owner", "stage"]
    )
