"""The build directory of a database: where its builds write, one at a time.

It is a folder beside the published database, so that a finished build is moved there in one step.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from winrate.build import publish
from winrate.build.publish import BuildError

FOLDER = ".winrate-build"


class BuildRunningError(BuildError):
    """Another build of the same database is running."""


@dataclass(frozen=True)
class BuildDirectory:
    """The locked build directory of one database.

    path: the directory. lock: the descriptor that holds its lock.
    """

    path: Path
    lock: int

    @property
    def staging(self) -> Path:
        """The folder of the new database: empty when a build starts, deleted when it ends."""
        return self.path / "new"

    @property
    def dbt_target(self) -> Path:
        """The artifacts of dbt, which stay: the next build starts from what dbt has parsed."""
        return Path(os.environ.get("DBT_TARGET_PATH", self.path / "target"))


def directory_path(warehouse: Path) -> Path:
    """The build directory of a database."""
    return warehouse.parent / FOLDER / warehouse.name


def _keep_private(folder: Path) -> None:
    """Let nobody else into a folder in which builds write and delete.

    Raises BuildError where it is a link or another user's: builds would delete what lies behind it.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise BuildError(
            f"{folder} is not a folder of this user, or a link; builds write and delete files in "
            "it. Remove it, or build into another folder (WAREHOUSE)."
        )
    publish.set_mode(folder, 0o700)


@contextlib.contextmanager
def locked_build_directory(warehouse: Path) -> Iterator[BuildDirectory]:
    """Hold the build directory of a database, with an empty `staging` folder.

    Raises BuildRunningError where another build holds it, BuildError where it cannot be made.
    """
    path = directory_path(warehouse)
    for folder in (path.parent, path):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BuildError(
                f"{warehouse.parent} cannot be written to ({error.strerror}); the database "
                f"{warehouse.name} is built and published there."
            ) from error
        _keep_private(folder)
    with contextlib.ExitStack() as held:
        try:
            directory = BuildDirectory(path, held.enter_context(publish.locked(path, wait=False)))
        except BlockingIOError as error:
            raise BuildRunningError(
                f"Another build of {warehouse} is running; nothing was done."
            ) from error
        shutil.rmtree(directory.staging, ignore_errors=True)  # left by a build that was killed
        directory.staging.mkdir()
        try:
            yield directory
        finally:
            shutil.rmtree(directory.staging, ignore_errors=True)
