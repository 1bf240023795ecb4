"""What the dbt project says of itself: its variables and the columns an export needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]


class RunValues(NamedTuple):
    """The variables that change from run to run, as text; macros/run_values.sql reads them."""

    deals_path: str = ""
    mapping_path: str = ""
    as_of_date: str = ""
    latest_date: str = ""
    date_format: str = ""
    decimal_mark: str = ""
    previous_warehouse: str = ""


# What is read and as of when, which has columns of its own in quality.build_info; the other
# variables say how it is read.
INPUTS = frozenset(RunValues._fields) - {"date_format", "decimal_mark"}


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

    variables: `export_columns` (name to properties) and `features` of dbt_project.yml. A feature
        that is not among `export_columns` is required.
    """
    columns = variables["export_columns"]
    required = [name for name, column in columns.items() if column.get("is_required")]
    added = [name for name in feature_names(variables["features"]) if name not in columns]
    return [*required, *added], [name for name in columns if name not in required]


def columns_with(variables: Mapping[str, Any], flag: str) -> list[str]:
    """The columns of `export_columns` that have a property such as `may_be_blank`."""
    return [name for name, column in variables["export_columns"].items() if column.get(flag)]
