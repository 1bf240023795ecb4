from winrate.project import known_at
from winrate.statistics import clustering


def model(dbt, session):
    accounts = dbt.ref("account_profiles").df()
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    return clustering.design_effect(accounts, features)
