from winrate.statistics import stage_conversion


def model(dbt, session):
    exits = dbt.ref("stage_exits").df()[stage_conversion.EXITS]
    totals = dbt.ref("stage_rep_totals").df()
    horizon = dbt.ref("stage_horizons").fetchone()
    return stage_conversion.stage_conversion(exits, totals, horizon[0] if horizon else 0)
