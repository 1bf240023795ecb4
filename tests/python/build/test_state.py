"""What whole builds keep of one export for the next, and what they do where they cannot."""

import shutil
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.builds import built, built_once, rows
from support.exports import sample_deals
from winrate.build import build, publish
from winrate.build.build import BuildRequest
from winrate.build.publish import BuildError
from winrate.report import files
from winrate.state import scores, store
from winrate.state.recording import Recording

N_DEALS = 800  # the last of the sample, of which some are open; enough for scores


def exports(folder: Path) -> tuple[Path, Path]:
    """The export of one week and of the next, in which four deals differ."""
    deals = sample_deals().tail(N_DEALS).reset_index(drop=True)
    deals["Forecast Category"] = "Pipeline"
    is_open = deals.index[deals["outcome"].isna()]
    deals["deal_id"] = deals["deal_id"].where(~deals.index.isin(is_open[:4]), None)
    for number, place in enumerate(is_open[:4]):
        deals.loc[place, "deal_id"] = f"changed_{number}"
    deals.to_csv(folder / "first.csv", index=False)
    won, larger, committed, gone = is_open[:4]
    deals.loc[won, ["outcome", "deal_stage", "closed_date"]] = ["Won", "Closed", "2026-07-07"]
    deals.loc[larger, "deal_amount"] = "12345.5"
    deals.loc[committed, "Forecast Category"] = "Commit"
    deals.drop(index=gone).to_csv(folder / "second.csv", index=False)
    return folder / "first.csv", folder / "second.csv"


def built_in_turn(folder: Path, deals: Path) -> Path:
    """A build of one export and then of the next; the first is kept as `first.duckdb`."""
    first, second = exports(folder)
    warehouse = built(folder, first, has_all_tables=True)
    shutil.copyfile(warehouse, folder / "first.duckdb")
    return built(folder, second, has_all_tables=True)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory, compiled_project) -> Path:
    """The warehouse of the second of two builds, beside its state."""
    return built_once(tmp_path_factory, "recorded", Path(), built_in_turn)


def test_the_second_build_has_the_changes_since_the_first(recorded):
    assert rows(recorded.parent / "first.duckdb", "from staging.stg_deal_changes") == []
    changes = rows(
        recorded,
        """
        select deal_id, column_name, change_number, new_value from staging.stg_deal_changes
        order by deal_id, column_name
        """,
    )
    assert changes == [
        ("changed_0", "closed_date", 1, "2026-07-07"),
        ("changed_0", "deal_stage", 1, "Closed"),
        ("changed_0", "outcome", 1, "Won"),
        ("changed_1", "deal_amount", 1, "12345.5"),
        ("changed_2", "forecast_category", 1, "Commit"),
    ]
    between = "select distinct previous_seen_date, seen_date from staging.stg_deal_changes"
    days = [
        rows(path, "select as_of_date from quality.build_info")[0][0]
        for path in (recorded.parent / "first.duckdb", recorded)
    ]
    assert rows(recorded, between) == [tuple(days)]


def test_build_info_says_what_the_build_knew_of_earlier_exports(recorded):
    query = """
        select n_state_exports, first_state_date, last_state_date, length(state_sha256)
        from quality.build_info
    """
    assert rows(recorded.parent / "first.duckdb", query) == [(0, None, None, None)]
    day = rows(recorded.parent / "first.duckdb", "select as_of_date from quality.build_info")[0][0]
    assert rows(recorded, query) == [(1, day, day, 64)]


def tables_of(warehouse: Path, kind: str) -> list[pa.Table]:
    """The records of a kind in the state beside a warehouse."""
    records = store.read_records(store.default_folder(warehouse))
    return [pq.read_table(record.path) for record in records if record.facts["kind"] == kind]


def test_the_state_has_a_row_per_deal_once_and_then_what_changed(recorded):
    tables = tables_of(recorded, "deals")
    assert [table.num_rows for table in tables] == [N_DEALS, 4]
    assert tables[1].column("is_in_export").to_pylist() == [True, True, True, False]
    assert tables[1].column("deal_id").to_pylist()[-1] == "changed_3"


SCORES_THEN = "select deal_id, win_probability from scores.scored_deals where status = 'open'"


def test_the_state_has_the_scores_of_the_open_deals_of_each_build(recorded):
    columns = ", ".join(scores.SCHEMA.names)
    for table, name in zip(
        tables_of(recorded, "scores"), ["first.duckdb", "warehouse.duckdb"], strict=True
    ):
        open_deals = rows(
            recorded.parent / name,
            f"""
            select {columns} from scores.scored_deals
            inner join staging.stg_deals using (deal_id)
            where status = 'open'
            order by deal_id
            """,
        )
        assert [tuple(row.values()) for row in table.to_pylist()] == open_deals
        assert len(open_deals) > 5


def test_the_previous_score_of_a_deal_is_that_of_the_build_before(recorded):
    then = dict(rows(recorded.parent / "first.duckdb", SCORES_THEN))
    previous = rows(
        recorded, "select deal_id, previous_win_probability from scores.scored_deals order by all"
    )
    assert {deal: score for deal, score in previous if score is not None} == {
        deal: score for deal, score in then.items() if deal != "changed_3"
    }
    history = rows(
        recorded,
        """
        select is_this_build, count(*), count(distinct as_of_date)
        from scores.score_history group by all order by all
        """,
    )
    now = rows(recorded, SCORES_THEN)
    assert history == [(False, len(then) - 1, 1), (True, len(now), 1)]


def test_the_hash_of_the_state_is_of_earlier_exports_and_of_their_scores(recorded):
    query = """
        select build_info.state_sha256 = sha256(exports.state_sha256 || '|' || scores.state_sha256)
        from quality.build_info as build_info
        inner join internal.raw_state_exports as exports on exports.record_number = 1
        cross join internal.known_scores as scores
    """
    assert rows(recorded, query) == [(True,)]


# ---- builds as they are, but for dbt and the report


@pytest.fixture
def publish_again(recorded, tmp_path, monkeypatch):
    """`publish_again(name)`: publish a copy of `first.duckdb` or of the second build.

    Returns what the build prints, with single spaces.
    """

    def copy(name, request, directory, new_warehouse, *_):
        shutil.copyfile(recorded.parent / name, new_warehouse)

    def publish_copy(name: str = "first.duckdb") -> str:
        monkeypatch.setattr(build, "run_dbt", partial(copy, name))
        request = BuildRequest(
            recorded.parent / "first.csv", tmp_path / "w.duckdb", tmp_path / "report"
        )
        return " ".join(build.build(request).split())

    monkeypatch.setattr(
        files, "write_report", lambda _, folder: (folder / "index.html").write_text("a page")
    )
    return publish_copy


@pytest.fixture
def state(tmp_path) -> Path:
    return tmp_path / "w.state"


def prepared(folder: Path) -> list[Path]:
    """What a build of `publish_again` left in its directory."""
    return list((folder / ".winrate-build" / "w.duckdb").glob("*.parquet"))


def names(state: Path) -> list[str]:
    return sorted(path.name for path in state.iterdir())


def test_a_build_says_nothing_of_a_state_that_it_can_use(publish_again, state):
    said = publish_again()
    assert "the state" not in said and "recorded" not in said
    assert [name.split("-")[1] for name in names(state)] == ["deals", "scores"]


def test_a_build_that_fails_late_records_nothing(publish_again, state, tmp_path, monkeypatch):
    def fail(*_):
        raise BuildError("The disk is full.")

    with monkeypatch.context() as failing, pytest.raises(BuildError, match="disk is full"):
        failing.setattr(publish, "replace_database", fail)
        publish_again()
    assert not state.exists()
    assert prepared(tmp_path) == []


def test_a_record_that_is_cut_short_is_not_added(publish_again, state, tmp_path, monkeypatch):
    write_batch = pq.ParquetWriter.write_batch

    def fail_after_a_part(self, batch):
        write_batch(self, batch.slice(0, 10))
        raise OSError(28, "No space left on device", "a disk")

    with monkeypatch.context() as full:
        full.setattr(pq.ParquetWriter, "write_batch", fail_after_a_part)
        assert "warning no change is recorded: No space left on device" in publish_again()
    assert not state.exists()
    assert prepared(tmp_path) == []
    assert "recorded" not in publish_again() and len(names(state)) == 2


def a_file(state: Path) -> None:
    shutil.rmtree(state)
    state.write_text("no folder")


def a_newer_record(state: Path) -> None:
    record, _ = store.read_records(state)
    facts = record.facts | {"format": store.FORMAT + 1}
    with store.writer(state / "new", record.schema, facts):
        pass
    record.path.unlink()
    (state / "new").rename(
        state / f"000001-deals-{facts['as_of_date']}-{store.file_digest(state / 'new')}.parquet"
    )


def a_link(state: Path) -> None:
    name = names(state)[-1]
    (state / name).rename(state / "elsewhere")
    (state / name).symlink_to("elsewhere")


def another_record(state: Path) -> None:
    for record in store.read_records(state):
        record.path.unlink()
    facts = {name: each for name, each in record.facts.items() if name != "format"} | {"after": ""}
    table = pa.table({"deal_id": ["D1"]})
    with store.writer(state / "new", table.schema, facts) as file:
        file.write_table(table)
    store.add(state, state / "new")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (a_file, "w.state: found no folder; expected one with records."),
        (a_newer_record, "found format 2; expected 1. A newer version of Winrate wrote it"),
        (a_link, "found a link, a folder or a pipe; expected a file."),
        (another_record, "found the columns deal_id; expected deal_id, created_date,"),
    ],
)
def test_a_state_that_cannot_be_used_is_said_and_stops_no_build(
    publish_again, state, tmp_path, spoil, says
):
    publish_again()
    spoil(state)
    before = state.read_bytes() if state.is_file() else names(state)
    said = publish_again("warehouse.duckdb")
    assert f"warning the state in {state} is not used, and nothing is recorded: {state}" in said
    assert says in said
    assert rows(tmp_path / "w.duckdb", "select n_state_exports from quality.build_info") == [(1,)]
    assert (state.read_bytes() if state.is_file() else names(state)) == before


def test_a_state_that_cannot_be_written_is_said_and_gets_the_record_later(
    publish_again, state, tmp_path, monkeypatch
):
    def fail(folder, file):
        raise OSError(28, "No space left on device", str(folder))

    with monkeypatch.context() as full:
        full.setattr(store, "add", fail)
        said = publish_again()
    assert f"warning nothing is recorded in {state}: No space left on device ({state})." in said
    assert not state.exists()
    directory = tmp_path / ".winrate-build" / "w.duckdb"
    recording = Recording(state, "", directory, tmp_path / "w.duckdb")
    assert recording.warnings == [] and len(names(state)) == 2
    assert prepared(tmp_path) == []
