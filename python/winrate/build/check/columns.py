"""The part of a check on the header of an export: which column is read as what."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb

from winrate import database, project
from winrate.build.check.lines import Line, brief
from winrate.config.csv_rows import csv_line
from winrate.ingest.header import (
    ExportHeader,
    WantedColumns,
    normalise_header,
    title_key,
    title_keys,
)

N_EXAMPLES = 3  # cells of a column
WORDS_OF_TIME = {"date", "time", "day", "on", "at", "when"}
WORD_OF_TIME = 0.3  # what such a word counts, for a date
REP = "sales_rep_id"
GROUPED = (
    "filled only in the first row of each run, as in a grouped report; export it as 'Details Only'"
)
MIN_LIKENESS = 0.3  # of a title that is suggested: a word of which the column has a third


def staged_columns(
    connection: duckdb.DuckDBPyConnection,
    header: ExportHeader,
    wanted: WantedColumns,
    variables: Mapping[str, Any],
) -> list[Line]:
    """For each column its title and its first values; what the export lacks; other titles.

    connection: to a database with internal.raw_deals and internal.raw_texts of the export.
    """
    lacking = lacking_columns(header, wanted, variables)
    suggestions = suggested_titles(header, wanted, variables)
    groups = {REP, *variables["features"]["categorical"]}
    lines: list[Line] = []
    for name, place in header.positions.items():
        if place is not None:
            lines.append((name, f"{_title(header, name)}: {_examples(connection, header, name)}"))
            if name in groups and _is_grouped(connection, name):
                lines.append(("", GROUPED))
            lines += [
                ("", f"'{brief(title)}' could be it too and is not read; MAPPING decides")
                for title in other_titles(header)
                if not set(wanted.keys_of(name)).isdisjoint(title_keys(title))
            ]
        elif name in lacking:
            adds = variables["export_columns"][name]["adds"]
            lines.append((name, f"{_missing(name, suggestions)}; it would add {adds}"))
    proposed = [("MAPPING", f"a line for it: '{line}'") for line in mapping_lines(suggestions)]
    return [*lines, *proposed, _features(header, variables), _not_read(header)]


def required_columns(
    header: ExportHeader, wanted: WantedColumns, suggestions: Mapping[str, str]
) -> list[Line]:
    """For each required column its title or that it is missing; other titles."""
    lines: list[Line] = []
    for name in wanted.required:
        found = [each for each in wanted.choices(name) if header.positions[each] is not None]
        lines.append((name, _title(header, found[0]) if found else _missing(name, suggestions)))
    return [*lines, _not_read(header)]


def lacking_columns(
    header: ExportHeader, wanted: WantedColumns, variables: Mapping[str, Any]
) -> list[str]:
    """The required columns that are missing, and those that would add something (`adds`).

    A column that can be derived from another is not missing.
    """
    adding = project.columns_with(variables, "adds")
    return [
        name
        for name in wanted.names
        if name in header.missing
        or (name in adding and all(header.positions[each] is None for each in wanted.choices(name)))
    ]


def suggested_titles(
    header: ExportHeader, wanted: WantedColumns, variables: Mapping[str, Any]
) -> dict[str, str]:
    """For columns that are missing, the titles that resemble what they are called.

    A word counts by its share of the known titles with that word that are the column's, and so do
    the words of a title in one (leadsource); a word of time counts for dates. Titles of columns
    that are never suggested do not count. Each title is suggested once, for the column that it
    resembles most.
    """
    words = {
        name: Counter(
            word for title in wanted.titles_of(name) for word in {*_words(title), title_key(title)}
        )
        for name in wanted.names
    }
    columns = variables["export_columns"]
    suggestible = {*wanted.required, *project.columns_with(variables, "adds")}
    in_all = sum((words[name] for name in suggestible), Counter())
    lacking = lacking_columns(header, wanted, variables)

    def likeness(name: str, title: str) -> float:
        found = _words(title)
        is_date = columns.get(name, {}).get("type") == "date"
        of_time = WORD_OF_TIME if is_date and found & WORDS_OF_TIME else 0.0
        return of_time + sum(words[name][word] / in_all[word] for word in found & set(words[name]))

    pairs = [
        (-likeness(name, title), lacking.index(name), title)
        for name in lacking
        for title in other_titles(header)
    ]
    suggested: dict[str, str] = {}
    for unlikeness, place, title in sorted(pairs):
        name = lacking[place]
        is_free = name not in suggested and title not in suggested.values()
        if is_free and -unlikeness >= MIN_LIKENESS:
            suggested[name] = title
    return {name: suggested[name] for name in lacking if name in suggested}


def other_titles(header: ExportHeader) -> list[str]:
    """The titles of the columns that are not read."""
    read = header.positions.values()
    return [title for place, title in enumerate(header.titles) if title and place not in read]


def missing_sentence(header: ExportHeader, suggestions: Mapping[str, str]) -> str:
    """Which required columns are missing, and what to do about it."""
    examples = mapping_lines({name: suggestions.get(name, "Title") for name in header.missing})
    lines = " and ".join(f"'{line}'" for line in examples)
    return (
        f"it has no {' and no '.join(header.missing)}; name the columns that are these in MAPPING,"
        f" a CSV of kind,found,means with lines such as {lines}{header.advice}"
    )


def mapping_lines(titles: Mapping[str, str]) -> list[str]:
    """Lines of MAPPING that read columns from these titles, by the name of the column."""
    return [csv_line(("column", title, name)) for name, title in titles.items()]


def unused_titles(header: ExportHeader, own_titles: list[str]) -> list[Line]:
    """The titles in MAPPING that no column of the export has, which may be typos."""
    found = {key for title in header.titles for key in title_keys(title)}
    return [
        ("MAPPING", f"no column is called '{brief(title)}'")
        for title in own_titles
        if title_key(title) not in found
    ]


def _missing(name: str, suggestions: Mapping[str, str]) -> str:
    """'missing', with a title that may be the column."""
    return f"missing; '{brief(suggestions[name])}'?" if name in suggestions else "missing"


def _words(title: str) -> set[str]:
    return {word for word in normalise_header(title).split("_") if word}


def _title(header: ExportHeader, name: str) -> str:
    return f"'{brief(header.titles[header.positions[name]])}'"


def _examples(connection: duckdb.DuckDBPyConnection, header: ExportHeader, name: str) -> str:
    """The first texts of a column."""
    texts = f"select text, text_id as place from internal.raw_texts where column_name = '{name}'"
    if name in header.per_deal:
        texts = f"select {name} as text, source_line as place from internal.raw_deals"
    examples = database.named_rows(
        connection,
        f"""
        select text from ({texts}) where text is not null
        group by text order by min(place) limit {N_EXAMPLES}
        """,
    )
    return ", ".join(brief(example.text) for example in examples) or "(blank)"


def _is_grouped(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether a column is like that of a report that shows the value of a group once.

    Most of its cells are blank, the first is not, and no two in succession have one value.
    """
    (found,) = database.named_rows(
        connection,
        f"""
        with cells as (
            select
                source_line,
                "{name}" as cell,
                lag("{name}" ignore nulls) over (order by source_line) as cell_above
            from internal.raw_deals
            where read_error is null
        )
        select
            count(cell) >= 2
            and 2 * count(cell) <= count(*)
            and min_by(cell is not null, source_line)
            and not bool_or(coalesce(cell = cell_above, false)) as is_grouped
        from cells
        """,
    )
    return bool(found.is_grouped)


def _features(header: ExportHeader, variables: Mapping[str, Any]) -> Line:
    """The columns that are taken as features: what is compared, as far as it has levels."""
    computed = project.columns_with(variables, "is_computed")
    names = [
        name
        for name in project.feature_names(variables["features"])
        if header.positions[name] is not None or name in computed
    ]
    return "features", ", ".join(names) or "none"


def _not_read(header: ExportHeader) -> Line:
    return "not read", ", ".join(map(brief, other_titles(header))) or "none"
