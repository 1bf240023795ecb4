from winrate.statistics import importance


def model(dbt, session):
    deals = dbt.ref("importance_deals").df()
    features = dbt.config.get("features")
    return importance.feature_importance(deals, features["categorical"], list(features["numeric"]))
