"""Records of kind `deals`: what each export says of its deals, where that is new.

A row has all tracked columns of a deal, as text, in an export that shows it for the first time,
with another value, or no longer (`is_in_export`). Where an export is recorded after a later one,
its record also has rows of that later one (`record_number`), for deals of which it said nothing new
then.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from winrate.ingest import masking
from winrate.ingest.mapping import OUTCOME
from winrate.state import store
from winrate.state.store import Record, StateError

KIND = "deals"
READING = "reading_of_"
# Settings by which only columns of a type are read.
OF_TYPE = {"number": ("reporting_currency", "rates"), "date": ("time_zone",)}
KEYS = {
    "deal_id": pa.string(),
    "created_date": pa.date32(),
    "record_number": pa.int64(),
    "is_in_export": pa.bool_(),
}


def record_schema(tracked: Sequence[str]) -> pa.Schema:
    """The columns of a record: `record_number` is null in rows of the record itself."""
    return pa.schema([*KEYS.items(), *((name, pa.string()) for name in tracked)])


def of_scope(records: Sequence[Record], scope: str) -> list[Record]:
    """The records of deals by builds of one scope; raises StateError where one is broken."""
    found = store.of_kind(records, KIND, scope)
    for record in found:
        _refuse_other_columns(record)
    return found


def exports_table(
    records: Sequence[Record], tracked: Sequence[str], readings: Mapping[str, str]
) -> pa.Table:
    """One row per record, and one without a number for the export of this build.

    readings: see `own_readings`.
    Columns: `record_number`, `file_name`, `as_of_date`, `input_sha256`, `state_sha256` (a hash of
    this record and all that come before it by as-of date) and `reading_of_<column>` of each tracked
    column: two exports whose values were read in the same way have the same text.
    """
    rows = []
    in_order = store.by_day(records)
    for record, state_sha256 in zip(in_order, store.chained_digests(in_order), strict=True):
        row = {
            "record_number": record.number,
            "file_name": record.path.name,
            "as_of_date": date.fromisoformat(record.facts["as_of_date"]),
            "input_sha256": record.facts["input_sha256"],
            "state_sha256": state_sha256,
        }
        rows.append(row | _reading_columns(record.facts["readings"]))
    rows.append(_reading_columns(readings))
    schema = pa.schema(
        [
            ("record_number", pa.int64()),
            ("file_name", pa.string()),
            ("as_of_date", pa.date32()),
            ("input_sha256", pa.string()),
            ("state_sha256", pa.string()),
            *((f"{READING}{name}", pa.string()) for name in tracked),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def recorded_deals(
    folder: str | Path | None,
    exports: Sequence[tuple[int | None, str | None, bool]],
    tracked: Sequence[str],
) -> pa.RecordBatchReader:
    """The rows of the records, each with the number of the record that it is of.

    exports: number and file of each record in the order of `known_exports`, and whether it is of
        the export of this build; without a file it is not on record yet. If it is, nothing is
        compared with it, and only deals with rows of several records are read.
    A tracked column that a file lacks is null.
    """
    schema = record_schema(tracked)
    files = [(number, Path(folder) / file) for number, file, _ in exports if file]
    is_on_record = any(file for _, file, is_this_export in exports if is_this_export)

    def batches() -> Iterator[pa.RecordBatch]:
        wanted = _deals_of([path for _, path in files[1:]]) if is_on_record else None
        for number, path in files:
            for batch in _batches(path, schema.names):
                rows = _filled(batch, number, schema)
                yield (
                    rows
                    if wanted is None
                    else rows.filter(pc.is_in(rows.column("deal_id"), value_set=wanted))
                )

    return pa.RecordBatchReader.from_batches(schema, batches())


def own_readings(
    tracked: Sequence[str],
    titles: Mapping[str, str | None],
    mappings: Sequence[Mapping[str, Any]],
    variables: Mapping[str, Any],
    masks: Mapping[str, bool],
) -> dict[str, str]:
    """How each tracked column of this export is read: a hash of all that its values depend on.

    titles: of the columns of the export. mappings: of its values. variables: the settings by which
    cells become values, with `export_columns`. masks: see `masking.masked_columns`.
    """
    columns = variables["export_columns"]
    of_types = {"export_columns", *(name for names in OF_TYPE.values() for name in names)}
    settings = {name: value for name, value in variables.items() if name not in of_types}
    dates = [name for name, column in columns.items() if column["type"] == "date"]
    masked = masking.masked_columns(masks)
    readings = {}
    for name in tracked:
        column = columns.get(name, {})
        sources = [name, *column.get("fallback_columns", []), *(dates if name in dates else [])]
        read_by = [
            settings,
            column.get("type"),
            [variables.get(each) for each in OF_TYPE.get(column.get("type"), [])],
            [titles.get(source) for source in sources],
            [each for each in mappings if each["kind"] in (name, OUTCOME)],
        ]
        if name in masked:  # a key is of a name and of a secret
            secret = os.environ.get(masking.KEY_VARIABLE, "")
            read_by.append(masking.masked_name("", masked[name], secret))
        text = json.dumps(read_by, sort_keys=True, default=str)
        readings[name] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return readings


def stated_readings(export: Mapping[str, Any]) -> dict[str, str]:
    """The readings of a row of `exports_table`, by column."""
    return {
        name.removeprefix(READING): text
        for name, text in export.items()
        if name.startswith(READING)
    }


def _reading_columns(readings: Mapping[str, str]) -> dict[str, str]:
    return {f"{READING}{name}": reading for name, reading in readings.items()}


def _deals_of(paths: Sequence[Path]) -> pa.Array:
    """The ids of the deals in some records."""
    ids = [batch.column("deal_id") for path in paths for batch in _batches(path, ["deal_id"])]
    return pa.chunked_array(ids, pa.string()).unique()


def _batches(path: Path, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """The columns of these names that a file has."""
    with pq.ParquetFile(path) as file:
        known = [name for name in names if name in file.schema_arrow.names]
        yield from file.iter_batches(columns=known)


def _filled(batch: pa.RecordBatch, number: int, schema: pa.Schema) -> pa.RecordBatch:
    """The rows of a file with their number, and null in columns that the file lacks."""
    columns = []
    for field in schema:
        if field.name == "record_number":
            column = batch.column(field.name).fill_null(number)
        elif field.name in batch.schema.names:
            column = batch.column(field.name).cast(field.type)
        else:
            column = pa.nulls(batch.num_rows, field.type)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _refuse_other_columns(record: Record) -> None:
    """Raise StateError where a file is no record of deals."""
    types = dict(zip(record.schema.names, record.schema.types, strict=True))
    readings = record.facts.get("readings")
    is_record = (
        isinstance(record.facts.get("input_sha256"), str)
        and isinstance(readings, dict)
        and all(isinstance(text, str) for text in readings.values())
        and all(types.get(name) == kind for name, kind in KEYS.items())
        and all(types.get(name) == pa.string() for name in readings)
    )
    if not is_record:
        raise StateError(
            f"{record.path}: found the columns {', '.join(types)}; expected {', '.join(KEYS)} and "
            "tracked columns of text, with how each was read."
        )
