"""A copy of the project that a test may change."""

import shutil
from pathlib import Path

from winrate import project

FOLDERS = ("macros", "models", "python", "seeds", "tests/generic", "tests/singular")
FILES = ("dbt_project.yml", "profiles.yml")


def copy_project(folder: Path) -> Path:
    """Copy all that a build needs into a folder; returns the folder."""
    without = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in FOLDERS:
        shutil.copytree(project.ROOT / name, folder / name, ignore=without)
    for name in FILES:
        shutil.copy(project.ROOT / name, folder)
    return folder
