"""Finds the deals in a warehouse that Fivetran's dbt packages have filled.

A warehouse is a DuckDB file, or a folder of Parquet files that have the names of the tables.
"""

from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow.parquet as pq

from winrate import database
from winrate.ingest.records import ExportError, listed

# Per package, the table of the deals and that of their stages, where it has one.
TABLES = {
    "dbt_salesforce": ("salesforce__opportunity_enhanced", None),
    "dbt_hubspot": ("hubspot__deals", "hubspot__deal_stages"),
}
N_ROWS = 1 << 16  # of a table, copied at a time


class Source(NamedTuple):
    """The files to read: the export, and the stage history where there is one."""

    deals: Path
    stages: Path | None


def find(path: Path, copies: Path) -> Source:
    """The tables of the one package that a warehouse has.

    path: a DuckDB file or a folder of Parquet files. copies: a folder into which the tables of a
        DuckDB file are copied as Parquet, with their rows in their order.
    Raises ExportError where the warehouse cannot be opened, has the tables of no package or of
    several, or a table in several schemas.
    """
    if path.is_dir():
        found = {file.stem: file for file in sorted(path.glob("*.parquet"))}
        return _source(path, found)
    if not path.is_file() or not _is_database(path):
        what = "a file that is no DuckDB database" if path.is_file() else "no such file"
        raise ExportError(
            f"{path}: found {what}; expected a DuckDB file or a folder of Parquet files."
        )
    try:
        with database.open_readonly(path) as connection:
            schemas = _schemas(connection)
            source = _source(path, {name: copies / f"{name}.parquet" for name in schemas})
            for file in filter(None, source):
                _copy(connection, path, schemas[file.stem], file)
    except duckdb.Error as error:
        raise ExportError(
            f"{path}: found a file that cannot be read ({database.reason(error)}); expected a"
            " DuckDB file that no other program writes to."
        ) from error
    return source


def _source(path: Path, found: dict[str, Path]) -> Source:
    packages = [tables for tables in TABLES.values() if tables[0] in found]
    if len(packages) != 1:
        names = [deals for deals, _ in TABLES.values()]
        raise ExportError(
            f"{path}: found {listed([tables[0] for tables in packages]) or 'none of the tables'};"
            f" expected one of {listed(names)}."
        )
    deals, stages = packages[0]
    return Source(found[deals], found.get(stages))


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:] == b"DUCK"


def _schemas(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The schemas that have a table or view of each name among those of `TABLES`."""
    names = [name for tables in TABLES.values() for name in tables if name]
    rows = connection.execute(
        """
        select table_name, list(table_schema order by table_schema)
        from information_schema.tables
        where table_catalog = current_database() and table_name in (select unnest($1))
        group by table_name
        order by table_name
        """,
        [names],
    ).fetchall()
    return dict(rows)


def _copy(
    connection: duckdb.DuckDBPyConnection, path: Path, schemas: list[str], file: Path
) -> None:
    if len(schemas) > 1:
        raise ExportError(
            f"{path}: found {file.stem} in the schemas {listed(schemas)}; expected it once."
        )
    rows = connection.sql(f'from "{schemas[0]}"."{file.stem}"').to_arrow_reader(N_ROWS)
    with pq.ParquetWriter(file, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
