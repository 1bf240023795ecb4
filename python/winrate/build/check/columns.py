"""The part of a check on the header of an export: which column is read as what."""

from collections.abc import Mapping
from typing import Any

import duckdb

from winrate import database, project
from winrate.build.check.lines import Line, brief
from winrate.ingest.header import (
    ExportHeader,
    WantedColumns,
    normalise_header,
    normalised_titles,
)

N_EXAMPLES = 3  # cells of a column


def staged_columns(
    connection: duckdb.DuckDBPyConnection,
    header: ExportHeader,
    wanted: WantedColumns,
    variables: Mapping[str, Any],
) -> list[Line]:
    """For each column its title and its first values; features without a column; other titles.

    connection: to a database with the table raw.raw_deals of the export.
    """
    computed = project.columns_with(variables, "is_computed")
    features = set(project.feature_names(variables["features"])).difference(computed)
    lines: list[Line] = []
    for name, place in header.positions.items():
        if place is not None:
            lines.append((name, f"{_title(header, name)}: {_examples(connection, name)}"))
            lines += [
                ("", f"'{brief(title)}' could be it too and is not read; MAPPING decides")
                for title in _other_titles(header)
                if not set(wanted.titles_of(name)).isdisjoint(normalised_titles(title))
            ]
        elif name in features:
            lines.append((name, "missing; 'Unknown' in every deal, so there are no results for it"))
    return [*lines, _not_read(header)]


def required_columns(header: ExportHeader, wanted: WantedColumns) -> list[Line]:
    """For each required column its title or that it is missing; other titles."""
    lines: list[Line] = []
    for name in wanted.required:
        found = [each for each in wanted.choices(name) if header.positions[each] is not None]
        lines.append((name, _title(header, found[0]) if found else "missing"))
    return [*lines, _not_read(header)]


def missing_sentence(header: ExportHeader, variables: Mapping[str, Any]) -> str:
    """Which required columns are missing, and what to do about it."""
    may_be_blank = [
        name for name in project.columns_with(variables, "may_be_blank") if name in header.missing
    ]
    unkept = ""
    if may_be_blank:
        unkept = f"; where you do not keep {' and '.join(may_be_blank)}, add it as an empty column"
    return (
        f"it has no {' and no '.join(header.missing)}; name the columns that are these in MAPPING,"
        f" a CSV of kind,found,means with lines such as 'column,Title,{header.missing[0]}'{unkept}"
    )


def unused_titles(header: ExportHeader, own_titles: list[str]) -> list[Line]:
    """The titles in MAPPING that no column of the export has, which may be typos."""
    found = {name for title in header.titles for name in normalised_titles(title)}
    return [
        ("MAPPING", f"no column is called '{brief(title)}'")
        for title in own_titles
        if normalise_header(title) not in found
    ]


def _title(header: ExportHeader, name: str) -> str:
    return f"'{brief(header.titles[header.positions[name]])}'"


def _examples(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    examples = database.named_rows(
        connection,
        f"""
        select "{name}" as cell from raw.raw_deals where "{name}" is not null
        group by cell order by min(source_line) limit {N_EXAMPLES}
        """,
    )
    return ", ".join(brief(example.cell) for example in examples) or "(blank)"


def _not_read(header: ExportHeader) -> Line:
    return "not read", ", ".join(map(brief, _other_titles(header))) or "none"


def _other_titles(header: ExportHeader) -> list[str]:
    read = header.positions.values()
    return [title for place, title in enumerate(header.titles) if place not in read]
