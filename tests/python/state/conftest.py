"""Fixtures of the tests of the state."""

import pytest

from support import dbt
from support.history import MODELS, Builds
from winrate.build import staging


@pytest.fixture(scope="session")
def history_models(compiled_once) -> list[dict]:
    """The compiled models of the changes between exports."""
    found = staging.needed_models(dbt.manifest(compiled_once), MODELS)
    return [model for name in MODELS for model in found if model["name"] == name]


@pytest.fixture
def builds(tmp_path, history_models) -> Builds:
    """No build yet."""
    return Builds(tmp_path, history_models)
