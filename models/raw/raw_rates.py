from winrate.config import rates


def model(dbt, session):
    return rates.table(dbt.config.get("rates_path"), dbt.config.get("reporting_currency"))
