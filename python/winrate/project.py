"""What the dbt project says of itself: its variables and the columns an export needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPUTED_COLUMNS = {"sales_cycle_days"}  # from the dates, in staging, where the export is silent


def project_vars(root: Path = ROOT) -> dict[str, Any]:
    """The `vars` of dbt_project.yml: every number that a user may turn."""
    return yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def feature_names(features: dict[str, Any]) -> list[str]:
    """The names of all features, categorical ones first, in the order of `vars`.

    features: the variable of that name, `{categorical: [name], numeric: {name: bands}}`.
    """
    return [*features["categorical"], *features["numeric"]]


def creation_features(features: dict[str, Any], known_at_close: list[str]) -> list[str]:
    """The features whose value an open deal already has: what a score may use."""
    return [name for name in feature_names(features) if name not in known_at_close]


def export_columns(variables: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The columns an export must have, and those it may have.

    A feature is required, unless it is among the optional columns or staging can compute it.
    """
    optional = variables["optional_columns"]
    needed = dict.fromkeys([*variables["required_columns"], *feature_names(variables["features"])])
    must = [name for name in needed if name not in COMPUTED_COLUMNS and name not in optional]
    return must, [name for name in optional if name not in must]
