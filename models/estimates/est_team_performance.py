from winrate.project import known_at
from winrate.statistics import teams
from winrate.statistics.claims import ClaimRules


def model(dbt, session):
    totals = dbt.ref("team_totals").df()[teams.COLUMNS]
    effect = dbt.ref("est_design_effect").fetchone()[0]
    profiles = dbt.ref("team_profiles").df().assign(design_effect=effect)
    timing = dict(dbt.ref("est_feature_timing").project("feature, known_at").fetchall())
    features = known_at(timing, dbt.config.get("features"), "creation")
    rules = ClaimRules(**dbt.config.get("rules"))
    return teams.team_performance(totals, profiles, features, rules)
