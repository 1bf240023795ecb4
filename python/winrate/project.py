"""What the dbt project says of itself: its variables and the columns an export needs."""

import copy
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[2]
INTERNAL = "internal"  # the schema of what only a build needs
READ_VARIABLE = re.compile(r"""\bvar\(\s*["'](\w+)["']""")


class SettingsError(ValueError):
    """A setting, or a file of a user's own, that cannot be used: one sentence that names it."""


# Columns that tables have beside those of the export and the features; tests/python/test_project.py
# compares them with a build.
RESERVED_NAMES = """
    amount amount_cents amount_converted amount_per_day as_of_date assumed_closed_date
    baseline baseline_change_pp close_date closed_quarter compared_as_of_date
    compared_win_probability comparison crm_percentage cycle_days days_in_stage
    deal_age_days deal_url design_effect exclusion_reason expected_amount export_position
    fiscal_quarter fold foreign_currency grade has_created_dates has_implausible_close_date
    has_implausible_created_date is_before is_born_closed is_close_near_month_end is_history
    is_in_export is_late_stage is_open is_other_currency is_out_of_scope is_primary
    is_stage_date_known kept_line known_age_days known_stage_date last_position left_for
    loss_kind lost_cents model_run_id month_start n_after n_before n_closed_deals n_deals
    n_holdout_deals n_holdout_won n_lines n_lost n_won n_won_after n_won_before new_texts
    original_amount original_currency owner period place previous_win_probability profile_id
    quarter_start raw_text read_error record_number reject_code reporting_currency
    row_content score_change_pp score_fold score_id score_trend source_line stage_name
    stage_outcome stated_outcome top_reason_1 top_reason_2 top_reason_3 win_probability
    win_probability_90_days win_probability_high win_probability_low
    win_probability_next_quarter win_probability_this_quarter
"""
RESERVED = frozenset(RESERVED_NAMES.split())
COLUMN_TYPES = ("category", "date", "name", "number", "text")
COLUMN_NAME = re.compile("[a-z][a-z0-9_]*")
DEAL_ID = "{deal_id}"  # in deal_url_pattern
DEAL_URL = re.compile(r"""https?://[!#-&(-;=?-~]+""")  # printable ASCII without quotes, < and >


class RunValues(NamedTuple):
    """The variables that change from run to run, as text; macros/run_values.sql reads them."""

    deals_path: str = ""
    stages_path: str = ""
    mapping_path: str = ""
    alert_rules_path: str = ""
    exclusions_path: str = ""
    owners_path: str = ""
    targets_path: str = ""
    rates_path: str = ""
    as_of_date: str = ""
    latest_date: str = ""
    date_format: str = ""
    decimal_mark: str = ""
    scope: str = ""
    state_path: str = ""
    kept_path: str = ""


# Variables that the command reads and no model does.
COMMAND_VALUES = ("scopes", "source_path")
# Files of a user's own that models read: the variable with the path, and the name of the file in a
# folder that `CONFIG` names.
OWN_FILES = {
    "mapping_path": "mapping.csv",
    "alert_rules_path": "alert_rules.csv",
    "exclusions_path": "exclusions.csv",
    "owners_path": "owners.csv",
    "targets_path": "targets.csv",
    "rates_path": "rates.csv",
}
# What is read and as of when, which has columns of its own in quality.build_info; the other
# variables say how it is read.
INPUTS = frozenset(RunValues._fields) - {"date_format", "decimal_mark", "scope"}


def project_vars(root: Path = ROOT) -> dict[str, Any]:
    """The `vars` of dbt_project.yml: every number that a user may turn."""
    return copy.deepcopy(_parsed_vars((root / "dbt_project.yml").read_text(encoding="utf-8")))


@cache  # a command asks several times, and YAML takes longer than reading an export
def _parsed_vars(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)["vars"]


def folders(root: Path = ROOT) -> list[str]:
    """The folders that dbt reads, or deletes when it cleans."""
    settings = yaml.safe_load((root / "dbt_project.yml").read_text(encoding="utf-8"))
    lists = [value for name, value in settings.items() if name.endswith(("-paths", "-targets"))]
    return [folder for folders in lists for folder in folders]


def check_names(overrides: Mapping[str, Any] | None = None, root: Path = ROOT) -> None:
    """Raise SettingsError where no model reads a variable, or a column cannot have its name.

    overrides: the variables that the command line or a user's file gave, which take the place of
        those of dbt_project.yml.
    """
    variables = project_vars(root) | dict(overrides or {})
    for fault in _faults(variables) if "features" in variables else []:
        raise SettingsError(f"{fault}.")
    known = known_names(root)
    unknown = sorted(variables.keys() - known)
    if unknown:
        raise SettingsError("; ".join(_unknown_sentence(name, known) for name in unknown) + ".")


def _faults(variables: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with columns, features, comparisons and other settings, a sentence each."""
    columns = variables.get("export_columns", {})
    features = variables["features"]
    for name in dict.fromkeys([*columns, *feature_names(features)]):
        if not _is_column_name(name):
            word = re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")
            other = word if _is_column_name(word) else f"{word}_name"
            yield f"a column cannot be named '{name}'; name it '{other}', and say so in the mapping"
        elif name in RESERVED or name.startswith("contribution_") or name.endswith("_text"):
            yield f"a column cannot be named '{name}': tables have a column of that name"
    for name, column in columns.items():
        if column["type"] not in COLUMN_TYPES:
            expected = ", ".join(COLUMN_TYPES)
            yield f"the column {name} has the type '{column['type']}'; expected one of {expected}"
    for type_, names in {
        "category": features["categorical"],
        "number": features["numeric"],
    }.items():
        for name in names:
            found = columns[name]["type"] if name in columns else type_
            if found != type_ and (found, type_) != ("name", "category"):
                yield f"'{name}' cannot be such a feature: it is a {found} column, not a {type_}"
    pattern = variables.get("deal_url_pattern", "")
    if pattern and not (DEAL_URL.fullmatch(pattern) and DEAL_ID in pattern):
        yield (
            f"deal_url_pattern is {pattern!r}; expected an address that begins with https:// or"
            f" http://, contains {DEAL_ID} and has no spaces or quotes"
        )
    if (
        sum(each["is_primary"] for each in variables.get("comparisons", [{"is_primary": True}]))
        != 1
    ):
        yield "one entry of comparisons must have 'is_primary: true', and only one"
    tracked = variables.get("tracked_columns", [])
    can_be_tracked = {*columns, *feature_names(features)} - {"deal_id", "created_date"}
    for place, name in enumerate(tracked):
        if name not in can_be_tracked or name in tracked[:place]:
            yield (
                f"tracked_columns has '{name}'; expected columns of the export or features, each "
                "once, other than deal_id and created_date"
            )
    month = variables.get("fiscal_year_start_month", 0)
    if type(month) is not int or not 0 <= month <= 12:
        yield (
            f"fiscal_year_start_month is {month!r}; expected a month from 1 to 12, or 0 to infer "
            "it from the export"
        )
    currency = variables.get("reporting_currency", "")
    if currency and not re.fullmatch("[A-Za-z]{3}", str(currency)):
        yield f"reporting_currency is {currency!r}; expected a code of three letters, such as EUR"
    zone = variables.get("time_zone", "")
    if zone and zone not in _time_zones():
        closest = difflib.get_close_matches(str(zone), sorted(_time_zones()), n=1, cutoff=0.5)
        hint = f"; the closest name is '{closest[0]}'" if closest else ""
        yield f"time_zone is {zone!r}; expected a name of IANA, such as Europe/Berlin{hint}"


def _is_column_name(name: str) -> bool:
    return bool(COLUMN_NAME.fullmatch(name)) and name not in _sql_words()


@cache
def _sql_words() -> frozenset[str]:
    """The words that SQL does not take for the name of a column."""
    query = """
        select keyword_name from duckdb_keywords()
        where keyword_category in ('reserved', 'type_function')
    """
    with duckdb.connect() as connection:
        return frozenset(word for (word,) in connection.execute(query).fetchall())


@cache
def _time_zones() -> frozenset[str]:
    """The time zones that DuckDB knows."""
    with duckdb.connect() as connection:
        names = connection.execute("select name from pg_timezone_names()").fetchall()
    return frozenset(name for (name,) in names)


def known_names(root: Path = ROOT) -> set[str]:
    """The names of the variables that models and macros read."""
    files = [file for folder in ("models", "macros") for file in (root / folder).rglob("*.*")]
    texts = [file.read_text("utf-8") for file in files if file.suffix in (".sql", ".yml")]
    read = (*RunValues._fields, *COMMAND_VALUES)
    return {*read, *(name for text in texts for name in READ_VARIABLE.findall(text))}


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

    timing: when each feature is known, by name, from internal.feature_timing.
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


def columns_of_type(variables: Mapping[str, Any], type_: str) -> list[str]:
    """The columns of `export_columns` of a type, one of COLUMN_TYPES."""
    return [name for name, column in variables["export_columns"].items() if column["type"] == type_]


def columns_with(variables: Mapping[str, Any], flag: str) -> list[str]:
    """The columns of `export_columns` that have a property such as `adds`."""
    return [name for name, column in variables["export_columns"].items() if column.get(flag)]
