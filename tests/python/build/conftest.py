"""One build with settings of all kinds, for the tests of each of them."""

from pathlib import Path

import pytest

from support.builds import built_by_dbt, built_once
from support.own_settings import write_own_settings
from support.shared import shared_folder
from winrate.config import folder
from winrate.config.folder import Config


@pytest.fixture(scope="session")
def own_config(tmp_path_factory) -> Config:
    """A folder with settings, rates, a mapping and alert rules, and the export that they read."""
    with shared_folder(tmp_path_factory, "own_config") as own:
        if not (own / "settings.yml").exists():
            write_own_settings(own)
    return folder.read(own)


@pytest.fixture(scope="session")
def own_warehouse(tmp_path_factory, own_config, compiled_project) -> Path:
    """A build with them, by dbt."""
    return built_once(tmp_path_factory, "own", own_config.deals(), built_by_dbt, config=own_config)
