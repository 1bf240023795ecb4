"""The public tables as CSV files: the same build, the same bytes; safe to open in a spreadsheet."""

from pathlib import Path

import duckdb
import yaml

from winrate import database, project
from winrate.build import publish

# A spreadsheet takes a cell that starts so for a formula, wherever its text came from (OWASP, "CSV
# Injection"); some do so behind what is not seen, and some where the sign has full width.
FORMULA = r"^[\s\p{Z}\p{C}]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]|^[\t\r\n]"


class TablesError(RuntimeError):
    """Tables that could not be written: one sentence that says why."""


def public_tables(root: Path = project.ROOT) -> list[str]:
    """`schema.table` of every table and view under a public contract, sorted."""
    return sorted(
        f"{properties.parent.name}.{model['name']}"
        for properties in (root / "models").glob("*/*.yml")
        for model in yaml.safe_load(properties.read_text(encoding="utf-8")).get("models", [])
        if model.get("config", {}).get("contract", {}).get("enforced")
    )


def export_tables(warehouse: Path, folder: Path) -> list[str]:
    """Write every public table of a built database into `folder`, as `<schema>.<table>.csv`.

    The files are UTF-8 with a header; rows are sorted by all columns. Text that a spreadsheet
    would take for a formula gets an apostrophe in front; numbers stay as they are. All files are
    written aside first: where one cannot be written, none is replaced.
    Returns the names of the tables. Raises TablesError where the database or a table of it is not
    there, or the folder cannot be written.
    """
    if not warehouse.is_file():
        raise TablesError(f"{warehouse} is not there; run `make build` first.")
    names = public_tables()
    try:
        publish.publish_files(folder, lambda aside: _write_tables(warehouse, names, aside))
    except duckdb.CatalogException as error:
        raise TablesError(
            f"{warehouse} lacks a public table ({database.reason(error)}); expected a database "
            "that this version built. Build it again."
        ) from error
    except duckdb.Error as error:
        raise TablesError(
            f"{warehouse} cannot be written to {folder} ({database.reason(error)}); what was there "
            "still stands."
        ) from error
    except OSError as error:
        raise TablesError(f"{folder} cannot be written to: {error.strerror}.") from error
    return names


def _write_tables(warehouse: Path, names: list[str], folder: Path) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        # Whatever its views ask for, nothing is read but this database, and written but here.
        connection.execute("set allowed_directories = ?", [[str(folder.absolute())]])
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        for name in names:
            _write_csv(connection, name, folder / f"{name}.csv")


def _write_csv(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> None:
    columns = connection.execute(f"describe {name}").fetchall()
    cells = ", ".join(
        _safe(column) if kind == "VARCHAR" else f'"{column}"' for column, kind, *_ in columns
    )
    connection.sql(f"select {cells} from {name} order by all").write_csv(str(path))


def _safe(column: str) -> str:
    """The text of a column, with an apostrophe in front of what would be a formula."""
    return (
        f"case when regexp_matches(\"{column}\", '{FORMULA}') then '''' else '' end"
        f' || "{column}" as "{column}"'
    )
