"""A user's settings.yml: values that take the place of those in dbt_project.yml.

A mapping is merged with the default key by key, at every depth; any other value, such as a number
or a list, takes the place of the default as a whole. A numeric feature without bands is taken out.
"""

import os
from pathlib import Path
from typing import Any, ClassVar

import yaml

from winrate import project
from winrate.config import shapes
from winrate.project import SettingsError

# Of the values of a run, those that a user may state in a file; `make build` has the others.
STATED = (
    "deals_path",
    "stages_path",
    "as_of_date",
    "date_format",
    "decimal_mark",
    "scope",
    "state_path",
)


PATHS = ("deals_path", "stages_path", "source_path", "state_path")


def read(path: Path) -> dict[str, Any]:
    """The settings of a file, each with its whole value; raises SettingsError.

    A relative path (`PATHS`) is relative to the folder of the file.
    """
    defaults = project.project_vars()
    found = _loaded(path)
    settings: dict[str, Any] = {}
    for name, value in found.items():
        if name in project.RunValues._fields and name not in STATED:
            raise SettingsError(f"{path}: '{name}' is no setting of a file; `make help` has it.")
        if name in defaults:
            shapes.refuse_other(path, name, value, defaults[name])
            value = merged(defaults[name], value)
        settings[name] = value
    for name, column in settings.get("export_columns", {}).items():
        if column["type"] != defaults["export_columns"].get(name, column)["type"]:
            raise SettingsError(f"{path}: export_columns.{name}.type cannot be changed.")
    try:
        project.check_names(settings)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    for name in PATHS:
        if settings.get(name):
            settings[name] = os.path.normpath(path.parent.absolute() / settings[name])
    return settings


def merged(default: Any, value: Any) -> Any:
    """A value in the place of its default; mappings key by key."""
    if not isinstance(default, dict) or not isinstance(value, dict):
        return value
    both = default | {key: merged(default.get(key), each) for key, each in value.items()}
    return {key: each for key, each in both.items() if each is not None}


def _loaded(path: Path) -> dict[str, Any]:
    try:
        found = _Loader(path.read_text(encoding="utf-8-sig")).get_single_data()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be opened ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: cannot be read ({error}); save it as UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        where = f"{path}, line {error.problem_mark.line + 1}" if error.problem_mark else path
        raise SettingsError(f"{where}: cannot be read as YAML ({error.problem}).") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: cannot be read as YAML ({error}).") from error
    if not isinstance(found or {}, dict) or not all(isinstance(name, str) for name in found or {}):
        raise SettingsError(f"{path}: expected lines such as 'min_outcomes: 40'.")
    return found or {}


class _Loader(yaml.SafeLoader):
    """YAML in which a date is text and no key stands twice."""

    yaml_implicit_resolvers: ClassVar = {
        start: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for start, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"'{key.value}' stands twice", key.start_mark
                )
            keys.add(str(key.value))
        return super().construct_mapping(node, deep)
