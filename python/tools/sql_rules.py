"""Lists SQL that two engines would read differently, and exits with 1 where there is any.

    python -m tools.sql_rules

docs/decisions/0008-sql-that-two-engines-read.md has the ten rules. The ones that show in the text
of a file are checked here, in models, macros and tests as they are written. Engine-specific SQL may
only be in macros/dialect/. Not checked is what depends on the data, such as whether an ordered
column can be null.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from winrate import project

FOLDERS = ("models", "macros", "tests")
DIALECT = Path("macros/dialect")
# Jinja comments, SQL comments to the end of their line, and divisions that Jinja itself computes.
NO_SQL = re.compile(r"\{#.*?#\}|--[^\n]*|\{\{[^'\"{}]*/[^'\"{}]*\}\}", re.DOTALL)


class Rule(NamedTuple):
    """A pattern of SQL that is not allowed, and what to write instead."""

    found: re.Pattern[str]
    instead: str
    only_in: str = ""  # a top folder; everywhere where it is empty


def rule(pattern: str, instead: str, only_in: str = "") -> Rule:
    """A rule of which the case of letters does not matter."""
    return Rule(re.compile(pattern, re.IGNORECASE), instead, only_in)


# DuckDB's functions that Spark lacks, spells otherwise or computes otherwise, by their remedy.
FUNCTIONS = {
    r"regexp_\w+|rlike": "matches, contains_match, replace_matches or extract_match",
    r"nfc_normalize": "nfc",
    r"printf|format|format_number": "fixed_1, signed_1 or thousands, in a wording macro",
    r"string_agg|listagg|group_concat": "text_list",
    r"quantile\w*|approx_quantile": "percentile_cont or percentile_disc within group",
    r"arg_max|arg_min": "max_by or min_by",
    r"list|list_\w+|array_agg|array_\w+|struct_pack|unnest": "rows; there are no lists in SQL",
    r"epoch|epoch_ms|timestamp_millis": "day_of_millis",
    r"(?:try_)?strptime|strftime|try_to_date|to_date": "try_cast of year, month and day",
    r"date_?diff": "days_between",
    r"date_?(?:add|sub)|to_days|to_months": "add_days, add_months or add_quarters",
    r"round_even|bround": "round_half_even",
    r"conv": "hex_to_number",
}
RULES = (
    *(
        rule(rf"(?<![\w.|])(?:dbt\.)?(?:{names})\s*\(", instead)
        for names, instead in FUNCTIONS.items()
    ),
    rule(r"\bfrom\s+(?:range|generate_series)\s*\(", "listed, or a table"),
    rule(r"'0x'", "hex_to_number"),
    rule(r"\*\s+(?:exclude|replace)\b", "a list of columns"),
    rule(r"::", "cast"),
    rule(r"(?<![:\w])//", "floor of a quotient"),
    rule(r"\blambda\b|->", "a CTE"),
    rule(r"\\", "a pattern macro in macros/cleaning", only_in="models"),
    rule(r"\b\w*_date\s+-\s+(?:\w+\.)?\w*_date\b", "days_between"),
    rule(r"(?<!cast\()(?<!cast\(\{\{ dbt\.)\bdate_trunc\s*\(", "cast(date_trunc(...) as date)"),
    rule(r"\bavg\s*\((?:[^()]*amount|\s*cast\()", "sum divided by count: mean_of"),
    rule(
        r"(?<!cast\()\brow_number\s*\(\)\s*over\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*as\b",
        "cast(row_number() over ... as bigint)",
    ),
    rule(
        r"\b(?:on|and)\b[^\n]*\{\{\s*(?:level_key|folded|nfc)\(", "a key that is a column of a CTE"
    ),
    rule(
        r"(?<=\s)/\s+(?:(?:\w+\.)?[a-z_]+\b(?!\s*\()|\{\{\s*\w+\s*\}\})",
        "nullif around the divisor",
    ),
)


class Offence(NamedTuple):
    """SQL that breaks a rule."""

    path: Path
    line: int
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: '{self.found}': use {self.instead}"


def offences(root: Path = project.ROOT) -> Iterator[Offence]:
    """Every offence in the models, macros and tests of a project, by file and line."""
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.sql")):
            relative = path.relative_to(root)
            if DIALECT not in relative.parents:
                yield from offences_in(path.read_text(encoding="utf-8"), relative)


def offences_in(sql: str, path: Path) -> Iterator[Offence]:
    """The offences in the text of one file; `path` is relative to the project."""
    code = NO_SQL.sub(lambda text: re.sub(r"[^\n]", " ", text[0]), sql)
    found = [
        Offence(path, code.count("\n", 0, match.start()) + 1, match[0].strip(), rule.instead)
        for rule in RULES
        if rule.only_in in ("", path.parts[0])
        for match in rule.found.finditer(code)
    ]
    yield from sorted(found, key=lambda offence: offence.line)


def main() -> int:
    """Print the offences; 1 where there is any."""
    found = [str(offence) for offence in offences()]
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
