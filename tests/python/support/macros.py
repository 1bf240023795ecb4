"""SQL macros without dbt, to compare them with Python."""

from types import SimpleNamespace

import duckdb
import jinja2

from winrate import project

MACROS = project.ROOT / "macros"


class Macros:
    """The macros of some files of macros/, rendered for DuckDB without dbt."""

    def __init__(self, *names: str):
        files = [
            *sorted((MACROS / "dialect").glob("*.sql")),
            *(MACROS / f"{name}.sql" for name in names),
        ]
        environment = jinja2.Environment(extensions=["jinja2.ext.do"])
        environment.globals["return"] = lambda value: value
        environment.globals["adapter"] = SimpleNamespace(
            dispatch=lambda name, package: getattr(self.module, f"duckdb__{name}")
        )
        text = "\n".join(file.read_text(encoding="utf-8") for file in files)
        self.module = environment.from_string(text).module

    def values(self, macro: str, *arguments: str, table: str = "") -> list[str | None]:
        """What the SQL of a macro gives, one value per row of `table`."""
        expression = getattr(self.module, macro)(*arguments)
        found = duckdb.execute(f"select {expression} {table and 'from ' + table}").fetchall()
        return [value for (value,) in found]
