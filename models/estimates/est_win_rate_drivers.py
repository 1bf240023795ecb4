from winrate.project import known_at
from winrate.statistics import drivers
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    effect = dbt.ref("est_design_effect").fetchone()[0]
    profiles = dbt.ref("driver_profiles").df().assign(design_effect=effect)
    close_profiles = dbt.ref("close_profiles").df().assign(design_effect=effect)
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    close_features = known_at(timing, dbt.config.get("features"), "close")
    suspects = known_at(timing, dbt.config.get("features"), "leak")
    verdict = dbt.ref("est_verdict").project("verdict").fetchone()[0]
    rules = ClaimRules(**dbt.config.get("rules"))
    return drivers.win_rate_drivers(
        profiles, close_profiles, features, close_features, verdict, rules, suspects
    )
