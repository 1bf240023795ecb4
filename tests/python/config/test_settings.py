"""A user's settings.yml takes the place of vars, and says so where a value cannot."""

import pytest

from winrate import project
from winrate.config import settings
from winrate.project import SettingsError


@pytest.fixture
def read(tmp_path):
    """The settings of a file with these lines."""

    def read(*lines: str) -> dict:
        path = tmp_path / "settings.yml"
        path.write_text("\n".join(lines), encoding="utf-8")
        return settings.read(path)

    return read


def test_a_file_of_comments_changes_nothing(read):
    assert read("# min_outcomes: 50", "") == {}


def test_a_number_and_a_list_replace_the_default_as_a_whole(read):
    found = read("min_effect_pp: 2", "late_stages: [Offer]", "mask_reps: yes")
    assert found == {"min_effect_pp": 2, "late_stages": ["Offer"], "mask_reps": True}


def test_a_mapping_is_merged_with_the_default_by_key(read):
    found = read(
        "export_columns:",
        "  seats: {type: number}",
        "  created_date: {is_required: false}",
        "features:",
        "  categorical: [industry]",
        "  numeric: {seats: 3, sales_cycle_days: }",
    )
    columns = found["export_columns"]
    assert columns["seats"] == {"type": "number"}
    assert columns["created_date"]["is_required"] is False
    assert columns["created_date"]["type"] == "date"
    assert "deal_id" in columns
    assert found["features"] == {
        "categorical": ["industry"],
        "numeric": {"deal_amount": 4, "seats": 3},
    }


def test_dates_are_text_and_paths_are_relative_to_the_file(read, tmp_path):
    stated = ("as_of_date: 2026-06-30", "deals_path: new/deals.csv", "state_path: ../state")
    assert read(*stated) == {
        "as_of_date": "2026-06-30",
        "deals_path": str(tmp_path / "new" / "deals.csv"),
        "state_path": str(tmp_path.parent / "state"),
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["min_outcomes: forty"], 'min_outcomes is "forty"; expected a whole number, such as 40.'),
        (["min_outcomes: 40.5"], "min_outcomes is 40.5; expected a whole number"),
        (["min_outcomes:"], "min_outcomes is empty; expected a whole number"),
        (["max_p_value: true"], "max_p_value is true; expected a number, such as 0.05."),
        (["mask_reps: 1"], "mask_reps is 1; expected true or false"),
        (["late_stages: Offer"], 'late_stages is "Offer"; expected a list, such as ["Proposal"'),
        (["late_stages: [Offer, 2]"], 'late_stages, item 2, is 2; expected text, such as "Pro'),
        (["null_values: [no]"], "null_values, item 1, is false; expected text"),
        (["features: [industry]"], 'features is ["industry"]; expected a mapping'),
        (["features: {categories: []}"], "features has no 'categories'; expected categorical."),
        (
            ["features: {numeric: {seats: many}}"],
            'features.numeric.seats is "many"; expected a list or a',
        ),
        (
            ["export_columns: {seats: {typ: number}}"],
            "export_columns.seats has no 'typ'; expected type.",
        ),
        (["export_columns: {seats: {}}"], "export_columns.seats has no type."),
        (["comparisons: [{name: a, quarters: 1}]"], "comparisons, item 1, has no after, before, "),
        (["late_stages: []"], "late_stages has no items; expected one or more."),
        (["export_columns: {created_date: {type: text}}"], "created_date.type cannot be changed."),
        (["export_columns: {created_date: }"], "export_columns.created_date is empty; expected a"),
        (["export_columns: {seats: {type: int}}"], "the column seats has the type 'int'; expected"),
        (
            ["min_outcome: 5"],
            "the setting 'min_outcome'; the closest name is",
        ),
        (["features: {categorical: [Company Size]}"], "'Company Size'; name it 'company_size',"),
        (["features: {categorical: [group]}"], "'group'; name it 'group_name'"),
        (["features: {categorical: [is_open]}"], "cannot be named 'is_open': tables have"),
        (
            ["features: {categorical: [outcome]}"],
            "'outcome' cannot be such a feature",
        ),
        (["mapping_path: a.csv"], "'mapping_path' is no setting of a file"),
        (["a: [1"], "line 1: cannot be read as YAML"),
        (
            ["min_outcomes: 1", "min_outcomes: 2"],
            "line 2: cannot be read as YAML ('min_outcomes' stands twice)",
        ),
        (["- 1"], "expected lines such as 'min_outcomes: 40'"),
        (["40: 1"], "expected lines such as 'min_outcomes: 40'"),
    ],
)
def test_a_value_of_another_shape_is_refused_with_file_and_key(read, tmp_path, lines, says):
    with pytest.raises(SettingsError) as refusal:
        read(*lines)
    sentence = str(refusal.value)
    assert sentence.startswith(str(tmp_path / "settings.yml")) and says in sentence
    assert "\n" not in sentence


def test_every_default_has_its_own_shape(read, tmp_path):
    path = tmp_path / "settings.yml"
    for name, value in project.project_vars().items():
        if name not in project.RunValues._fields:
            settings.shapes.refuse_other(path, name, value, value)
