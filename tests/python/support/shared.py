"""Folders that all processes of one test run share."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def shared_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all processes of one test run share, held by one of them at a time."""
    is_one_of_several = "PYTEST_XDIST_WORKER" in os.environ
    run_folder = tmp_path_factory.getbasetemp()
    folder = (run_folder.parent if is_one_of_several else run_folder) / f"shared_{name}"
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
