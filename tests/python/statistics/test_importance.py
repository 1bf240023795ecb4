import numpy as np
import pandas as pd
import pytest

from winrate import project
from winrate.statistics import importance

CATEGORICAL = ["industry", "region", "product_type", "lead_source", "deal_stage"]
NUMERIC = ["sales_cycle_days", "deal_amount"]


@pytest.fixture
def reference_deals(reference_data) -> pd.DataFrame:
    deals = pd.read_csv(reference_data / "deals_5000.csv")
    return deals.assign(is_won=(deals["outcome"] == "Won").astype(int))


def test_the_original_recipe_is_reproduced(reference_data, reference_deals):
    expected = pd.read_csv(reference_data / "importance_expected.csv")
    table = importance.feature_importance(reference_deals, CATEGORICAL, NUMERIC)
    assert len(table) == len(expected) == 23
    assert set(table["feature"]) == set(expected["feature"])
    merged = table.merge(expected, on="feature", suffixes=("", "_expected"))
    np.testing.assert_allclose(
        merged["coefficient"], merged["coefficient_expected"], rtol=0, atol=1e-5
    )
    assert table["coefficient"].is_monotonic_increasing


def test_the_recipe_of_the_project_is_the_original_one():
    features = project.project_vars()["features"]
    assert features["categorical"] == CATEGORICAL
    assert list(features["numeric"]) == NUMERIC


@pytest.mark.parametrize("is_won", [[1] * 20, [0] * 20, [1, 0]])
def test_without_both_outcomes_there_is_no_row(is_won):
    deals = pd.DataFrame({"is_won": is_won, "region": "APAC", "amount": 1.0})
    assert importance.feature_importance(deals, ["region"], ["amount"]).empty
