"""The section on the stages of the funnel."""

from support.report_story import story_with

STAGE = {"deal_stage": "Demo", "stage_order": 1, "n_entered": 900, "horizon_days": 45}
STAGE |= {f"{share}_rate": 0.25 for share in ("went_on", "went_back", "lost", "still_there")}
CHANGE = {"comparison": "last two quarters", "is_primary": True, "deal_stage": "Demo"}
CHANGE |= {"evidence": "inconclusive", "days_evidence": "inconclusive", "q_value": 1.0}


def section_of(page, *changes) -> str:
    tables = story_with(
        drivers_stage_conversion=[STAGE], drivers_stage_conversion_change=list(changes)
    )
    text = page(tables).text
    return text[text.index("The stages of the funnel") :]


def test_a_stage_that_is_slower_is_said_after_the_shares(page):
    text = section_of(
        page,
        CHANGE | {"days_evidence": "slower", "days_statement": "Demo takes longer."},
        CHANGE | {"deal_stage": "Legal", "evidence": "fell", "statement": "Fewer go on."},
    )
    assert text.index("Fewer go on.") < text.index("Demo takes longer.")
    assert "In no stage" not in text


def test_without_a_claim_the_section_says_so_of_shares_and_time(page):
    text = section_of(page, CHANGE)
    assert "the share of deals that go on, or the time in the stage, changed significantly" in text
