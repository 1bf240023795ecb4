import pandas as pd

from support.simulate import RULES
from winrate.statistics.claims import q_values
from winrate.statistics.stage_funnel import stage_funnel


def funnel(**stages: tuple[int, int]) -> pd.DataFrame:
    table = pd.DataFrame.from_dict(stages, orient="index", columns=["n_deals", "n_lost"])
    table = table.assign(n_won=table["n_deals"] - table["n_lost"])
    return stage_funnel(table.rename_axis("deal_stage").reset_index(), RULES).set_index(
        "deal_stage"
    )


def test_a_stage_with_more_losses_than_the_others_is_claimed():
    table = funnel(demo=(200, 150), proposal=(200, 90), rare=(20, 15))
    assert table["evidence"].to_dict() == {
        "demo": "higher",
        "proposal": "lower",
        "rare": "too few deals",
    }


def test_a_stage_that_may_differ_by_chance_says_so():
    table = funnel(demo=(200, 110), proposal=(200, 86), negotiation=(200, 92), last=(200, 104))
    row = table.loc["proposal"]
    assert row["difference_pp_high"] < 0 and row["evidence"] == "inconclusive"
    assert row["inconclusive_because"] == "may be chance among 4 stages"


def test_a_stage_that_contains_the_outcome_is_not_tested():
    table = funnel(closed_lost=(100, 100), closed_won=(5, 0), demo=(200, 110), proposal=(200, 90))
    leaking = table.loc[["closed_lost", "closed_won"]]
    assert (leaking["evidence"] == "inconclusive").all()
    assert leaking[["p_value", "q_value"]].isna().all(axis=None)
    assert leaking["drop_off_rate"].tolist() == [1, 0]
    assert set(leaking["inconclusive_because"]) == {"all of its deals have one outcome"}
    # The false discovery rate is over the stages that are tested.
    tested = table.loc[["demo", "proposal"]]
    assert (tested["q_value"] == q_values(tested["p_value"])).all()


def test_deals_without_a_stage_are_compared_with_none_and_move_no_other():
    stages = {"demo": (200, 100), "proposal": (200, 104), "negotiation": (200, 96)}
    alone = funnel(**stages)
    table = funnel(**stages, Unknown=(150, 148))
    pd.testing.assert_frame_equal(table.drop("Unknown"), alone)
    missing = table.loc["Unknown"]
    assert missing["drop_off_rate"] == 148 / 150
    assert missing["evidence"] == "inconclusive"
    assert missing[["difference_pp", "p_value", "inconclusive_because"]].isna().all()


def test_a_stage_without_closed_deals_has_a_row_and_no_claim():
    table = funnel(demo=(200, 110), only_open=(0, 0))
    assert table.loc["only_open", "evidence"] == "too few deals"
    assert pd.isna(table.loc["only_open", "drop_off_rate"])
