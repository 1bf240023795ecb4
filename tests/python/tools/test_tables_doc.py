"""docs/tables.md is up to date, and every public table and column has a description."""

import json
from pathlib import Path

import pytest

from tools.docs import tables
from winrate import project

TYPES = {"string", "double", "bigint", "date", "boolean"}


@pytest.fixture
def manifest_path(compiled_project) -> Path:
    """The manifest of the project."""
    return compiled_project / "manifest.json"


@pytest.fixture
def public_models(manifest_path) -> list[dict]:
    """The public tables in the manifest."""
    return tables.public_models(json.loads(manifest_path.read_text(encoding="utf-8")))


def test_the_committed_file_is_up_to_date(manifest_path, tmp_path):
    written = tmp_path / "tables.md"
    assert tables.main([str(written), "--manifest", str(manifest_path)]) == 0
    committed = project.ROOT / "docs" / "tables.md"
    assert committed.read_text(encoding="utf-8") == written.read_text(encoding="utf-8"), (
        "docs/tables.md is out of date: run `make docs`"
    )


def test_these_schemas_have_public_tables(public_models):
    schemas = {model["schema"] for model in public_models}
    assert schemas == {"staging", "drivers", "scores", "alerts", "quality"}


def test_every_public_table_says_what_one_row_is(public_models):
    silent = [
        model["name"] for model in public_models if not model["description"].startswith("One row ")
    ]
    assert silent == []


def test_every_public_column_has_a_description_and_a_type_that_all_engines_know(public_models):
    columns = [
        (model["name"], column["name"], column["description"].strip(), column["data_type"])
        for model in public_models
        for column in model["columns"].values()
    ]
    assert [name for name in columns if not name[2] or name[3] not in TYPES] == []


def test_a_missing_manifest_gives_one_message(tmp_path, capsys):
    missing = tmp_path / "manifest.json"
    assert tables.main([str(tmp_path / "tables.md"), "--manifest", str(missing)]) == 1
    assert capsys.readouterr().err == f"{missing} is not there; run `dbt parse` first.\n"
