from winrate import project
from winrate.statistics import scores


def model(dbt, session):
    profiles = dbt.ref("score_profiles").df()
    return scores.score_profiles(
        profiles,
        project.creation_features(dbt.config.get("features"), dbt.config.get("known_at_close")),
        min_outcomes=dbt.config.get("min_outcomes"),
    )
