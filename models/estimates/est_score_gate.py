import pandas as pd

from winrate.statistics import score_quality


def model(dbt, session):
    quality = dbt.ref("est_score_quality").df()
    verdict = dbt.ref("est_verdict").df().iloc[0]
    of_holdout = verdict["holdout_withheld_because"]
    reason = score_quality.withheld_because(
        quality, verdict["verdict"], None if pd.isna(of_holdout) else of_holdout
    )
    return pd.DataFrame({"score_withheld_because": pd.Series([reason], dtype="str")})
