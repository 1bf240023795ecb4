from winrate.statistics import importance


def model(dbt, session):
    features = dbt.config.get("features")
    deals = dbt.ref("importance_deals").df()
    return importance.feature_importance(deals, features["categorical"], list(features["numeric"]))
