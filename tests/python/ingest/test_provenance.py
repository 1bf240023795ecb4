"""What a build says of its input and its settings."""

import hashlib
import shutil
from pathlib import Path

import pytest

from support.builds import rows
from winrate import project
from winrate.ingest import provenance


@pytest.fixture
def root(tmp_path) -> Path:
    """A copy of what the settings are read from."""
    shutil.copy(project.ROOT / "dbt_project.yml", tmp_path)
    shutil.copytree(project.ROOT / "seeds", tmp_path / "seeds")
    return tmp_path


def test_the_input_is_named_by_the_hash_of_its_bytes(tmp_path):
    deals = tmp_path / "deals.csv"
    deals.write_bytes(b"deal_id\nD1\n")
    [facts] = provenance.build_facts(deals, {}).to_pylist()
    assert facts["input_sha256"] == hashlib.sha256(b"deal_id\nD1\n").hexdigest()
    assert facts["duckdb_version"].startswith("1.5.")


def test_a_variable_or_a_rule_that_is_turned_gives_other_settings(root):
    as_committed = provenance.settings_sha256({}, root)
    assert as_committed == provenance.settings_sha256({"min_outcomes": 40}, root)
    assert as_committed != provenance.settings_sha256({"min_outcomes": 41}, root)
    rules = root / "seeds" / "alert_rules.csv"
    rules.write_text(rules.read_text().replace("deal_stalled,true,", "deal_stalled,false,"))
    assert as_committed != provenance.settings_sha256({}, root)


def test_a_mapping_counts_by_what_it_says_not_by_where_it_lies(root):
    as_committed = provenance.settings_sha256({}, root)
    one, other = root / "one.csv", root / "other.csv"
    for path in (one, other):
        path.write_text("kind,found,means\noutcome,Signed,Won\n")
    with_mapping = provenance.settings_sha256({"mapping_path": str(one)}, root)
    assert with_mapping != as_committed
    assert with_mapping == provenance.settings_sha256({"mapping_path": str(other)}, root)
    other.write_text("kind,found,means\noutcome,Signed,Lost\n")
    assert with_mapping != provenance.settings_sha256({"mapping_path": str(other)}, root)


def test_rules_of_a_user_are_settings(root):
    as_committed = provenance.settings_sha256({}, root)
    rules = root / "rules.csv"
    rules.write_text("condition,threshold_value\ndeal_stalled,45\n")
    with_rules = provenance.settings_sha256({"alert_rules_path": str(rules)}, root)
    as_mapping = provenance.settings_sha256({"mapping_path": str(rules)}, root)
    assert len({as_committed, with_rules, as_mapping}) == 3


def test_another_export_is_not_another_setting(root):
    as_committed = provenance.settings_sha256({}, root)
    (root / "seeds" / "deals.csv").write_text("deal_id\n")
    run = {"deals_path": "other.csv", "as_of_date": "2026-01-31", "state_path": "w.state"}
    assert as_committed == provenance.settings_sha256(run, root)


def test_a_build_is_named_with_its_input_and_its_settings(sample_warehouse):
    sample = project.ROOT / "seeds" / "deals.csv"
    [(source_file, input_sha256, settings, n_read, as_of_date)] = rows(
        sample_warehouse,
        "select source_file, input_sha256, settings_sha256, n_read, as_of_date::text"
        " from quality.build_info",
    )
    assert (source_file, n_read, as_of_date) == ("deals.csv", 5500, "2026-06-30")
    assert input_sha256 == hashlib.sha256(sample.read_bytes()).hexdigest()
    assert settings == provenance.settings_sha256({})
