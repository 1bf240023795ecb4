"""What the dbt project says of itself: its variables and the columns an export needs."""

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]
READ_VARIABLE = re.compile(r"""\bvar\(\s*["'](\w+)["']""")


class SettingsError(ValueError):
    """A setting, or a file of a user's own, that cannot be used: one sentence that names it."""


# Columns of profiles beside the features, and the row of a split that is no feature.
RESERVED = frozenset({"account_id", "baseline", "closed_quarter", "design_effect", "period"})


class RunValues(NamedTuple):
    """The variables that change from run to run, as text; macros/run_values.sql reads them."""

    deals_path: str = ""
    mapping_path: str = ""
    alert_rules_path: str = ""
    as_of_date: str = ""
    latest_date: str = ""
    date_format: str = ""
    decimal_mark: str = ""
    previous_warehouse: str = ""


# Files of a user's own that models read: the variable with the path, and the name of the file in a
# folder that `CONFIG` names.
OWN_FILES = {"mapping_path": "mapping.csv", "alert_rules_path": "alert_rules.csv"}
# What is read and as of when, which has columns of its own in quality.build_info; the other
# variables say how it is read.
INPUTS = frozenset(RunValues._fields) - {"date_format", "decimal_mark"}


def project_vars(root: Path = ROOT) -> dict[str, Any]:
    """The `vars` of dbt_project.yml: every number that a user may turn."""
    return yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def folders(root: Path = ROOT) -> list[str]:
    """The folders that dbt reads, or deletes when it cleans."""
    settings = yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))
    lists = [value for name, value in settings.items() if name.endswith(("-paths", "-targets"))]
    return [folder for folders in lists for folder in folders]


def check_names(overrides: Mapping[str, Any] | None = None, root: Path = ROOT) -> None:
    """Raise SettingsError where no model reads a variable, or a feature has a reserved name.

    overrides: the variables that the command line or a user's file gave, which take the place of
        those of dbt_project.yml.
    """
    variables = project_vars(root) | dict(overrides or {})
    features = feature_names(variables["features"]) if "features" in variables else []
    reserved = sorted(RESERVED.intersection(features))
    if reserved:
        raise SettingsError(
            f"a feature cannot be named '{reserved[0]}': tables have such a column."
        )
    known = known_names(root)
    unknown = sorted(variables.keys() - known)
    if unknown:
        raise SettingsError("; ".join(_unknown_sentence(name, known) for name in unknown) + ".")


def known_names(root: Path = ROOT) -> set[str]:
    """The names of the variables that models and macros read."""
    files = [file for folder in ("models", "macros") for file in (root / folder).rglob("*.*")]
    texts = [file.read_text("utf-8") for file in files if file.suffix in (".sql", ".yml")]
    return {*RunValues._fields, *(name for text in texts for name in READ_VARIABLE.findall(text))}


def _unknown_sentence(name: str, known: Iterable[str]) -> str:
    closest = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"the closest name is '{closest[0]}'" if closest else "CHANGELOG.md has old names"
    return f"no model reads the setting '{name}'; {hint}"


def feature_names(features: dict[str, Any]) -> list[str]:
    """The names of all features, categorical ones first, in the order of `vars`.

    features: the variable of that name, `{categorical: [name], numeric: {name: bands}}`.
    """
    return [*features["categorical"], *features["numeric"]]


def known_at(timing: Mapping[str, str], features: dict[str, Any], when: str) -> list[str]:
    """The features that are known at 'creation' or 'close', in the order of `vars`.

    timing: when each feature is known, by name, from profiles.feature_timing.
    """
    return [name for name in feature_names(features) if timing[name] == when]


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
