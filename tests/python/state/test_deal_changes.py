"""The changes between exports, whatever the order in which the exports are built."""

import itertools
import random
import shutil
from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest

from support.history import DAY, Export
from winrate.state import backup, deals, store

WEEK = timedelta(days=7)


def stages(*names: str | None) -> list[Export]:
    """Exports of one deal, a week apart, with these stages."""
    return [Export(DAY + n * WEEK, {"D1": {"deal_stage": name}}) for n, name in enumerate(names)]


def change(number: int, old: str | None, new: str | None, after: int, by: int) -> tuple:
    """A row of stg_deal_changes for the stage of the deal; after, by: numbers of weeks."""
    return ("D1", "deal_stage", number, old, new, DAY + after * WEEK, DAY + by * WEEK)


def test_each_export_adds_the_changes_since_the_one_before(builds):
    first, second, third = stages("Demo", "Proposal", "Demo")
    assert builds.build(first) == []
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]
    assert builds.build(third) == [
        change(1, "Demo", "Proposal", 0, 1),
        change(2, "Proposal", "Demo", 1, 2),
    ]


def test_an_older_export_that_is_built_late_sorts_in(builds):
    first, second, third = stages("Demo", "Proposal", "Demo")
    builds.build(first)
    assert builds.build(third) == []
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]
    assert builds.build(third) == [
        change(1, "Demo", "Proposal", 0, 1),
        change(2, "Proposal", "Demo", 1, 2),
    ]
    assert len(builds.names()) == 3


def test_the_same_export_built_again_adds_nothing_and_gives_the_same_rows(builds):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    changes = builds.build(second)
    before = {path.name: path.read_bytes() for path in builds.state.iterdir()}
    assert [builds.build(each) for each in (second, first, second)] == [changes, [], changes]
    assert {path.name: path.read_bytes() for path in builds.state.iterdir()} == before


def test_a_build_that_is_not_published_records_nothing(builds):
    first, second, third = stages("Demo", "Proposal", "Negotiation")
    builds.build(first)
    before = builds.names()
    assert builds.build(second, is_published=False) == [change(1, "Demo", "Proposal", 0, 1)]
    assert builds.names() == before
    assert builds.build(third) == [change(1, "Demo", "Negotiation", 0, 2)]


def test_a_deleted_warehouse_takes_no_history_with_it(builds):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    builds.published.unlink()
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]


def test_two_exports_with_other_deals_in_turn_are_no_changes_of_each_other(builds):
    first, second = stages("Demo", "Proposal")
    other = [
        Export(day, {"X1": {"deal_stage": "Demo"}, "X2": {"deal_stage": name}})
        for day, name in [(DAY + WEEK / 2, "Demo"), (DAY + 2 * WEEK, "Proposal")]
    ]
    assert [builds.build(each) for each in (first, other[0])] == [[], []]
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]
    [row] = builds.build(other[1])
    assert row[0] == "X2" and row[-2:] == (other[0].day, other[1].day)


def test_scopes_of_one_state_have_a_history_each(builds):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    builds.build(Export(first.day, {}, scope="deal_type=Renewal"))
    in_scope = Export(second.day, second.deals, scope="deal_type=Renewal")
    assert builds.build(in_scope) == []
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]


def test_a_value_that_is_read_in_another_way_did_not_change(builds):
    first, second, third = stages("Demo", "key_1", "key_2")
    builds.build(first)
    assert builds.build(Export(second.day, second.deals, reading="masked")) == []
    assert builds.build(Export(third.day, third.deals, reading="masked")) == [
        change(1, "key_1", "key_2", 1, 2)
    ]


def test_another_deal_with_the_same_id_did_not_change(builds):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    other_day = second.deals["D1"] | {"created_date": date(2020, 1, 1)}
    assert builds.build(Export(second.day, {"D1": other_day})) == []


def expected_changes(exports: list[Export], last: Export) -> list[tuple]:
    """The rows of stg_deal_changes by their definition, from whole exports.

    exports: in the order in which they were first built; the last one is that of the build.
    """
    in_order = sorted(exports, key=lambda export: export.day)
    in_order = in_order[: in_order.index(last) + 1]
    found = []
    for deal in sorted(last.deals):
        seen = [export for export in in_order if deal in export.deals]
        for column in ("deal_amount", "deal_stage"):
            number = 0
            for before, after in itertools.pairwise(seen):
                old, new = before.deals[deal], after.deals[deal]
                is_of_one_deal = old["created_date"] == new["created_date"]
                is_read_alike = column != "deal_stage" or before.reading == after.reading
                if old[column] != new[column] and is_of_one_deal and is_read_alike:
                    number += 1
                    texts = [None if v is None else str(v) for v in (old[column], new[column])]
                    found.append((deal, column, number, *texts, before.day, after.day))
    return found


def random_export(rng: random.Random) -> Export:
    def deal() -> dict:
        return {
            "created_date": rng.choice([DAY, DAY, DAY, None, DAY - WEEK]),
            "deal_stage": rng.choice([None, "Demo", "Proposal"]),
            "deal_amount": rng.choice([None, 100.0, 90.5]),
        }

    return Export(
        day=DAY + rng.randrange(5) * WEEK,
        deals={f"D{n}": deal() for n in range(4) if rng.random() < 0.7},
        reading=rng.choice(["alike", "alike", "otherwise"]),
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_changes_are_those_between_whole_exports_in_any_order(seed, builds):
    rng = random.Random(seed)
    pool = [random_export(rng) for _ in range(6)]
    built: list[Export] = []
    for export in rng.choices(pool, k=10):
        is_published = rng.random() < 0.8
        once = [*built, *([export] if export not in built else [])]
        assert builds.build(export, is_published) == expected_changes(once, export)
        built = once if is_published else built
    assert len(builds.names()) == len(built)


def test_only_what_changed_is_recorded(builds):
    n_deals = 50
    first = Export(DAY, {f"D{n}": {"deal_stage": "Demo"} for n in range(n_deals)})
    builds.build(first)
    builds.build(Export(DAY + WEEK, {**first.deals, "D7": {"deal_stage": "Won"}}))
    builds.build(Export(DAY + 2 * WEEK, {**first.deals, "D7": {"deal_stage": "Won"}}))
    files = [record.path for record in store.read_records(builds.state)]
    assert [pq.read_metadata(file).num_rows for file in files] == [n_deals, 1, 0]


def test_a_column_that_is_tracked_later_is_first_seen_then(builds, tmp_path):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    [record] = store.read_records(builds.state)
    table = pq.read_table(record.path).drop_columns(["deal_stage"])
    facts = {name: each for name, each in record.facts.items() if name != "format"}
    facts["readings"] = {k: v for k, v in facts["readings"].items() if k != "deal_stage"}
    record.path.unlink()
    with store.writer(tmp_path / "earlier.parquet", table.schema, facts) as file:
        file.write_table(table.replace_schema_metadata())
    store.add(builds.state, tmp_path / "earlier.parquet")
    assert builds.build(second) == []
    later = Export(second.day + WEEK, {"D1": {"deal_stage": "Negotiation"}})
    assert builds.build(later) == [change(1, "Proposal", "Negotiation", 1, 2)]


def test_a_column_that_this_version_does_not_know_is_left_alone(builds, tmp_path):
    first, second = stages("Demo", "Proposal")
    builds.build(first)
    [record] = store.read_records(builds.state)
    table = pq.read_table(record.path)
    table = table.append_column("next_step", table.column("deal_stage"))
    facts = {name: each for name, each in record.facts.items() if name != "format"}
    record.path.unlink()
    with store.writer(tmp_path / "later.parquet", table.schema, facts | {"more": 1}) as file:
        file.write_table(table.replace_schema_metadata())
    store.add(builds.state, tmp_path / "later.parquet")
    assert builds.build(second) == [change(1, "Demo", "Proposal", 0, 1)]


def test_a_restored_state_gives_the_same_changes(builds):
    first, second, third = stages("Demo", "Proposal", "Demo")
    builds.build(first)
    builds.build(second)
    backup.export_state(builds.state, builds.folder / "state.zip")
    shutil.rmtree(builds.state)
    assert backup.import_state(builds.state, builds.folder / "state.zip") == (2, 0)
    assert len(builds.build(third)) == 2


# ---- how columns are read

COLUMNS = {
    "deal_stage": {"type": "category"},
    "deal_amount": {"type": "number", "fallback_columns": ["converted_amount"]},
    "created_date": {"type": "date"},
    "closed_date": {"type": "date"},
    "expected_close_date": {"type": "date"},
    "sales_rep_id": {"type": "name"},
}
TRACKED = ["deal_stage", "deal_amount", "expected_close_date", "sales_rep_id"]


def readings(titles=None, mappings=(), settings=None, mask_reps=False) -> dict[str, str]:
    return deals.own_readings(
        TRACKED,
        {"deal_stage": "Stage", "sales_rep_id": "Owner"} | (titles or {}),
        [{"kind": kind, "found": "a", "means": "b"} for kind in mappings],
        {"export_columns": COLUMNS, "null_values": ["-"]} | (settings or {}),
        {"mask_reps": mask_reps, "mask_names": False},
    )


@pytest.mark.parametrize(
    ("other", "read_otherwise"),
    [
        ({}, []),
        ({"titles": {"region": "Region"}}, []),
        ({"titles": {"deal_stage": None}}, ["deal_stage"]),
        ({"titles": {"converted_amount": "Amount (EUR)"}}, ["deal_amount"]),
        ({"titles": {"closed_date": "Closed"}}, ["expected_close_date"]),
        ({"mappings": ["region"]}, []),
        ({"mappings": ["deal_stage"]}, ["deal_stage"]),
        ({"mappings": ["outcome"]}, TRACKED),
        ({"settings": {"null_values": ["-", "tbd"]}}, TRACKED),
        ({"mask_reps": True}, ["sales_rep_id"]),
    ],
)
def test_a_column_is_read_otherwise_where_what_its_values_depend_on_differs(other, read_otherwise):
    before, after = readings(), readings(**other)
    assert [name for name in TRACKED if before[name] != after[name]] == read_otherwise


def test_another_secret_gives_other_keys_and_is_not_kept(monkeypatch):
    monkeypatch.setenv("WINRATE_MASK_KEY", "canary-1")
    before = readings(mask_reps=True)
    monkeypatch.setenv("WINRATE_MASK_KEY", "canary-2")
    after = readings(mask_reps=True)
    assert [name for name in TRACKED if before[name] != after[name]] == ["sales_rep_id"]
    assert "canary" not in str([before, after])
