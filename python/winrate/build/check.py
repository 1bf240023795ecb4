"""How an export would be read, before anything is built from it: `make check`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

from winrate import database, project, wording
from winrate.build import build, staging, summary
from winrate.ingest import mapping, reader
from winrate.ingest.header import (
    ExportHeader,
    WantedColumns,
    normalise_header,
    normalised_titles,
)

N_EXAMPLES = 3
N_LEVELS = 8
N_WORDS = 25  # for an outcome, those that are not known first
EXAMPLE_LETTERS = 40


class Check(NamedTuple):
    """What to print, and whether a build would accept the file."""

    text: str
    is_usable: bool


def check(request: build.BuildRequest) -> Check:
    """Read and type an export as a build would, in a folder of its own, and say what came of it.

    request: its warehouse and report are not touched. Raises ExportError where the file cannot be
    read at all, BuildError where staging fails.
    """
    variables = project.project_vars()
    wanted = mapping.wanted_columns(request.mapping, variables)
    header = reader.read_header(request.deals, wanted)
    sections = [_headline(request.deals, header)]
    absent = _absent_titles(header, mapping.own_titles(request.mapping, variables))
    if header.missing:
        sections.append(_section("columns", [*_missing_columns(header, wanted), *absent]))
        sections.append(_refused([_missing_sentence(header)]))
        return Check("\n".join(sections), is_usable=False)
    models = staging.compiled_models()
    with (
        tempfile.TemporaryDirectory() as folder,
        database.open_locked(Path(folder) / "check.duckdb") as connection,
    ):
        staging.stage(connection, models, **request.run_values())
        faults = summary.export_errors(connection)
        sections += [
            _section("columns", [*_columns(connection, header, wanted), *absent]),
            _section("values", [*_formats(connection), *_outcomes(connection)]),
            _section("levels", [*_levels(connection), *_unmatched(connection)]),
            _section("rows", _rows(connection)),
            _refused(faults) if faults else _accepted(connection),
        ]
    return Check("\n".join(sections), is_usable=not faults)


# ---------- sections


def _headline(path: Path, header: ExportHeader) -> str:
    return f"{path.name}, its header in line {header.source_line}\n"


def _section(title: str, lines: list[tuple[str, str]]) -> str:
    """A titled list of names, each with what is said of it."""
    width = max((len(name) for name, _ in lines), default=0) + 2
    return "\n".join([title, *(f"  {name:<{width}}{text}".rstrip() for name, text in lines), ""])


def _refused(faults: list[str]) -> str:
    return "A build would refuse this file:\n" + "\n".join(f"  {fault}." for fault in faults)


def _accepted(connection: duckdb.DuckDBPyConnection) -> str:
    query = "select n_read - n_skipped, n_rejected from quality.row_ledger"
    n_rows, n_rejected = connection.execute(query).fetchall()[0]
    if not n_rejected:
        return "A build would accept this file."
    rejected = f"{wording.count(n_rejected)} of its {wording.count(n_rows)} rows"
    return f"A build would accept this file, without {rejected}."


def _missing_columns(header: ExportHeader, wanted: WantedColumns) -> list[tuple[str, str]]:
    """Where each required column is, before the file can be read."""
    lines = []
    for name in wanted.required:
        found = [each for each in wanted.choices(name) if header.positions[each] is not None]
        lines.append((name, _title(header, found[0]) if found else "missing"))
    return [*lines, _unread(header)]


def _missing_sentence(header: ExportHeader) -> str:
    variables = project.project_vars()
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


def _columns(
    connection: duckdb.DuckDBPyConnection, header: ExportHeader, wanted: WantedColumns
) -> list[tuple[str, str]]:
    """For each column what it is called and what stands in it."""
    variables = project.project_vars()
    computed = project.columns_with(variables, "is_computed")
    features = [
        name for name in project.feature_names(variables["features"]) if name not in computed
    ]
    lines = []
    for name, place in header.positions.items():
        if place is not None:
            examples = connection.execute(
                f'select "{name}" from raw.raw_deals where "{name}" is not null'
                f" group by 1 order by min(source_line) limit {N_EXAMPLES}"
            ).fetchall()
            found = ", ".join(_brief(cell) for (cell,) in examples) or "(blank)"
            lines.append((name, f"{_title(header, name)}: {found}"))
            lines += [
                ("", f"'{_brief(title)}' could be it too and is not read; MAPPING decides")
                for title in _unread_titles(header)
                if not set(wanted.titles_of(name)).isdisjoint(normalised_titles(title))
            ]
        elif name in features:
            lines.append((name, "not there; 'Unknown' in every deal, so nothing is said of it"))
    return [*lines, _unread(header)]


def _title(header: ExportHeader, name: str) -> str:
    return f"'{_brief(header.titles[header.positions[name]])}'"


def _unread(header: ExportHeader) -> tuple[str, str]:
    return "not read", ", ".join(map(_brief, _unread_titles(header))) or "none"


def _unread_titles(header: ExportHeader) -> list[str]:
    read = header.positions.values()
    return [title for place, title in enumerate(header.titles) if place not in read]


def _absent_titles(header: ExportHeader, own_titles: list[str]) -> list[tuple[str, str]]:
    """The titles that MAPPING names and the export does not have: a slip of the pen, it may be."""
    found = {name for title in header.titles for name in normalised_titles(title)}
    return [
        ("MAPPING", f"no column is called '{_brief(title)}'")
        for title in own_titles
        if normalise_header(title) not in found
    ]


def _formats(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """How dates and amounts are written, and the day that they lead to."""
    order, n_slash_dates, example, mark, currencies = connection.execute(
        "select date_order, n_slash_dates, slash_date_example, decimal_mark, currency_list"
        " from staging.export_formats"
    ).fetchall()[0]
    if n_slash_dates:
        yield "dates", f"{order}, in {wording.count(n_slash_dates)} dates such as {_brief(example)}"
    else:
        yield "dates", "each says by itself which is the day and which the month"
    marks = {".": "decimal point", ",": "decimal comma"}
    ((as_of_date,),) = connection.execute("select as_of_date from staging.as_of_dates").fetchall()
    if as_of_date:
        yield "as of", f"{as_of_date}, the newest date that is not an expected close"
    yield "amounts", f"{marks.get(mark, f'{mark} decimal mark')}; {currencies or 'no currency'}"


def _outcomes(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """What says the outcome, and what each of its words means."""
    ((source,),) = connection.execute("select outcome_from from staging.export_formats").fetchall()
    yield "outcome", f"from {source}"
    words = connection.execute(
        f"""
        select coalesce(raw_deals."{source}", '(blank)'), count(*), list(distinct
            case when typed_rows.is_open then 'Open' else coalesce(typed_rows.outcome, '?') end)
        from raw.raw_deals
        inner join staging.typed_rows using (source_line)
        where typed_rows.read_error is null
        group by 1
        order by bool_or(typed_rows.outcome is null and not typed_rows.is_open) desc, 2 desc, 1
        """
    ).fetchall()
    if source != "won_date":
        for word, n_deals, meanings in words[:N_WORDS]:
            read_as = " or ".join(sorted(meanings)).replace("?", "not known: say so in MAPPING")
            yield "", f"{_brief(word)} ({wording.count(n_deals)}): {read_as}"
        if len(words) > N_WORDS:
            yield "", f"and {wording.count(len(words) - N_WORDS)} more"


def _levels(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The commonest levels of each category, and spellings that are read as one."""
    lines = []
    levels = connection.execute(
        """
        with levels as (
            select column_name, level, sum(n_deals) as n_deals,
                list(spelling order by n_deals desc, spelling) as spellings
            from staging.level_mappings group by all
        )
        select column_name, count(*), list(level order by n_deals desc, level),
            list(n_deals order by n_deals desc, level),
            list(spellings order by n_deals desc, level)
        from levels group by all order by column_name
        """
    ).fetchall()
    for name, n_levels, names, counts, spellings in levels:
        shown = [
            f"{_brief(level)} ({wording.count(n)})"
            for level, n in zip(names[:N_LEVELS], counts[:N_LEVELS], strict=True)
        ]
        more = f" and {wording.count(n_levels - N_LEVELS)} more" if n_levels > N_LEVELS else ""
        lines.append((name, ", ".join(shown) + more))
        merged = [
            (level, found)
            for level, found in zip(names, spellings, strict=True)
            if found != [level]
        ]
        for level, found in merged[:N_LEVELS]:
            cells = ", ".join(f"'{_brief(cell)}'" for cell in found[:N_LEVELS])
            lines.append(("", f"read as {_brief(level)}: {cells}"))
    return lines


def _unmatched(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The words and values that MAPPING names and no row has."""
    unmatched = connection.execute(
        "select kind, found from staging.unused_mappings order by all"
    ).fetchall()
    return [("MAPPING", f"no row has the {kind} '{_brief(found)}'") for kind, found in unmatched]


def _rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """What becomes of the rows, with examples of those that are not used."""
    n_read, n_accepted, n_rejected, n_skipped = (
        wording.count(n)
        for n in connection.execute(
            "select n_read, n_accepted, n_rejected, n_skipped from quality.row_ledger"
        ).fetchall()[0]
    )
    lines = [
        ("read", n_read),
        ("accepted", n_accepted),
        ("rejected", n_rejected),
        ("skipped", n_skipped),
    ]
    unused = connection.execute(
        """
        select reason_code, count(*), min_by((source_line, reason), source_line, $1)
        from quality.rejected_deals group by all order by 2 desc, 1
        """,
        [N_EXAMPLES],
    ).fetchall()
    for code, n_rows, examples in unused:
        lines.append((code, wording.count(n_rows)))
        lines += [("", f"line {line}: {_brief(reason, 160)}") for line, reason in examples]
    unread = connection.execute(
        """
        select column_name, count(*), min_by((source_line, cell), source_line, $1)
        from staging.unparsed_cells group by all order by 2 desc, 1
        """,
        [N_EXAMPLES],
    ).fetchall()
    for name, n_cells, examples in unread:
        lines.append((name, f"not read in {wording.count(n_cells)} of the accepted rows"))
        lines += [("", f"line {line}: '{_brief(cell)}'") for line, cell in examples]
    return lines


def _brief(text: str, limit: int = EXAMPLE_LETTERS) -> str:
    """Text of an export in one short line."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."
