"""The records of a state: numbered, immutable, checked, and added in one step."""

import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from winrate.build import publish
from winrate.state import store
from winrate.state.store import StateError

FACTS = {"kind": "deals", "as_of_date": "2026-06-01", "scope": ""}


def written(path, after="", **facts):
    """A file that can be added to a state."""
    table = pa.table({"deal_id": ["D1"]})
    with store.writer(path, table.schema, FACTS | {"after": after} | facts) as file:
        file.write_table(table)
    return path


@pytest.fixture
def state(tmp_path):
    """The folder of a state with three records."""
    folder = tmp_path / "warehouse.state"
    for _ in range(3):
        names = [record.path.name for record in store.read_records(folder)]
        store.add(folder, written(tmp_path / "new.parquet", names[-1] if names else ""))
    return folder


def names(folder):
    return [record.path.name for record in store.read_records(folder)]


def test_records_are_numbered_and_say_what_they_are_of(state):
    first, *_ = records = store.read_records(state)
    assert [record.number for record in records] == [1, 2, 3]
    assert first.path.name == f"000001-deals-2026-06-01-{first.digest}.parquet"
    assert first.facts == FACTS | {"after": "", "format": store.FORMAT}
    assert first.path.stat().st_mode & 0o777 == publish.NEW_MODE
    assert sorted(path.name for path in state.iterdir()) == names(state)


def test_what_was_added_is_not_added_again(state, tmp_path):
    before = names(state)
    store.add(state, written(tmp_path / "new.parquet", before[1]))
    assert names(state) == before


def test_a_record_that_builds_on_others_than_the_state_has_is_not_added(state, tmp_path):
    before = names(state)
    new = written(tmp_path / "new.parquet", before[0], scope="deal_type=Renewal")
    with pytest.raises(StateError, match="another build added 000003-deals"):
        store.add(state, new)
    assert names(state) == before


def test_a_state_that_is_not_there_has_no_records(tmp_path):
    assert store.read_records(tmp_path / "none.state") == []


def test_files_of_other_names_are_left_alone(state):
    before = names(state)
    (state / "notes.txt").write_text("mine")
    (state / "$(touch pwned).parquet").write_bytes(b"")
    (state / ".winrate-new").mkdir()
    (state / "000004-deals-2026-06-01-0123456789abcdef.parquet.part").write_bytes(b"")
    assert names(state) == before


def test_a_kind_that_this_version_does_not_know_is_left_alone(state, tmp_path):
    store.add(state, written(tmp_path / "new.parquet", names(state)[-1], kind="alerts"))
    assert [record.facts["kind"] for record in store.read_records(state)][-1] == "alerts"


@pytest.mark.parametrize("place", [0, 1])
def test_a_record_that_is_missing_is_named(state, place):
    gone, follows = store.read_records(state)[place : place + 2]
    gone.path.unlink()
    with pytest.raises(StateError, match="none can be left out") as refused:
        store.read_records(state)
    assert follows.path.name in str(refused.value) and "\n" not in str(refused.value)


def damage(path):
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def cut(path):
    path.write_bytes(b"")


def link(path):
    os.link(path, path.parent / "other")
    path.unlink()
    path.symlink_to("other")


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (damage, "found other bytes than were written; expected the hash"),
        (cut, "found other bytes than were written; expected the hash"),
        (link, "found a link, a folder or a pipe; expected a file"),
        (pipe, "found a link, a folder or a pipe; expected a file"),
        (folder, "found a link, a folder or a pipe; expected a file"),
    ],
)
def test_a_record_that_is_broken_is_named(state, spoil, says):
    path = store.read_records(state)[1].path
    spoil(path)
    with pytest.raises(StateError, match=says) as refused:
        store.read_records(state)
    assert str(refused.value).startswith(f"{path}: ")


def put(state, content, day="2026-06-01"):
    """A file in the state whose name is right."""
    new = state / "new"
    new.write_bytes(content)
    new.rename(state / f"000004-deals-{day}-{store.file_digest(new)}.parquet")


def test_a_record_of_a_newer_version_is_refused_with_what_to_do(state, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FORMAT", 2)
    newer = written(tmp_path / "newer.parquet", names_of(state)[-1]).read_bytes()
    monkeypatch.undo()
    put(state, newer)
    with pytest.raises(StateError, match=r"found format 2; expected 1[.] A newer"):
        store.read_records(state)


def names_of(folder):
    return sorted(path.name for path in folder.iterdir())


def test_other_files_with_the_name_of_a_record_are_refused(state, tmp_path):
    other = tmp_path / "other.parquet"
    metadata = [
        None,
        {b"winrate": b"[]"},
        {b"winrate": b"{"},
        {b"winrate": json.dumps({}).encode()},
    ]
    contents = [b"PAR1", b"deal_id\nD1\n"]
    for each in metadata:
        pq.write_table(pa.table({"deal_id": ["D1"]}).replace_schema_metadata(each), other)
        contents.append(other.read_bytes())
    for content in contents:
        put(state, content)
        with pytest.raises(StateError, match="found no record; expected a file that a build wrote"):
            store.read_records(state)
        (state / names_of(state)[-1]).unlink()


def test_a_record_with_the_name_of_another_is_refused(state, tmp_path):
    content = written(tmp_path / "new.parquet", names(state)[-1]).read_bytes()
    for day in ("2026-06-02", "2026-99-99"):
        put(state, content, day)
        with pytest.raises(StateError, match="found a record of other facts"):
            store.read_records(state)
        (state / names_of(state)[-1]).unlink()
