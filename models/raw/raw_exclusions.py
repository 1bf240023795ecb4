from winrate.config import exclusions


def model(dbt, session):
    return exclusions.table(dbt.config.get("exclusions_path"), dbt.config.get("variables"))
