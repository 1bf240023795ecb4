"""The original recipe: feature importance as the coefficients of a logistic regression."""

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from winrate.statistics.threads import one_thread

MIN_DEALS = 10  # the split needs some deals of each outcome on both sides


@one_thread
def feature_importance(
    deals: pd.DataFrame, categorical: list[str], numeric: list[str]
) -> pd.DataFrame:
    """Coefficients of scikit-learn's logistic regression on one-hot and raw numeric columns.

    deals: one row per closed deal, in the order by whose positions the recipe splits them, with
        `is_won` (0 or 1), the categorical columns as text and the numeric ones as they are, none
        missing.
    Returns one row per encoded feature, `feature` (`cat__industry_FinTech`, `num__deal_amount`)
    and `coefficient` in log-odds, sorted by coefficient. No row where the training part lacks
    won or lost deals, or there is no feature.

    This is the recipe as it was published, kept for comparison: the numeric columns are not
    scaled, so the solver stops before it converges, and there are no measures of uncertainty.
    Use `win_rate_drivers` for decisions.
    """
    empty = pd.DataFrame({"feature": pd.Series(dtype=str), "coefficient": pd.Series(dtype=float)})
    if len(deals) < MIN_DEALS or not (categorical or numeric):
        return empty
    train, _ = train_test_split(deals, test_size=0.2, random_state=42)
    if train["is_won"].nunique() < 2:
        return empty
    encode = ColumnTransformer(
        [
            ("cat", OneHotEncoder(handle_unknown="ignore"), categorical),
            ("num", "passthrough", numeric),
        ]
    )
    recipe = Pipeline([("encode", encode), ("classify", LogisticRegression(max_iter=1000))])
    recipe.fit(train[[*categorical, *numeric]], train["is_won"])
    table = pd.DataFrame(
        {
            "feature": recipe["encode"].get_feature_names_out(),
            "coefficient": recipe["classify"].coef_[0],
        }
    )
    return table.sort_values(["coefficient", "feature"]).reset_index(drop=True)
