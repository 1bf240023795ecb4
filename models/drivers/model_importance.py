from winrate import importance


def model(dbt, session):
    features = dbt.config.get("features")
    deals = dbt.ref("importance_deals").order("source_line").df()
    return importance.feature_importance(deals, features["categorical"], list(features["numeric"]))
