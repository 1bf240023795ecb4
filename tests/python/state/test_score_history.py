"""The scores of published builds, whatever the order of the builds and the fate of the file."""

import shutil
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.history import DAY, Export
from winrate.state import backup, scores, store
from winrate.state.recording import Recording
from winrate.state.store import StateError

WEEK = timedelta(days=7)


def scored(*probabilities: float, first_week: int = 0, **fields: object) -> list[Export]:
    """Exports of one open deal, a week apart, to which builds give these scores."""
    return [
        Export(DAY + n * WEEK, {"D1": {}}, scores={"D1": score}, **fields)
        for n, score in enumerate(probabilities, first_week)
    ]


def history(*probabilities: float) -> list[tuple]:
    """The rows of score_history, of which the last is of this build."""
    last = len(probabilities) - 1
    return [("D1", DAY + n * WEEK, score, n == last) for n, score in enumerate(probabilities)]


def kinds(builds) -> list[str]:
    return [record.facts["kind"] for record in store.read_records(builds.state)]


def test_each_build_adds_its_scores_to_those_before(builds):
    for n, export in enumerate(scored(0.5, 0.25, 0.75), 1):
        builds.build(export)
        assert builds.score_history == history(*(0.5, 0.25, 0.75)[:n])
    assert kinds(builds) == ["deals", "scores"] * 3


def test_the_scores_of_an_older_export_that_is_built_late_sort_in(builds):
    first, second, third = scored(0.5, 0.25, 0.75)
    builds.build(first)
    builds.build(third)
    builds.build(second)
    assert builds.score_history == history(0.5, 0.25)
    builds.build(third)
    assert builds.score_history == history(0.5, 0.25, 0.75)
    assert kinds(builds) == ["deals", "scores"] * 3


def test_two_exports_in_turn_have_the_same_history_each_time_and_add_nothing(builds):
    first, second = scored(0.5, 0.25)
    builds.build(first)
    builds.build(second)
    before = {path.name: path.read_bytes() for path in builds.state.iterdir()}
    for export, expected in [(first, history(0.5)), (second, history(0.5, 0.25))] * 2:
        builds.build(export)
        assert builds.score_history == expected
    assert {path.name: path.read_bytes() for path in builds.state.iterdir()} == before


def test_of_two_builds_for_one_day_the_later_counts_and_neither_reads_the_other(builds):
    [first], [again], [second] = scored(0.5), scored(0.625), scored(0.25, first_week=1)
    builds.build(first)
    builds.build(again)
    assert builds.score_history == history(0.625)
    builds.build(second)
    assert builds.score_history == history(0.625, 0.25)
    assert kinds(builds) == ["deals", "scores", "scores", "deals", "scores"]


def test_a_build_that_is_not_published_records_no_scores(builds):
    first, second = scored(0.5, 0.25)
    builds.build(first, is_published=False)
    builds.build(second)
    assert builds.score_history == [("D1", DAY + WEEK, 0.25, True)]


def test_a_build_without_scores_records_none(builds):
    builds.build(Export(DAY, {"D1": {}}))
    assert kinds(builds) == ["deals"]


def test_a_deleted_warehouse_and_a_restored_state_keep_the_scores(builds):
    first, second = scored(0.5, 0.25)
    builds.build(first)
    builds.published.unlink()
    backup.export_state(builds.state, builds.folder / "state.zip")
    shutil.rmtree(builds.state)
    assert backup.import_state(builds.state, builds.folder / "state.zip") == (2, 0)
    builds.build(second)
    assert builds.score_history == history(0.5, 0.25)


def test_a_build_that_was_killed_between_its_two_records_has_both_in_the_end(builds, monkeypatch):
    first, second = scored(0.5, 0.25)
    add = store.add

    def add_deals_alone(folder, file):
        if pq.read_schema(file).names == scores.SCHEMA.names:
            raise KeyboardInterrupt
        add(folder, file)

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(store, "add", add_deals_alone)
        builds.build(first)
    assert kinds(builds) == ["deals"]
    builds.build(second)
    assert builds.score_history == history(0.5, 0.25)
    assert kinds(builds) == ["deals", "scores"] * 2


def test_scopes_of_one_state_have_scores_each(builds):
    builds.build(scored(0.5)[0])
    builds.build(scored(0.75, scope="deal_type=Renewal")[0])
    builds.build(scored(0.25, first_week=1)[0])
    assert builds.score_history == history(0.5, 0.25)


def test_another_deal_with_the_same_id_has_no_score_of_this_one(builds):
    builds.build(scored(0.5)[0])
    other = Export(DAY + WEEK, {"D1": {"created_date": date(2020, 1, 1)}}, scores={"D1": 0.25})
    builds.build(other)
    assert builds.score_history == [("D1", DAY + WEEK, 0.25, True)]


def test_a_closed_deal_keeps_its_scores_and_one_that_is_gone_has_none(builds):
    builds.build(Export(DAY, {"D1": {}, "D2": {}}, scores={"D1": 0.5, "D2": 0.75}))
    builds.build(Export(DAY + WEEK, {"D1": {"outcome": "Won"}}))
    assert builds.score_history == [("D1", DAY, 0.5, False)]


def test_the_hash_of_the_scores_tells_other_records_apart(builds):
    first, second = scored(0.5, 0.25)
    builds.build(first)
    builds.build(second)
    table = scores.records_table(scores.of_scope(store.read_records(builds.state), ""))
    other_first = scored(0.625)[0]
    shutil.rmtree(builds.state)
    builds.build(other_first)
    builds.build(second)
    other = scores.records_table(scores.of_scope(store.read_records(builds.state), ""))
    hashes = [*table.column("state_sha256").to_pylist(), *other.column("state_sha256").to_pylist()]
    assert len(set(hashes)) == 4


def test_a_record_with_other_columns_is_said(builds, tmp_path):
    builds.build(scored(0.5)[0])
    [deals, record] = store.read_records(builds.state)
    facts = {name: each for name, each in record.facts.items() if name != "format"}
    table = pa.table({"deal_id": ["D1"], "win_probability": ["0.5"]})
    record.path.unlink()
    with store.writer(tmp_path / "other.parquet", table.schema, facts) as file:
        file.write_table(table)
    store.add(builds.state, tmp_path / "other.parquet")
    with pytest.raises(StateError, match="found the columns deal_id, win_probability; expected"):
        scores.of_scope(store.read_records(builds.state), "")
    recording = Recording(builds.state, "", builds.folder, builds.published)
    assert recording.folder is None and "is not used" in recording.warnings[0]
    assert deals.path.exists()
