"""The files of a new folder for `CONFIG`: settings, rules, owners, targets, and what they are for.

Settings and rules are those of dbt_project.yml and of the seed, with their comments; a '#' keeps
each line from being read until a user takes it away.
"""

import json
import shlex
from pathlib import Path
from string import Template

from winrate import project
from winrate.config import alert_rules, owners, targets

README = "README.md"
TEMPLATE = Path(__file__).parent / "templates" / README

# The settings that users are most likely to change; a file may have every other one, too.
SETTINGS = (
    "date_format",
    "decimal_mark",
    "fiscal_year_start_month",
    "reporting_currency",
    "time_zone",
    "mask_reps",
    "mask_names",
    "deal_url_pattern",
    "null_values",
    "max_rejected_share",
    "features",
    "known_at_close",
    "min_deals_per_level",
    "min_outcomes",
    "min_effect_pp",
    "late_stages",
)


def readme_text(folder: Path, deals: Path) -> str:
    """What the files of a folder are for, in one page."""
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    commands = {target: command(target, folder, deals) for target in ("check", "build")}
    return template.substitute(name=folder.resolve().name, **commands)


def command(target: str, folder: Path, deals: Path) -> str:
    """`make check DEALS=export.csv CONFIG=my_crm`, to be typed into a shell."""
    return f"make {target} DEALS={shlex.quote(str(deals))} CONFIG={shlex.quote(str(folder))}"


def settings_text(stages: Path | None = None, root: Path = project.ROOT) -> str:
    """Settings of dbt_project.yml with their defaults, none of them in force.

    stages: the stage history, of which the path is in force; the export is named with each command.
    """
    documented = documented_settings(root)
    parts = [
        "# Settings that differ from dbt_project.yml, which has all of them under `vars`.\n"
        "# To change one, take the # away in front of it and of the lines that are indented\n"
        "# below. Of a list, give all items.\n"
    ]
    if stages:
        path = json.dumps(str(stages.absolute()), ensure_ascii=False)  # as YAML quotes it, too
        parts.append(f"# The history of the deals' stages.\nstages_path: {path}\n")
    return "\n".join([*parts, *(documented[name] for name in SETTINGS)])


def documented_settings(root: Path = project.ROOT) -> dict[str, str]:
    """The lines of each variable of dbt_project.yml, with the comments above it but no headings.

    A '#' stands in front of each line; a comment stays as it is.
    """
    text = (root / "dbt_project.yml").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    comments, name = "", ""
    for line in text.partition("\nvars:\n")[2].splitlines():
        line = line.removeprefix("  ")
        if not line:
            comments = ""
        elif line.startswith("#"):
            comments += "" if line.startswith("# ----") else f"{line}\n"
        elif line.startswith(" "):
            found[name] += f"#{line}\n"
        else:
            name = line.partition(":")[0]
            found[name] = f"{comments}#{line}\n"
            comments = ""
    return found


def alert_rules_text() -> str:
    """The rules of the seed, none of them in force."""
    titles, *rules = alert_rules.seed_path().read_text(encoding="utf-8").splitlines()
    return (
        f"{titles}\n"
        "# Rules that differ from seeds/alert_rules.csv. To change one, take the # away in front\n"
        "# of it. An empty cell keeps the value of the seed; none empties it.\n"
        + "".join(f"#{rule}\n" for rule in rules)
    )


def owners_text() -> str:
    """The titles of owners.csv, and an example of a line."""
    return (
        f"{','.join(owners.FIELDS)}\n"
        "# The team and the manager of an owner, by the id or the name in the export. What a cell\n"
        "# says goes before the export; an empty one leaves it as it is.\n"
        "#0055g00000ABCdE,Mid-Market,Mo Fox,Ann Lee\n"
    )


def targets_text() -> str:
    """The titles of targets.csv, and an example of each kind of line."""
    return (
        f"{','.join(targets.FIELDS)}\n"
        "# What is to be won: in a quarter (2026-Q4, FY2026/27 Q1), a month (2026-11) or a year\n"
        "# (2026, FY2026/27), by an owner, by a team or, where both are empty, in all.\n"
        "#2026-Q4,,,5000000\n"
        "#2026-Q4,,Mid-Market,1200000\n"
        "#2026-11,Ann Lee,,90000\n"
    )
