from winrate.config import alert_rules


def model(dbt, session):
    return alert_rules.table(dbt.config.get("alert_rules_path"))
