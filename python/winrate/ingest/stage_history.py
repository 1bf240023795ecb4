"""Reads a stage history: which deal entered which stage, and when.

A file is long, with a row per change, or wide, with a row per deal and a column of dates per stage,
as HubSpot exports them (`Date entered "Demo (Sales Pipeline)"`, `hs_v2_date_entered_12345`). A long
file may have the changes of other fields too, as Salesforce's field history has.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from winrate.ingest import mapping
from winrate.ingest.header import (
    ID,
    ExportHeader,
    WantedColumns,
    normalise_header,
    refuse_missing,
    title_key,
)
from winrate.ingest.mapping import OPTIONAL_STAGE_COLUMNS, STAGE_COLUMNS, stage_titles
from winrate.ingest.reader import lines_table, read_export, read_header
from winrate.ingest.records import ExportError, listed

WIDE_TITLE = re.compile(
    r"""^date\s+entered\s+["'\u201c\u2018](?P<label>.+)["'\u201d\u2019](\s*\(.*\))?$"""
    r"""|^(propert(y|ies)[_.])?hs_(?P<version>v2_)?date_entered_(?P<key>\w+)$""",
    re.IGNORECASE,
)
STAGE_FIELDS = ("stage", "stagename", "dealstage")  # what a field history calls the stage
COLUMNS_OF_DEALS = ("outcome", "is_won", "is_closed", "lead_source", "deal_name")
OTHER_FIELD, NO_DATE = "other_field", "no_stage_date"  # why a row is skipped
SCHEMA = pa.schema(
    [
        ("source_line", pa.int64()),
        ("n_lines", pa.int64()),
        ("read_error", pa.string()),
        ("skip_code", pa.string()),
        *((name, pa.string()) for name in (ID, "deal_stage", "old_stage", "entered_date")),
    ]
)


def read_stage_history(
    path: str | Path, mapping_path: str | Path | None, variables: Mapping[str, Any]
) -> pa.RecordBatchReader:
    """Every entry of a deal into a stage that a file has, each cell as text.

    path: a file of any format of exports; empty for no history.
    mapping_path: a user's file, whose rows of kind `stage_column` say what a title means.
    variables: the variables of the project, which name the columns.
    Returns a stream of batches, to be read once, with one row per record of a long file, and per
    date in a wide one (one for a record without any), in the order of the file:
        source_line: bigint, the line where the record starts (see `reader.read_export`).
        n_lines: bigint, how many lines the record spans; 0 in all but its first row.
        read_error: null, or why the record could not be read.
        skip_code: null, or why the row is no entry: it is a change of another field, or a record
            of a wide file without any date.
        deal_id, deal_stage, old_stage (the stage before, in a long file), entered_date: text.
    Raises ExportError where `reader.read_export` does, and SettingsError.
    """
    if not path:
        return pa.RecordBatchReader.from_batches(SCHEMA, [])
    stages, wanted = check(path, mapping_path, variables)
    batches = _wide_batches(path, wanted, stages) if stages else _long_batches(path, wanted)
    return pa.RecordBatchReader.from_batches(SCHEMA, batches)


def check(
    path: str | Path, mapping_path: str | Path | None, variables: Mapping[str, Any]
) -> tuple[dict[str, str], WantedColumns]:
    """The stage of each column of dates of a wide file, by its title; and the columns to read.

    No stages where the file is long. Raises as `read_stage_history` does.
    """
    wanted = wanted_columns(mapping_path, variables)
    header = read_header(path, wanted)
    stages = _wide_stages(header)
    if stages:
        wanted = _wide_columns(wanted, stages)
        refuse_missing(Path(path), read_header(path, wanted), wanted)
    elif header.missing:
        raise ExportError(
            f"{path}: a stage history without {listed(header.missing)}; found"
            f" {listed(header.titles)}; expected {listed(STAGE_COLUMNS)}, or columns such as"
            " 'Date entered \"Demo\"', or what their titles mean in MAPPING"
            " (stage_column,<title>,<column>)."
        )
    else:
        _refuse_deals(path, header, mapping_path, variables)
    return stages, wanted


def _refuse_deals(
    path: str | Path,
    header: ExportHeader,
    mapping_path: str | Path | None,
    variables: Mapping[str, Any],
) -> None:
    """Raise ExportError for an export of deals, which would be read as one entry per deal."""
    date_title = header.titles[header.positions["entered_date"]]
    deals = mapping.wanted_columns(mapping_path, variables)
    keys = {key for name in COLUMNS_OF_DEALS for key in deals.keys_of(name)}
    found = [title for title in header.titles if title_key(title) in keys]
    own = {title_key(title) for title in mapping.own_stage_titles(mapping_path, variables)}
    is_creation = title_key(date_title) in deals.keys_of("created_date")
    has_changes = any(header.positions[name] is not None for name in OPTIONAL_STAGE_COLUMNS)
    if found and is_creation and title_key(date_title) not in own and not has_changes:
        raise ExportError(
            f"{path}: found an export of deals, with {listed(found)}; expected a stage history, in"
            f" which a deal has a row per stage. If '{date_title}' is when a deal entered its"
            f" stage, say so in MAPPING (stage_column,{date_title},entered_date)."
        )


def history_lines(
    path: str | Path, mapping_path: str | Path | None, variables: Mapping[str, Any]
) -> pa.Table:
    """How many lines a file has, in one row (see `reader.lines_table`); no row without a file."""
    if not path:
        none = pa.array([], pa.int64())
        return pa.table({"n_lines": none, "n_header_lines": none})
    return lines_table(path, read_header(path, wanted_columns(mapping_path, variables)))


def wanted_columns(mapping_path: str | Path | None, variables: Mapping[str, Any]) -> WantedColumns:
    """The columns of a long file, with the titles they may have; raises SettingsError."""
    titles = stage_titles(mapping_path, variables)
    return WantedColumns(
        STAGE_COLUMNS, OPTIONAL_STAGE_COLUMNS, titles=titles, per_deal=frozenset(titles)
    )


def _wide_stages(header: ExportHeader) -> dict[str, str]:
    """The stage of each column of dates, by its title, in the order of the file.

    Of two columns with an id of a stage, the one of HubSpot's second version counts.
    """
    found = [(title, WIDE_TITLE.match(title.strip())) for title in header.titles]
    newer = {match["key"] for _, match in found if match and match["version"]}
    return {
        title: match["label"] or match["key"]
        for title, match in found
        if match and (match["version"] or match["key"] not in newer)
    }


def _wide_columns(wanted: WantedColumns, stages: Mapping[str, str]) -> WantedColumns:
    titles = {ID: wanted.titles_of(ID)} | {title: [normalise_header(title)] for title in stages}
    return WantedColumns([ID], list(stages), titles=titles, per_deal=frozenset(titles))


def _long_batches(path: str | Path, wanted: WantedColumns) -> Iterator[pa.RecordBatch]:
    for batch in read_export(path, wanted):
        found = pc.unique(batch["field_name"]).to_pylist()
        others = [name for name in found if name and _letters(name) not in STAGE_FIELDS]
        is_other = pc.is_in(batch["field_name"], value_set=pa.array(others, pa.string()))
        code = pc.if_else(is_other, pa.scalar(OTHER_FIELD), pa.scalar(None, pa.string()))
        yield _batch({name: batch[name] for name in batch.schema.names} | {"skip_code": code})


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]+", "", name.lower())


def _wide_batches(
    path: str | Path, wanted: WantedColumns, stages: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    for batch in read_export(path, wanted):
        n_rows = batch.num_rows
        is_date = np.column_stack([pc.is_valid(batch[title]).to_numpy(False) for title in stages])
        has_no_date = ~is_date.any(axis=1)
        # Row by row, and in each the stages in the order of the file; one row without any date.
        is_entry = np.column_stack([is_date, has_no_date])
        row, place = np.nonzero(is_entry)
        names = pa.array([*stages.values(), None], pa.string())
        dates = pa.concat_arrays(
            [*(batch[title] for title in stages), pa.nulls(n_rows, pa.string())]
        )
        is_first = np.diff(row, prepend=-1) > 0
        has_date = place < len(stages)
        columns = {
            name: batch[name].take(pa.array(row)) for name in ("source_line", "read_error", ID)
        }
        code = np.where(has_date, None, NO_DATE)
        yield _batch(
            columns
            | {
                "n_lines": pa.array(np.where(is_first, batch["n_lines"].to_numpy()[row], 0)),
                "skip_code": pa.array(code, pa.string()),
                "deal_stage": names.take(pa.array(place)),
                "old_stage": pa.nulls(len(row), pa.string()),
                "entered_date": dates.take(pa.array(place * n_rows + row)),
            }
        )


def _batch(columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)
