"""Whether a setting has the shape of its default: a number, text, a list, a mapping, and so on."""

import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from winrate.project import SettingsError

# Mappings to which a user may add keys; those of others are fixed.
OPEN = ("export_columns", "features.numeric", "scopes")
CAN_LACK_KEYS = "features.numeric"  # a key without a value is taken out
CAN_BE_EMPTY = ("known_at_close", "null_values_that_are_levels")  # of the lists
KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


def refuse_other(path: Path, name: str, value: Any, default: Any) -> None:
    """Raise SettingsError where a value has another shape than its default.

    A default of 1 stands for whole numbers, one of 1.0 for all numbers. The items of a list have
    the shape of one of the items of the default. path, name: of the file and of the setting.
    """
    _Shapes(path).refuse_other(name, value, [default])


class _Shapes:
    def __init__(self, path: Path):
        self._path = path

    def refuse_other(self, name: str, value: Any, samples: Sequence[Any]) -> None:
        """Raise SettingsError where a value has the shape of none of some samples."""
        alike = [sample for sample in samples if _is_alike(value, sample)]
        if samples and not alike:
            kinds = dict.fromkeys(KINDS[type(sample)] for sample in samples)
            raise SettingsError(
                f"{self._path}: {name} is {_shown(value)}; expected {' or '.join(kinds)}, such as"
                f" {_shown(samples[0])}."
            )
        if value == [] and name not in CAN_BE_EMPTY:
            raise SettingsError(f"{self._path}: {name} has no items; expected one or more.")
        if isinstance(value, list):
            items = [item for sample in alike for item in sample]
            for place, item in enumerate(value, 1):
                self.refuse_other(f"{name}, item {place},", item, items)
                self._refuse_incomplete(f"{name}, item {place},", item, items)
        elif isinstance(value, dict):
            for key, each in value.items():
                self._refuse_other_value(name, key, each, alike)

    def _refuse_other_value(self, name: str, key: Any, value: Any, samples: list[dict]) -> None:
        """The same for the value of a key."""
        of_key = [sample[key] for sample in samples if key in sample]
        is_new = not of_key
        if name in OPEN:
            of_key += [each for sample in samples for each in sample.values()]
        if not of_key and name not in OPEN:
            known = list(dict.fromkeys(known for sample in samples for known in sample))
            closest = difflib.get_close_matches(str(key), known, n=1)
            raise SettingsError(
                f"{self._path}: {name} has no '{key}';"
                f" expected {closest[0] if closest else ', '.join(known)}."
            )
        if value is None and name == CAN_LACK_KEYS:
            return
        self.refuse_other(f"{name}.{key}", value, of_key)
        if is_new and of_key:
            self._refuse_incomplete(f"{name}.{key}", value, of_key)

    def _refuse_incomplete(self, name: str, value: Any, samples: list[Any]) -> None:
        """Raise SettingsError where a mapping lacks a key that all samples have."""
        if isinstance(value, dict):
            lacking = set.intersection(*map(set, samples)) - value.keys()
            if lacking:
                raise SettingsError(f"{self._path}: {name} has no {', '.join(sorted(lacking))}.")


def _is_alike(value: Any, sample: Any) -> bool:
    return type(value) is type(sample) or (type(value) is int and type(sample) is float)


def _shown(value: Any) -> str:
    return "empty" if value is None else json.dumps(value, ensure_ascii=False, default=str)
