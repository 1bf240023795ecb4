"""Puts a finished build in the place of the one that was published.

Steps that can fail, because the disk is full or a folder cannot be written, come first and do not
touch what is published. The last steps replace single files; a reader sees each file either before
or after, never in between.
"""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import duckdb

from winrate import database, project

NEW_MODE = 0o640  # of what is published for the first time: names of reps are not for everybody
LOCK_WAIT = 60.0  # seconds that a report waits for another process
LOCK_POLL = 0.2  # seconds
INTERNAL_NAME = re.compile(rf'"?{project.INTERNAL}"?\."?(\w+)')
ASIDE = ".winrate-new"  # in the folder that is written to: a move within a file system is one step


class BuildError(RuntimeError):
    """A build that failed: one sentence that says why."""


def previous_path(published: Path) -> Path:
    """Where the database before the published one is kept."""
    return published.with_name(f"{published.stem}.previous{published.suffix}")


def publish(new: Path, published: Path, report: Path) -> None:
    """Replace the published database by `new`, and its report by one of `new`.

    The database goes first: the report can be drawn again from it, but not the other way round.
    Raises BuildError, OSError or duckdb.Error where nothing was replaced; BuildError, too, where
    the report could not follow the database.
    """
    _seal(new)
    with _written_aside(report, _drawing(new)) as pages:
        replace_database(new, published)
        try:
            _replace_files(pages, report)
        except OSError as error:
            raise BuildError(
                f"{published} is new, but its report could not be put into {report} "
                f"({error.strerror}); run `make report` once that is possible."
            ) from error


def publish_report(warehouse: Path, folder: Path) -> Path:
    """Draw the report of a database and put it into `folder`; returns the path of the page.

    Raises BuildError where the folder cannot be written, or the database not be read.
    """
    try:
        publish_files(folder, _drawing(warehouse))
    except OSError as error:
        raise BuildError(f"{folder} cannot be written to: {error.strerror}.") from error
    except duckdb.Error as error:
        raise BuildError(
            f"{warehouse} cannot be drawn ({database.reason(error)}); expected a database that "
            "this version built. Build it again."
        ) from error
    return folder / "index.html"


def publish_files(folder: Path, write: Callable[[Path], object]) -> None:
    """Replace files of `folder` by those that `write` puts into the folder that it is given.

    Where `write` fails, none is replaced. Raises what it raises, and OSError.
    """
    with _written_aside(folder, write) as files:
        _replace_files(files, folder)


def replace_database(new: Path, published: Path) -> None:
    """Put a closed database into the place of the published one, which is kept beside it.

    A reader that has the published file open goes on reading it. Raises BuildError where somebody
    has it open for writing: what they wrote next would land beside the new file.
    """
    set_mode(new, _mode(published))
    if published.exists():
        kept = snapshot(published, new.with_name(previous_path(new).name))
        # Before the database: a kill in between leaves two names for what is published.
        kept.replace(previous_path(published))
        # The log of a database that somebody wrote in place would be replayed into the new one.
        Path(f"{published}.wal").unlink(missing_ok=True)
    new.replace(published)
    _sync(published.parent)


def snapshot(published: Path, other: Path) -> Path:
    """The published database under another name, as it was published; returns `other`.

    Costs no space where the file system knows hard links. What somebody wrote in place since and
    left in a write-ahead log is not part of it. Raises BuildError where it cannot be read.
    """
    other.unlink(missing_ok=True)
    try:
        os.link(published, other)
    except OSError:  # some network and removable disks know no links
        other.touch(mode=0o600)
        shutil.copyfile(published, other)
        set_mode(other, _mode(published))
        _sync(other)
    try:
        duckdb.connect(str(other), read_only=True).close()
    except duckdb.Error as error:
        reason = database.reason(error).replace(str(other), str(published))
        raise BuildError(
            f"{published} cannot be read ({reason}); close what has it open for writing, or move "
            "it away to build without the build before."
        ) from error
    return other


def _seal(database: Path) -> None:
    """Make a database one whole file on the disk, without what only its build needed."""
    with duckdb.connect(str(database)) as connection:
        drop_unused(connection)
        connection.execute("checkpoint")
    if Path(f"{database}.wal").exists():
        raise BuildError(f"{database} still has a write-ahead log after it was closed.")
    _sync(database)


def drop_unused(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the relations of the schema `internal` that no public view reads."""
    views = "select schema_name, view_name, sql from duckdb_views() where not internal"
    read_by: dict[str, set[str]] = {}
    used: set[str] = set()
    for schema, name, sql in connection.execute(views).fetchall():
        found = set(INTERNAL_NAME.findall(sql))
        read_by[name] = found if schema == project.INTERNAL else set()
        used |= set() if schema == project.INTERNAL else found
    while new := {name for view in used for name in read_by.get(view, ())} - used:
        used |= new
    for kind in ("view", "table"):
        names = f"select {kind}_name from duckdb_{kind}s() where schema_name = '{project.INTERNAL}'"
        for (name,) in connection.execute(names).fetchall():
            if name not in used:
                connection.execute(f'drop {kind} {project.INTERNAL}."{name}"')


def load_report_libraries() -> ModuleType:
    """Load Plotly and matplotlib, which takes a second or two; only drawing a report needs them."""
    from winrate.report import files

    return files


def _drawing(warehouse: Path) -> Callable[[Path], object]:
    """Draws the report of a database into a folder."""
    return partial(load_report_libraries().write_report, warehouse)


@contextlib.contextmanager
def _written_aside(folder: Path, write: Callable[[Path], object]) -> Iterator[list[Path]]:
    """The files that `write` makes, in a folder within `folder`, by one process at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / ASIDE
    with locked(folder):
        try:
            shutil.rmtree(aside, ignore_errors=True)  # a killed build leaves it
            aside.mkdir(mode=0o700)
            write(aside)
            files = sorted(aside.iterdir())
            for file in files:
                _sync(file)
            yield files
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _replace_files(files: list[Path], folder: Path) -> None:
    """Put files into a folder; each has the permissions of the one that it replaces."""
    for file in files:
        published = folder / file.name
        set_mode(file, _mode(published))
        file.replace(published)
    _sync(folder)


@contextlib.contextmanager
def locked(folder: Path, wait: bool = True) -> Iterator[int]:
    """Hold the lock of a folder; yields the descriptor that holds it.

    The lock goes with the last process that has the descriptor, however it ends. Where another
    process holds it, raises BlockingIOError if `wait` is off, else BuildError after LOCK_WAIT.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder, time.monotonic() + LOCK_WAIT if wait else None)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, deadline: float | None) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if deadline is None:
                raise
            if time.monotonic() > deadline:
                raise BuildError(
                    f"{folder} has been locked by another process for {LOCK_WAIT:.0f} seconds; "
                    "try again when that has ended (`fuser` names it)."
                ) from None
        time.sleep(LOCK_POLL)


def _mode(published: Path) -> int:
    """The permissions that what replaces a file gets: those of the file, where there is one."""
    return stat.S_IMODE(published.stat().st_mode) if published.is_file() else NEW_MODE


def set_mode(path: Path, mode: int) -> None:
    """Set the permissions of a file or folder, where the file system knows them."""
    with contextlib.suppress(PermissionError):
        path.chmod(mode)


def _sync(path: Path) -> None:
    """Have a file's content, or the names in a folder, on the disk and not only in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
