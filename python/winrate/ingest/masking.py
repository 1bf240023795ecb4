"""Replaces names by stable keys before they enter the database (`mask_reps`, `mask_names`)."""

import hashlib
import hmac
import os
import re
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from winrate.ingest.spelling import name_key
from winrate.ingest.text_ids import in_first_row

KEY_VARIABLE = "WINRATE_MASK_KEY"
KEY_LETTERS = 10
NOT_KEPT = "(not kept: names are masked)"
# What the key of a name begins with, by setting and column.
PREFIXES = {
    "mask_reps": dict.fromkeys(["sales_rep_id", "owner_name", "manager"], "rep"),
    "mask_names": {"deal_name": "deal", "account_id": "account", "account_name": "account"},
}


def masked_columns(settings: Mapping[str, bool]) -> dict[str, str]:
    """The columns to mask, each with what its keys begin with.

    settings: `mask_reps` (people) and `mask_names` (deals and accounts).
    """
    return {
        column: prefix
        for setting, prefixes in PREFIXES.items()
        if settings[setting]
        for column, prefix in prefixes.items()
    }


def mask_records(
    records: pa.RecordBatchReader, columns: Mapping[str, str], null_values: Sequence[str]
) -> pa.RecordBatchReader:
    """The same stream of records with a key for each name, and without the text of lines.

    records: what `reader.read_export` gives. Any column of a line may hold the name, so
        `raw_text` goes as a whole.
    columns: what `masked_columns` gives; without any, the records stay as they are.
    null_values: cells that count as empty; they stay.
    """
    if not columns:
        return records
    secret = os.environ.get(KEY_VARIABLE, "")
    per_deal = [
        field.name
        for field in records.schema
        if field.name in columns and pa.types.is_string(field.type)
    ]

    def masked(batch: pa.RecordBatch) -> pa.RecordBatch:
        new_texts = batch.column("new_texts")[0].as_py() or []
        for text in new_texts:
            if prefix := columns.get(text["column_name"]):
                text["text"] = _cell_key(text["text"], prefix, secret, null_values)
        replaced = {
            "new_texts": in_first_row(new_texts, batch.num_rows),
            "raw_text": pa.repeat(pa.scalar(NOT_KEPT), batch.num_rows),
        }
        for name in per_deal:
            cells = batch.column(name).to_pylist()
            keys = [
                None if cell is None else _cell_key(cell, columns[name], secret, null_values)
                for cell in cells
            ]
            replaced[name] = pa.array(keys, pa.string())
        for name, column in replaced.items():
            batch = batch.set_column(batch.schema.get_field_index(name), name, column)
        return batch

    return pa.RecordBatchReader.from_batches(records.schema, map(masked, records))


def mask_mappings(
    mappings: pa.Table, columns: Mapping[str, str], null_values: Sequence[str]
) -> pa.Table:
    """The same mappings with keys for names, by which the keys of cells are mapped.

    mappings: what `mapping.mappings_table` gives. columns: what `masked_columns` gives.
    """
    secret = os.environ.get(KEY_VARIABLE, "")
    rows = mappings.to_pylist()
    for row in rows:
        if prefix := columns.get(row["kind"]):
            row["found"] = _cell_key(row["found"], prefix, secret, null_values)
            row["means"] = masked_name(row["means"], prefix, secret)
    return pa.Table.from_pylist(rows, schema=mappings.schema)


def mask_of(column: str, columns: Mapping[str, str]) -> Callable[[str], str]:
    """What a name becomes in files beside the export, as it does in a column of the export.

    columns: what `masked_columns` gives; a column that is not among them has its names as they are.
    The key of a name, which a masked page shows, counts as the name.
    """
    prefix = columns.get(column)
    if prefix is None:
        return str
    secret = os.environ.get(KEY_VARIABLE, "")
    key = re.compile(f"{prefix}_[0-9a-f]{{{KEY_LETTERS}}}")
    return lambda name: name if key.fullmatch(name) else masked_name(name, prefix, secret)


def _cell_key(name: str, prefix: str, secret: str, null_values: Sequence[str]) -> str:
    """The key of a name, or the cell itself where it counts as empty."""
    return name if name.strip().lower() in null_values else masked_name(name, prefix, secret)


def masked_name(name: str, prefix: str, secret: str) -> str:
    """A key such as 'rep_5f2b9c01aa', the same for a name and a secret in every build.

    All spellings of a name have one key (`spelling.name_key`).
    Whoever has the secret and a list of names can find out whose key it is; without a secret,
    whoever has the list.
    """
    digest = hmac.new(secret.encode(), name_key(name).encode(), hashlib.sha256).hexdigest()
    return f"{prefix}_{digest[:KEY_LETTERS]}"
