from winrate.statistics import forecast
from winrate.statistics.hazards import Bands


def model(dbt, session):
    models = dbt.ref("est_score_models").df()
    counts = dbt.ref("risk_counts").df()
    targets = dbt.ref("score_targets").filter("fold = -1").df()
    then_open = dbt.ref("targets_then_open").filter("amount is not null")
    deals = then_open.project("score_id, amount").df()
    dates = dbt.ref("score_dates").filter("not is_as_of").df()
    bands = Bands.of(dbt.config.get("age_band_days"))
    n_cohorts = dbt.config.get("cohort_quarters")
    states = dbt.config.get("score_states")
    return forecast.forecasts(models, counts, targets, deals, dates, bands, n_cohorts, states)
