"""The state: a folder of records, one immutable Parquet file each, numbered without a gap.

The name of a record is its number, kind, as-of date and the hash of its bytes, such as
`000002-deals-2026-06-30-5f2b9c01aa5f2b9c.parquet`. Its metadata say what it is a record of.
docs/decisions/0024-state-that-outlives-a-build.md has the reasons.
"""

import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from winrate.build import publish

FORMAT = 1  # of the files; a change that this version could not read gets the next number
METADATA = b"winrate"  # the key of the facts in the metadata of a file
NAME = re.compile(r"(\d{6})-([a-z_]+)-(\d{4}-\d\d-\d\d)-([0-9a-f]{16})\.parquet")


class StateError(RuntimeError):
    """A state that cannot be used: one sentence that says why."""


@dataclass(frozen=True)
class Record:
    """One file of the state, whose bytes are those of its name.

    facts: `kind`, `as_of_date` and what else the kind has.
    """

    path: Path
    number: int
    digest: str
    facts: Mapping[str, Any]
    schema: pa.Schema


def default_folder(warehouse: Path) -> Path:
    """The folder of the state of a database: beside it, so that it can be deleted alone."""
    return warehouse.with_name(f"{warehouse.stem}.state")


def read_records(folder: Path) -> list[Record]:
    """The records of a state, in the order in which they were added; none without a folder.

    Files of other names are left alone. Raises StateError where a record is missing, damaged or
    from a newer version, and OSError.
    """
    if not os.path.lexists(folder):
        return []
    if not folder.is_dir():
        raise StateError(f"{folder}: found no folder; expected one with records.")
    names = sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    records = [read_record(folder / name) for name in names]
    check_order(records)
    return records


def of_kind(records: Sequence[Record], kind: str, scope: str) -> list[Record]:
    """The records of a kind by builds of one scope."""
    return [
        record
        for record in records
        if record.facts["kind"] == kind and record.facts.get("scope") == scope
    ]


def chained_digests(records: Sequence[Record]) -> list[str]:
    """A hash for each of some records: of its name, and of all that come before it."""
    found = []
    digest = ""
    for record in records:
        digest = hashlib.sha256(f"{digest}\n{record.path.name}".encode()).hexdigest()
        found.append(digest)
    return found


def by_day(records: Sequence[Record]) -> list[Record]:
    """Records in the order of their as-of dates: of one day, in that in which they were added."""
    return sorted(records, key=lambda record: (record.facts["as_of_date"], record.number))


def check_order(records: Sequence[Record]) -> None:
    """Raise StateError unless the records follow one upon the other from the first on."""
    before = ""
    for number, record in enumerate(records, 1):
        if (record.number, record.facts.get("after")) != (number, before):
            raise StateError(
                f"{record.path}: found a record that follows upon {record.facts.get('after')!r}; "
                f"expected the record that follows upon {before!r}. A record says what changed "
                "since those before it, so none can be left out."
            )
        before = record.path.name


def read_record(path: Path) -> Record:
    """One record; raises StateError and OSError."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise StateError(f"{path}: found a link, a folder or a pipe; expected a file.")
    number, kind, day, digest = NAME.fullmatch(path.name).groups()
    if file_digest(path) != digest:
        raise StateError(
            f"{path}: found other bytes than were written; expected the hash {digest}."
        )
    try:
        schema = pq.read_schema(path)
        facts = _facts(schema)
        version = facts["format"]
    except (pa.ArrowException, ValueError, LookupError, TypeError) as error:
        raise StateError(f"{path}: found no record; expected a file that a build wrote.") from error
    if version != FORMAT:
        raise StateError(
            f"{path}: found format {version}; expected {FORMAT}. A newer version of Winrate wrote "
            "it: use that version."
        )
    if (facts.get("kind"), facts.get("as_of_date")) != (kind, day) or not _is_day(day):
        raise StateError(f"{path}: found a record of other facts; expected those of its name.")
    return Record(path, int(number), digest, facts, schema)


def writer(path: Path, schema: pa.Schema, facts: Mapping[str, Any]) -> pq.ParquetWriter:
    """A writer of a file with the facts of a record."""
    text = json.dumps({"format": FORMAT} | dict(facts), sort_keys=True)
    return pq.ParquetWriter(
        path, schema.with_metadata({METADATA: text.encode()}), compression="zstd"
    )


def add(folder: Path, file: Path) -> None:
    """Add a copy of a file that `writer` wrote to a state, in one step, if it is not there yet.

    Raises StateError where the state has other records than when the file was written, BuildError
    where another process keeps it locked, and OSError.
    """
    name = file_name(file)
    after = _facts(pq.read_schema(file))["after"]

    def write(aside: Path) -> None:
        names = [record.path.name for record in read_records(folder)]
        if name in names:
            return
        last = names[-1] if names else ""
        if last != after:
            raise StateError(f"{folder}: another build added {last or 'nothing'} meanwhile.")
        shutil.copyfile(file, aside / name)

    publish.publish_files(folder, write)


def file_name(file: Path) -> str:
    """The name that a file which `writer` wrote has as a record."""
    facts = _facts(pq.read_schema(file))
    number = int(facts["after"].partition("-")[0] or 0) + 1
    return f"{number:06}-{facts['kind']}-{facts['as_of_date']}-{file_digest(file)}.parquet"


def file_digest(path: Path) -> str:
    """The part of the SHA-256 of a file's bytes that is in its name."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _facts(schema: pa.Schema) -> dict[str, Any]:
    return json.loads((schema.metadata or {})[METADATA])


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False
