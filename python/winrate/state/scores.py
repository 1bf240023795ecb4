"""Records of kind `scores`: the scores that a published build gave its open deals.

A row has the score of one deal. A record has all of them: a deal grows older every day, so almost
every score differs from the one before.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from winrate.state import store
from winrate.state.store import Record, StateError

KIND = "scores"
SCHEMA = pa.schema(
    [
        ("deal_id", pa.string()),
        ("created_date", pa.date32()),
        ("win_probability", pa.float64()),
        ("win_probability_low", pa.float64()),
        ("win_probability_high", pa.float64()),
        ("baseline_probability", pa.float64()),
        ("grade", pa.string()),
        ("model_run_id", pa.string()),
    ]
)
OF_RECORD = [("record_number", pa.int64()), ("as_of_date", pa.date32())]


def of_scope(records: Sequence[Record], scope: str) -> list[Record]:
    """The records of scores by builds of one scope; raises StateError where one is broken."""
    found = store.of_kind(records, KIND, scope)
    for record in found:
        types = dict(zip(record.schema.names, record.schema.types, strict=True))
        if any(types.get(field.name) != field.type for field in SCHEMA):
            raise StateError(
                f"{record.path}: found the columns {', '.join(types)}; expected "
                f"{', '.join(SCHEMA.names)}."
            )
    return found


def records_table(records: Sequence[Record]) -> pa.Table:
    """One row per record, in the order of as-of dates.

    Columns: `record_number`, `as_of_date`, `file_name`, and `state_sha256`, a hash of this record
    and all that come before it.
    """
    in_order = store.by_day(records)
    rows = [
        {
            "record_number": record.number,
            "as_of_date": date.fromisoformat(record.facts["as_of_date"]),
            "file_name": record.path.name,
            "state_sha256": state_sha256,
        }
        for record, state_sha256 in zip(in_order, store.chained_digests(in_order), strict=True)
    ]
    schema = pa.schema([*OF_RECORD, ("file_name", pa.string()), ("state_sha256", pa.string())])
    return pa.Table.from_pylist(rows, schema=schema)


def recorded_scores(
    folder: str | Path | None, records: Sequence[tuple[int, date, str]]
) -> pa.RecordBatchReader:
    """The scores of some records, each with the number and the as-of date of its record.

    records: number, as-of date and file of each.
    """
    schema = pa.schema([*OF_RECORD, *SCHEMA])

    def batches() -> Iterator[pa.RecordBatch]:
        for number, day, file in records:
            with pq.ParquetFile(Path(folder) / file) as scores:
                for batch in scores.iter_batches(columns=SCHEMA.names):
                    of_record = [
                        pa.repeat(pa.scalar(value, kind), batch.num_rows)
                        for value, (_, kind) in zip((number, day), OF_RECORD, strict=True)
                    ]
                    own = [batch.column(name) for name in SCHEMA.names]
                    yield pa.RecordBatch.from_arrays([*of_record, *own], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def are_recorded(scores: pa.Table, day: date, records: Sequence[Record]) -> bool:
    """Whether one of the records has exactly these scores of this as-of date."""
    return any(
        pq.read_table(record.path, columns=SCHEMA.names).equals(scores)
        for record in records
        if record.facts["as_of_date"] == day.isoformat()
    )
