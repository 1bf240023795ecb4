"""Fixtures of several tests: the compiled project, shared builds, the figures of the docs."""

import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from support import dbt
from support.builds import built_by_command, built_once
from support.compiled_build import compile_project
from support.exports import sample_deals
from support.paths import REFERENCE, SAMPLE, SAMPLE_FOLDER
from support.shared import shared_folder
from support.staged import Staging
from winrate.build import compiled
from winrate.build import staging as staged_models
from winrate.config import folder as config_folder
from winrate.config.folder import Config


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """The folder of the reference data, which is not part of the repository."""
    if not REFERENCE.is_dir():
        pytest.skip(f"the reference data are not at {REFERENCE}")
    return REFERENCE


# ---- dbt


@pytest.fixture(scope="session", autouse=True)
def own_dbt_target(tmp_path_factory) -> Path:
    """The folder of dbt's artifacts: tests that run at the same time have one each."""
    target = tmp_path_factory.mktemp("dbt") / "target"
    os.environ["DBT_TARGET_PATH"] = str(target)
    return target


@pytest.fixture(scope="session", autouse=True)
def models_of_all_settings(own_dbt_target) -> Iterator[None]:
    """Keep what `check` and `init` have dbt compile: of each settings, once in this process.

    Each settings have a target folder of their own; one folder keeps the models of the last only.
    """
    kept = {}
    compiled_models = staged_models.compiled_models

    def models_of(config: Config | None = None) -> list[dict]:
        settings = config.model_settings if config else {}
        key = compiled.project_key(settings)
        if key not in kept:
            target = own_dbt_target.with_name(f"of_{key}") if settings else own_dbt_target
            with mock.patch.dict(os.environ, DBT_TARGET_PATH=str(target)):
                kept[key] = compiled_models(config)
        return kept[key]

    with mock.patch.object(staged_models, "compiled_models", models_of):
        yield


@pytest.fixture(scope="session")
def compiled_once(tmp_path_factory) -> Path:
    """The project, compiled once for all processes of a test run, without settings of a run."""
    with shared_folder(tmp_path_factory, "compiled") as folder:
        if not (folder / "manifest.json").exists():
            compile_project(folder)
    return folder


@pytest.fixture(scope="session")
def compiled_project(compiled_once, own_dbt_target) -> Path:
    """The compiled project in the target folder of this process, where its builds start from it.

    They write a manifest with their settings there.
    """
    return Path(shutil.copytree(compiled_once, own_dbt_target))


@pytest.fixture(scope="session")
def staging(compiled_once) -> Staging:
    """The raw and staging models."""
    return Staging(dbt.manifest(compiled_once))


@pytest.fixture(scope="session")
def sample_warehouse(tmp_path_factory) -> Path:
    """A build of the sample export, made by the command in a process of its own."""
    return built_once(tmp_path_factory, "sample", SAMPLE, built_by_command)


@pytest.fixture(scope="session")
def whole_sample_warehouse(tmp_path_factory, compiled_project) -> Path:
    """A build of the sample as `make build` makes it: with the folder of the sample."""
    config = config_folder.read(SAMPLE_FOLDER)
    build = {"config": config, "stages": config.stages()}
    return built_once(tmp_path_factory, "whole_sample", SAMPLE, **build)


@pytest.fixture(scope="session")
def plain_sample_warehouse(tmp_path_factory, compiled_project) -> Path:
    """A build of the sample without accounts, names, pipelines and loss reasons."""
    path = tmp_path_factory.mktemp("plain_sample") / "deals.csv"
    sample_deals().to_csv(path, index=False)
    return built_once(tmp_path_factory, "plain_sample", path)


@pytest.fixture(scope="session")
def sample_tables(tmp_path_factory, compiled_project) -> Path:
    """A build of the sample with all tables, also those that are not published."""
    return built_once(tmp_path_factory, "sample_tables", SAMPLE, has_all_tables=True)


@pytest.fixture(scope="session")
def reference_warehouse(tmp_path_factory, reference_data, compiled_project) -> Path:
    """A build of the reference data."""
    deals = reference_data / "deals_5000.csv"
    return built_once(tmp_path_factory, "reference", deals, has_all_tables=True)


# ---- garbage

# What is imported, and what dbt has parsed, stays to the end of a process. Python's garbage
# collector would go through it again and again, which takes a seventh of a run of dbt.
gc.set_threshold(100_000)


def pytest_collection_finish() -> None:
    """Leave what is imported by now alone."""
    gc.collect()
    gc.freeze()


# ---- which tests run

# Fixtures that build a whole warehouse: `make test-fast` leaves out the tests that use one.
WHOLE_BUILDS = {
    *(
        "sample_warehouse",
        "sample_tables",
        "whole_sample_warehouse",
        "plain_sample_warehouse",
        "reference_warehouse",
        "small_warehouse",
        "hostile_warehouse",
    ),
    *("masked_build", "own_warehouse", "with_issues", "build_and_export"),
    *(
        "scoped",
        "pooled",
        "excluded",
        "planted",
        "staged_build",
        "with_teams",
        "recorded",
        "built_from_fivetran",
    ),
}


@pytest.hookimpl(tryfirst=True)  # before pytest selects by marks
def pytest_collection_modifyitems(config, items) -> None:
    """Mark slow tests and put them first; `make reliability` runs only those that give a figure.

    Only short tests are left at the end, so that all processes end at about the same time.
    """
    for item in items:
        if WHOLE_BUILDS.intersection(item.fixturenames):
            item.add_marker("slow")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    if "WINRATE_FIGURES" in os.environ:
        giving = [item for item in items if "record_figure" in item.fixturenames]
        config.hook.pytest_deselected(items=[item for item in items if item not in giving])
        items[:] = giving


# ---- the figures of docs/reliability.md


@pytest.fixture
def record_figure(request) -> Callable[[str, object], None]:
    """`record_figure(name, figure)`: what a test counted, for the table of docs/reliability.md.

    name: a literal, used once in all tests. figure: the same in every run; no times. The test
    itself asserts what the figure must show, such as none or all; `make reliability` writes it.
    """
    folder = os.environ.get("WINRATE_FIGURES")
    file, line, _ = request.node.location
    recorded = []

    def record(name: str, figure: object) -> None:
        if folder:
            recorded.append(name)
            figure = f"{figure:,}" if isinstance(figure, int) else str(figure)
            test = f"{Path(file).name}: {request.node.originalname}"
            path = Path(folder) / f"{Path(file).stem}-{line:04}-{len(recorded):02}.json"
            path.write_text(json.dumps({"what": name, "figure": figure, "test": test}))

    return record
