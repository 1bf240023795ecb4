"""Replaces rep names by stable keys before they enter the database (`mask_reps: true`)."""

import hashlib
import hmac
import os
from collections.abc import Sequence

import pyarrow as pa

KEY_VARIABLE = "WINRATE_MASK_KEY"
NOT_KEPT = "(not kept: mask_reps)"


def mask_reps(records: pa.RecordBatchReader, null_values: Sequence[str]) -> pa.RecordBatchReader:
    """The same stream of records with a key for each rep, and without the text of their lines.

    records: what `reader.read_export` gives. Any column of a line may hold the name, so
        `raw_text` goes as a whole.
    null_values: cells that count as empty; they stay.
    """
    secret = os.environ.get(KEY_VARIABLE, "")

    def masked(batch: pa.RecordBatch) -> pa.RecordBatch:
        names = batch.column("sales_rep_id").to_pylist()
        keys = {name: rep_key(name, secret) for name in set(names) - {None}}
        keys |= {name: name for name in keys if name.strip().lower() in null_values}
        columns = {
            "sales_rep_id": pa.array(map(keys.get, names), pa.string()),
            "raw_text": pa.repeat(pa.scalar(NOT_KEPT), batch.num_rows),
        }
        for name, column in columns.items():
            batch = batch.set_column(batch.schema.get_field_index(name), name, column)
        return batch

    return pa.RecordBatchReader.from_batches(records.schema, map(masked, records))


def rep_key(name: str, secret: str) -> str:
    """A key such as 'rep_5f2b9c01aa', the same for a name and a secret in every build.

    Whoever has the secret and a list of names can find out whose key it is; without a secret,
    whoever has the list.
    """
    digest = hmac.new(secret.encode(), name.strip().encode(), hashlib.sha256).hexdigest()
    return f"rep_{digest[:10]}"
