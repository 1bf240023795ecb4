"""Builds in folders that other users can write to."""

import os
import stat
from pathlib import Path

import duckdb
import pytest

from winrate.build import publish
from winrate.build.directory import directory_path, locked_build_directory
from winrate.build.publish import BuildError


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def warehouse(tmp_path) -> Path:
    """Where a database is to be published."""
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o777)
    return folder / "warehouse.duckdb"


@pytest.fixture
def of_a_stranger(tmp_path) -> Path:
    """A file in a folder whose name is that of the staging folder of a build."""
    thesis = tmp_path / "home" / "new" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("the only copy", encoding="utf-8")
    return thesis


@pytest.mark.parametrize("part", ["folder of all databases", "folder of the database"])
def test_a_planted_link_is_refused_and_nothing_behind_it_is_deleted(warehouse, of_a_stranger, part):
    path = directory_path(warehouse)
    home = of_a_stranger.parent.parent
    if part == "folder of all databases":
        path.parent.symlink_to(home, target_is_directory=True)
    else:
        path.parent.mkdir()
        path.symlink_to(home, target_is_directory=True)
    with (
        pytest.raises(BuildError, match="is not a folder of this user, or a link"),
        locked_build_directory(warehouse),
    ):
        pass
    assert of_a_stranger.read_text(encoding="utf-8") == "the only copy"
    assert not (home / warehouse.name).exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(warehouse):
    path = directory_path(warehouse)
    path.mkdir(parents=True)
    os.chown(path, 12345, -1)
    with (
        pytest.raises(BuildError, match="is not a folder of this user"),
        locked_build_directory(warehouse),
    ):
        pass


def test_nobody_else_reads_a_build_while_it_runs(warehouse):
    path = directory_path(warehouse)
    path.mkdir(parents=True, mode=0o755)
    with locked_build_directory(warehouse) as directory:
        assert directory.staging.is_dir()
        assert [mode(folder) for folder in (path.parent, path)] == [0o700, 0o700]


@pytest.mark.parametrize(
    ("of_published", "expected"), [(None, 0o640), (0o600, 0o600), (0o644, 0o644)]
)
def test_what_is_published_has_the_permissions_of_what_it_replaces(
    tmp_path, warehouse, of_published, expected
):
    new = tmp_path / "new.duckdb"
    duckdb.connect(str(new)).close()
    report = tmp_path / "report"
    page = report / "index.html"
    if of_published:
        duckdb.connect(str(warehouse)).close()
        report.mkdir()
        page.write_text("old", encoding="utf-8")
        warehouse.chmod(of_published)
        page.chmod(of_published)
    publish.replace_database(new, warehouse)
    publish.publish_files(report, lambda aside: (aside / page.name).write_text("new"))
    assert page.read_text(encoding="utf-8") == "new"
    assert [mode(path) for path in (warehouse, page)] == [expected, expected]


def test_a_folder_that_stays_locked_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "LOCK_WAIT", 0.0)
    with (
        publish.locked(tmp_path),
        pytest.raises(BuildError, match=f"{tmp_path} has been locked by another process"),
    ):
        publish.publish_files(tmp_path, lambda aside: None)
