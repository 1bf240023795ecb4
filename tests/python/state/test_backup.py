"""A state as one file, and back."""

import re
import shutil
import zipfile

import pytest

from support.builds import run_main
from support.history import DAY, Export
from winrate.state import backup
from winrate.state.store import StateError


@pytest.fixture
def state(builds):
    """The folder of a state with two records."""
    builds.build(Export(DAY, {"D1": {"deal_stage": "Demo"}}))
    builds.build(Export(DAY.replace(day=8), {"D1": {"deal_stage": "Proposal"}}))
    return builds.state


@pytest.fixture
def zipped(state, tmp_path):
    path = tmp_path / "backup" / "state.zip"
    backup.export_state(state, path)
    return path


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_backup_gives_the_same_state(state, zipped, tmp_path):
    assert backup.import_state(tmp_path / "new", zipped) == (2, 0)
    assert files(tmp_path / "new") == files(state)
    assert backup.import_state(tmp_path / "new", zipped) == (2, 2)
    assert files(tmp_path / "new") == files(state)


def test_the_same_state_gives_the_same_backup(state, zipped, tmp_path):
    backup.export_state(state, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == zipped.read_bytes()


def test_what_the_state_lacks_is_added_and_what_it_has_more_stays(state, zipped):
    whole = files(state)
    first, second = sorted(whole)
    (state / second).unlink()
    assert backup.import_state(state, zipped) == (2, 1)
    assert files(state) == whole
    (state / second).unlink()
    backup.export_state(state, zipped)
    backup.import_state(state, zipped)
    assert list(files(state)) == [first]


def test_a_backup_of_another_state_is_refused(builds, state, zipped, tmp_path):
    shutil.rmtree(state)
    builds.build(Export(DAY, {"D2": {"deal_stage": "Demo"}}))
    before = files(state)
    with pytest.raises(StateError, match=r"do not follow upon those in .*\(STATE\)"):
        backup.import_state(state, zipped)
    assert files(state) == before


def repacked(zipped, change, compression=zipfile.ZIP_STORED):
    """The backup with its entries, name and bytes, changed by a function of their list."""
    with zipfile.ZipFile(zipped) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(zipped, "w", compression) as archive:
        for name, content in change(entries):
            archive.writestr(name, content)
    return zipped


def damaged(entries):
    return [*entries[:1], (entries[1][0], entries[1][1][:-1] + b"x")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (damaged, r"state.zip, 000002-deals-\S+: found other bytes than were written; expected"),
        (lambda entries: entries[1:], r"state.zip, 000002-deals-\S+: found a record that follows"),
        (lambda entries: [*entries, ("../000003.parquet", b"")], r"found '../000003.parquet'; exp"),
        (lambda entries: [*entries, ("/etc/passwd", b"")], "found '/etc/passwd'; expected"),
        (lambda entries: [*entries, ("a/", b"")], "found 'a/'; expected"),
    ],
)
def test_a_broken_backup_is_refused_and_adds_nothing(zipped, tmp_path, change, says):
    with pytest.raises(StateError, match=says) as refused:
        backup.import_state(tmp_path / "new", repacked(zipped, change))
    assert "\n" not in str(refused.value)
    assert files(tmp_path / "new") == {}


def test_what_could_unpack_to_more_than_it_is_is_refused(zipped, tmp_path):
    repacked(zipped, lambda entries: entries, zipfile.ZIP_DEFLATED)
    with pytest.raises(StateError, match="compressed or encrypted; expected a file that"):
        backup.import_state(tmp_path / "new", zipped)


def test_a_cut_backup_is_refused_wherever_it_is_cut(zipped, tmp_path):
    content = zipped.read_bytes()
    for n_bytes in range(0, len(content), len(content) // 40):
        zipped.write_bytes(content[:n_bytes])
        with pytest.raises(StateError, match="cannot be read"):
            backup.import_state(tmp_path / "new", zipped)
    assert files(tmp_path / "new") == {}


def test_the_commands_say_what_they_did(state, tmp_path):
    names = ("--state", state, "--file", tmp_path / "s.zip")
    assert run_main("state-export", *names).stdout == f"2 records of {state} are in {names[-1]}.\n"
    run = run_main("state-import", "--warehouse", tmp_path / "w.duckdb", *names[2:])
    assert run.stdout == f"{tmp_path / 'w.state'} has 2 records, 2 of them new.\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("state-export", r"w\.state: found no records; `make build` adds one for each export\."),
        ("state-import", r"w\.state\.zip: found no file; expected a file that `make state-export`"),
    ],
)
def test_the_commands_say_what_is_missing(command, says, tmp_path):
    run = run_main(command, "--warehouse", tmp_path / "w.duckdb")
    assert run.returncode == 1 and re.search(f"^winrate: .*{says}", run.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(state, tmp_path):
    (tmp_path / "file").write_text("no folder")
    run = run_main("state-export", "--state", state, "--file", tmp_path / "file" / "s.zip")
    assert (run.returncode, run.stderr) == (1, f"winrate: {tmp_path / 'file'}: File exists.\n")
