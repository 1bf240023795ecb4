from winrate.state import deals


def model(dbt, session):
    known_exports = dbt.ref("known_exports").order("export_position")
    exports = known_exports.project("record_number, file_name, is_this_export").fetchall()
    return deals.recorded_deals(
        dbt.config.get("state_path"), exports, dbt.config.get("tracked_columns")
    )
