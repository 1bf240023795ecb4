from winrate.state import scores


def model(dbt, session):
    records = dbt.ref("known_scores").order("record_number")
    files = records.project("record_number, as_of_date, file_name").fetchall()
    return scores.recorded_scores(dbt.config.get("state_path"), files)
