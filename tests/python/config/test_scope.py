"""The scope of a build is read from one line of text, or refused with a sentence."""

import pytest

from winrate import project
from winrate.config.scope import read_scope, read_scopes, refuse_missing_columns
from winrate.ingest.header import ExportHeader
from winrate.project import SettingsError

VARIABLES = project.project_vars()


def test_conditions_name_columns_and_values_that_are_included_or_left_out():
    text = "deal_type=New Business; pipeline_name != Renewals | Self-serve ;"
    assert read_scope(text, VARIABLES) == [
        ("deal_type", "New Business", True),
        ("pipeline_name", "Renewals", False),
        ("pipeline_name", "Self-serve", False),
    ]
    assert read_scope(" ", VARIABLES) == []


def test_a_value_may_have_signs_and_quotes():
    assert read_scope("team=R&D = \"X\" 'y'", VARIABLES) == [("team", "R&D = \"X\" 'y'", True)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("New Business", "SCOPE has 'New Business'; expected conditions such as"),
        ("deal_type=", "SCOPE has 'deal_type=' without a value"),
        ("deal_type=Renewal||New", "without a value"),
        ("=Renewal", "SCOPE names '', which is no column"),
        ("deal_typ=Renewal", "SCOPE names 'deal_typ', .* the closest is 'deal_type'"),
        ("deal_amount=5", "SCOPE names 'deal_amount', which is no column with levels"),
    ],
)
def test_other_text_is_refused(text, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_scope(text, VARIABLES)


def test_a_column_that_the_export_does_not_have_is_refused():
    positions = {"deal_type": None, "team": 3}
    header = ExportHeader(1, 1, ("Id",), positions, frozenset(), (), "")
    refuse_missing_columns("team=East", header, VARIABLES)
    with pytest.raises(SettingsError, match="SCOPE names deal_type, and no column of the export"):
        refuse_missing_columns("team=East; deal_type=Renewal", header, VARIABLES)


@pytest.mark.parametrize(
    ("scopes", "sentence"),
    [
        ({"../up": "deal_type=Renewal"}, "scopes has '../up'; expected a name of letters"),
        ({"renewals": ""}, "scopes.renewals is ''; expected conditions"),
        ({"renewals": 5}, "scopes.renewals is 5; expected conditions"),
        ({"renewals": "type=Renewal"}, "scopes.renewals names 'type'"),
    ],
)
def test_scopes_with_another_name_or_text_are_refused(scopes, sentence):
    with pytest.raises(SettingsError, match=sentence):
        read_scopes(VARIABLES | {"scopes": scopes})
    assert read_scopes(VARIABLES) == {}
