from winrate.config import scope


def model(dbt, session):
    return scope.scope_table(dbt.config.get("scope"), dbt.config.get("variables"))
