"""Backups of a state: one ZIP file with every record, byte by byte, and the way back."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

from winrate.build import publish
from winrate.state import store
from winrate.state.store import Record, StateError

EXPECTED = "expected a file that `make state-export` wrote"


def export_state(folder: Path, path: Path) -> int:
    """Write every record of a state into a file; returns how many. The same state, the same bytes.

    Raises StateError where there is none or it is damaged, BuildError where another process keeps
    the folder of the file locked, and OSError.
    """
    records = store.read_records(folder)
    if not records:
        raise StateError(f"{folder}: found no records; `make build` adds one for each export.")
    publish.publish_files(path.parent, lambda aside: _write(aside / path.name, records))
    return len(records)


def import_state(folder: Path, path: Path) -> tuple[int, int]:
    """Add the records of a backup that a state lacks; returns how many it has then, and had.

    Nothing is added where the backup is broken, or where it and the state each have a record that
    the other lacks: records build on those before them. Raises as `export_state`.
    """
    if not path.is_file():
        raise StateError(f"{path}: found no file; {EXPECTED}.")
    numbers = []

    def write(aside: Path) -> None:
        own = [record.path.name for record in store.read_records(folder)]
        names = _unpacked(path, aside)
        n_common = min(len(own), len(names))
        if names[:n_common] != own[:n_common]:
            raise StateError(
                f"{path}: found records that do not follow upon those in {folder}; expected a "
                "backup of the same state. Name another folder (STATE)."
            )
        for name in names[:n_common]:
            (aside / name).unlink()
        numbers.extend([max(len(own), len(names)), len(own)])

    publish.publish_files(folder, write)
    n_records, n_before = numbers
    return n_records, n_before


def _write(path: Path, records: Sequence[Record]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for record in records:
            entry = zipfile.ZipInfo(record.path.name)  # without a time
            with record.path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as copy:
                shutil.copyfileobj(file, copy)


def _unpacked(path: Path, aside: Path) -> list[str]:
    """The names of the records of a backup, unpacked into a folder and checked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _refuse_other_entries(path, entries)
            for entry in entries:
                with archive.open(entry) as packed, (aside / entry.filename).open("wb") as file:
                    shutil.copyfileobj(packed, file)
        records = store.read_records(aside)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise StateError(f"{path}: cannot be read ({error}); {EXPECTED}.") from error
    except StateError as error:
        raise StateError(str(error).replace(f"{aside}/", f"{path}, ")) from error
    return [record.path.name for record in records]


def _refuse_other_entries(path: Path, entries: Sequence[zipfile.ZipInfo]) -> None:
    """Raise StateError where a backup has more than records, each once and not compressed."""
    names = [entry.filename for entry in entries]
    others = [name for name in names if not store.NAME.fullmatch(name) or names.count(name) > 1]
    if others:
        raise StateError(f"{path}: found {others[0]!r}; {EXPECTED}.")
    n_bytes = sum(entry.file_size for entry in entries)
    if n_bytes > path.stat().st_size or any(
        entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries
    ):
        raise StateError(f"{path}: found records that are compressed or encrypted; {EXPECTED}.")
