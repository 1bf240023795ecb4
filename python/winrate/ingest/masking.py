"""Replaces names of people by stable keys before they enter the database (`mask_reps: true`)."""

import hashlib
import hmac
import os
from collections.abc import Sequence

import pyarrow as pa

from winrate.ingest.spelling import name_key
from winrate.ingest.text_ids import in_first_row

KEY_VARIABLE = "WINRATE_MASK_KEY"
PEOPLE = ("sales_rep_id", "owner_name", "manager")
NOT_KEPT = "(not kept: mask_reps)"


def mask_reps(records: pa.RecordBatchReader, null_values: Sequence[str]) -> pa.RecordBatchReader:
    """The same stream of records with a key for each person, and without the text of lines.

    records: what `reader.read_export` gives. Any column of a line may hold the name, so
        `raw_text` goes as a whole.
    null_values: cells that count as empty; they stay.
    """
    secret = os.environ.get(KEY_VARIABLE, "")

    def masked(batch: pa.RecordBatch) -> pa.RecordBatch:
        new_texts = batch.column("new_texts")[0].as_py() or []
        for text in new_texts:
            if text["column_name"] in PEOPLE:
                text["text"] = _cell_key(text["text"], secret, null_values)
        columns = {
            "new_texts": in_first_row(new_texts, batch.num_rows),
            "raw_text": pa.repeat(pa.scalar(NOT_KEPT), batch.num_rows),
        }
        for name, column in columns.items():
            batch = batch.set_column(batch.schema.get_field_index(name), name, column)
        return batch

    return pa.RecordBatchReader.from_batches(records.schema, map(masked, records))


def mask_mappings(mappings: pa.Table, null_values: Sequence[str]) -> pa.Table:
    """The same mappings with keys for the names of reps, by which the keys of cells are mapped.

    mappings: what `mapping.mappings_table` gives.
    """
    secret = os.environ.get(KEY_VARIABLE, "")
    rows = mappings.to_pylist()
    for row in rows:
        if row["kind"] in PEOPLE:
            row["found"] = _cell_key(row["found"], secret, null_values)
            row["means"] = rep_key(row["means"], secret)
    return pa.Table.from_pylist(rows, schema=mappings.schema)


def _cell_key(name: str, secret: str, null_values: Sequence[str]) -> str:
    """The key of a name, or the cell itself where it counts as empty."""
    return name if name.strip().lower() in null_values else rep_key(name, secret)


def rep_key(name: str, secret: str) -> str:
    """A key such as 'rep_5f2b9c01aa', the same for a name and a secret in every build.

    All spellings of a name have one key (`spelling.name_key`).
    Whoever has the secret and a list of names can find out whose key it is; without a secret,
    whoever has the list.
    """
    digest = hmac.new(secret.encode(), name_key(name).encode(), hashlib.sha256).hexdigest()
    return f"rep_{digest[:10]}"
