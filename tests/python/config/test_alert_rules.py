"""A user's alert rules replace single values of the seed, or are refused with a sentence."""

import pytest

from winrate.config import alert_rules
from winrate.project import SettingsError


@pytest.fixture
def read(tmp_path):
    """The rules in force with a user's file of these lines."""

    def read(*lines: str) -> dict:
        path = tmp_path / "alert_rules.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        return alert_rules.read(path)

    return read


def test_without_a_file_the_rules_are_those_of_the_seed():
    rules = alert_rules.read(None)
    assert rules["deal_stalled"]["is_enabled"] is True
    assert rules["segment_decline"]["min_deals"] == 100
    assert rules["deal_stalled"]["owner"] is None


def test_a_cell_replaces_the_value_an_empty_one_does_not_and_none_empties_it(read):
    defaults = alert_rules.read(None)
    rules = read(
        "# mine",
        "severity,condition,threshold_value,min_deals,is_enabled",
        "Critical,deal_stalled,45.5,,",
        ",segment_decline,,none,FALSE",
    )
    assert rules["deal_stalled"] == defaults["deal_stalled"] | {
        "severity": "critical",
        "threshold_value": 45.5,
    }
    assert rules["segment_decline"] == defaults["segment_decline"] | {
        "min_deals": None,
        "is_enabled": False,
    }
    assert rules["data_quality"] == defaults["data_quality"]
    assert list(rules) == list(defaults)


def test_a_threshold_comes_from_the_data_where_the_condition_can(read):
    assert alert_rules.read(None)["deal_stalled"]["threshold_value"] is None
    rules = read("condition,threshold_value", "deal_stalled,none", "deal_at_risk,0.3")
    assert rules["deal_stalled"]["threshold_value"] is None
    assert rules["deal_at_risk"]["threshold_value"] == 0.3


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["condition,threshold", "deal_stalled,1"],
            "found the columns condition, threshold; expected",
        ),
        (["threshold_value", "1"], "found the columns threshold_value; expected condition, is_ena"),
        (
            ["condition,threshold_value", "deal_staled,1"],
            "line 2: found the condition 'deal_staled'; expected deal_stalled.",
        ),
        (
            ["condition,threshold_value", "deal_stalled,many"],
            "line 2: found the threshold_value 'many'; expected a number.",
        ),
        (["condition,threshold_value", "deal_stalled,1e3"], "expected a number"),
        (["condition,threshold_value", "segment_decline,none"], "expected a number"),
        (
            ["condition,min_deals", "segment_decline,1.5"],
            "found the min_deals '1.5'; expected a whole number.",
        ),
        (
            ["condition,severity", "deal_stalled,high"],
            "found the severity 'high'; expected critical, warning, info.",
        ),
        (
            ["condition,is_enabled", "deal_stalled,on"],
            "found the is_enabled 'on'; expected true or false.",
        ),
        (
            ["condition,owner", "deal_stalled,A", "deal_stalled,B"],
            "line 3: found 'deal_stalled' again, after line 2",
        ),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_its_line(read, lines, says):
    with pytest.raises(SettingsError) as refusal:
        read(*lines)
    assert says in str(refusal.value)
