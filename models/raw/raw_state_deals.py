from winrate.state import deals


def model(dbt, session):
    raw_state_exports = dbt.ref("raw_state_exports")
    recorded = raw_state_exports.filter("file_name is not null").project("record_number, file_name")
    names = dict(sorted(recorded.fetchall()))
    return deals.deals_reader(
        dbt.config.get("state_path"), names, dbt.config.get("tracked_columns")
    )
