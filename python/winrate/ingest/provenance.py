"""Where a build comes from: its input, its settings and the versions that made it."""

import functools
import hashlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from winrate import project

PACKAGES = (
    "winrate",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "statsmodels",
    "scikit-learn",
    "scipy",
    "pandas",
    "numpy",
)
SAMPLE = "deals.csv"  # the one seed that is an export, not a setting


def build_facts(
    deals: str | Path,
    overrides: dict[str, Any],
    stages: str | Path = "",
    kept: str | Path = "",
) -> pa.Table:
    """What can be said of a build before any deal is looked at.

    deals: path of the export. overrides: the variables that the command line gave. stages: path of
        the stage history, empty where there is none. kept: the folder with the hashes of both where
        several builds share one, or empty.
    Returns one row of text: `source_file` (its name), `input_sha256`, `stages_file` and
    `stages_sha256` (empty without a history), `settings_sha256`, `scope`, `python_version` and
    `<package>_version` of each of `PACKAGES` (`dbt_core_version`).
    """
    facts = {
        "source_file": Path(deals).name,
        "input_sha256": kept_sha256(kept, "deals", deals),
        "stages_file": Path(stages).name,
        "stages_sha256": kept_sha256(kept, "stages", stages) if stages else "",
        "settings_sha256": settings_sha256(overrides),
        "scope": overrides.get("scope", ""),
        "python_version": platform.python_version(),
    }
    return pa.Table.from_pylist([facts | _versions()])


@functools.cache
def _versions() -> dict[str, str]:
    return {f"{name.replace('-', '_')}_version": version(name) for name in PACKAGES}


def file_sha256(path: str | Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kept_sha256(folder: str | Path, name: str, path: str | Path) -> str:
    """The same, once for all builds that share a folder; empty for none."""
    if not folder:
        return file_sha256(path)
    kept = Path(folder) / f"{name}.sha256"
    if not kept.exists():
        kept.write_text(file_sha256(path), encoding="ascii")
    return kept.read_text(encoding="ascii")


def settings_sha256(overrides: dict[str, Any], root: Path = project.ROOT) -> str:
    """The SHA-256 of all that a user may turn: variables in force, seeds and own files.

    overrides: the variables that the command line gave. Two builds of one export with the same
    hash and the same packages give the same tables.
    """
    in_force = project.project_vars(root) | overrides
    settings = {name: value for name, value in in_force.items() if name not in project.INPUTS}
    files = [seed for seed in sorted((root / "seeds").glob("*.csv")) if seed.name != SAMPLE]
    hashes = [file_sha256(file) for file in files]
    hashes += [in_force[name] and file_sha256(in_force[name]) for name in project.OWN_FILES]
    text = json.dumps([settings, hashes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
