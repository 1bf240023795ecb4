from winrate.statistics import importance


def model(dbt, session):
    deals = dbt.ref("importance_deals").df()
    compared = dbt.ref("feature_timing").filter("known_at is not null").project("feature")
    names = {name for (name,) in compared.fetchall()}
    features = dbt.config.get("features")
    categorical = [name for name in features["categorical"] if name in names]
    numeric = [name for name in features["numeric"] if name in names]
    return importance.feature_importance(deals, categorical, numeric)
