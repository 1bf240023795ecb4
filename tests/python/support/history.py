"""Builds of made-up exports as far as the state goes: the compiled models of `history` alone."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from winrate import project
from winrate.build import staging
from winrate.state import deals, scores, store
from winrate.state.recording import Recording

MODELS = (
    *("known_exports", "recorded_deals", "new_deal_values", "stg_deal_changes"),
    *("raw_state_scores", "known_scores", "recorded_scores", "past_scores", "score_history"),
)
TRACKED = project.project_vars()["tracked_columns"]
DAY = date(2026, 6, 1)


@dataclass(frozen=True)
class Export:
    """An export with deals by id, each with the values of some columns.

    reading: how the stage is read. scope: of the build. scores: that the build gives open deals.
    """

    day: date
    deals: Mapping[str, Mapping[str, object]]
    reading: str = "alike"
    scope: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr((self.day, self.deals)).encode()).hexdigest()


@dataclass
class Builds:
    """Builds one export after the other; the state is in `folder / "state"`."""

    folder: Path
    models: Sequence[dict]
    n_builds: int = field(default=0)
    score_history: list[tuple] = field(default_factory=list)  # of the last build

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def published(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def build(self, export: Export, is_published: bool = True) -> list[tuple]:
        """The rows of stg_deal_changes; the state gets what the build adds to it.

        `score_history` has the deal, as-of date, score and whether it is of this build.
        """
        self.n_builds += 1
        recording = Recording(self.state, export.scope, self.folder, self.published)
        assert recording.warnings == []
        new = self.folder / "new.duckdb"
        new.unlink(missing_ok=True)
        with duckdb.connect(str(new)) as connection:
            self._make_tables(connection, export)
            changes = connection.execute(
                "from staging.stg_deal_changes order by deal_id, column_name, change_number"
            ).fetchall()
            self.score_history = connection.execute(
                """
                select deal_id, as_of_date, win_probability, is_this_build
                from scores.score_history
                order by deal_id, as_of_date
                """
            ).fetchall()
        recording.prepare(new)
        if is_published:
            new.replace(self.published)
        recording.settle()
        assert recording.warnings == []
        return changes

    def names(self) -> list[str]:
        """The names of the records, checked."""
        return [record.path.name for record in store.read_records(self.state)]

    def _make_tables(self, connection: duckdb.DuckDBPyConnection, export: Export) -> None:
        records = deals.of_scope(store.read_records(self.state), export.scope)
        readings = dict.fromkeys(TRACKED, "alike") | {"deal_stage": export.reading}
        columns = {name: pa.string() for name in TRACKED} | {"deal_amount": pa.float64()}
        rows = [
            {"deal_id": deal, "created_date": DAY} | values for deal, values in export.deals.items()
        ]
        tables = {
            "internal.raw_state_exports": deals.exports_table(records, TRACKED, readings),
            "internal.raw_build": pa.table({"input_sha256": [export.sha256]}),
            "internal.as_of_dates": pa.table({"as_of_date": [export.day]}),
            "staging.stg_deals": pa.Table.from_pylist(
                rows,
                pa.schema(
                    [("deal_id", pa.string()), ("created_date", pa.date32()), *columns.items()]
                ),
            ),
            "quality.build_info": pa.table(
                {
                    "run_id": [f"run-{self.n_builds}"],
                    "input_sha256": [export.sha256],
                    "scope": [export.scope],
                    "as_of_date": [export.day],
                }
            ),
            "scores.scored_deals": pa.Table.from_pylist(
                [
                    {
                        "deal_id": deal,
                        "as_of_date": export.day,
                        "status": "open",
                        "win_probability": score,
                        "grade": "A",
                    }
                    for deal, score in export.scores.items()
                ],
                pa.schema(
                    [
                        *scores.SCHEMA.remove(scores.SCHEMA.get_field_index("created_date")),
                        ("as_of_date", pa.date32()),
                        ("status", pa.string()),
                    ]
                ),
            ),
        }
        for name, table in tables.items():
            connection.execute(f"create schema if not exists {name.split('.')[0]}")
            connection.register("given", table)
            connection.execute(f"create table {name} as from given")
        for model in self.models:
            staging.make_table(connection, model, project.RunValues(state_path=str(self.state)))
