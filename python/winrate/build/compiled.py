"""SQL that dbt compiled, kept beside dbt's artifacts until a file of the project changes.

DuckDB runs it without dbt, whose start takes longer than the statements do.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from winrate import project

SOURCES = ("dbt_project.yml", "profiles.yml", "macros", "models", "tests/generic", "tests/singular")
SUFFIXES = {".sql", ".yml", ".md", ".py"}
PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb")


def project_key(settings: Mapping[str, Any] | None = None, root: Path = project.ROOT) -> str:
    """A hash of all that compiled SQL depends on: project, settings and versions of dbt.

    settings: the variables that have other values than in dbt_project.yml.
    """
    versions = [version(name) for name in PACKAGES]
    given = json.dumps([versions, dict(settings or {})], sort_keys=True, default=str)
    key = hashlib.sha256(given.encode())
    paths = [path for name in SOURCES for path in [root / name, *(root / name).rglob("*")]]
    for path in sorted(path for path in paths if path.suffix in SUFFIXES and path.is_file()):
        content = path.read_bytes()
        key.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return key.hexdigest()


def read(path: Path, key: str) -> Any | None:
    """What was kept in a file under this key, or None."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["content"] if kept["key"] == key else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write(path: Path, key: str, content: Any) -> None:
    """Keep a JSON-like object in a file, in one step; raises OSError."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(json.dumps({"key": key, "content": content}), encoding="utf-8")
    new.replace(path)
