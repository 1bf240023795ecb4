"""Writes docs/tables.md, the public tables and their columns, from the dbt manifest.

    dbt parse && python -m tools.docs.tables docs/tables.md

The descriptions come from the `.yml` files and from models/docs.md.
"""

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tools.docs import markdown
from winrate import project

HEAD = """\
# The public tables

<!-- Written by `make docs` from models/**/*.yml and models/docs.md: change it there. -->
"""
INTRODUCTION = "doc.winrate.__overview__"  # the front page of dbt's own documentation too


def public_models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The models with an enforced contract, layer by layer and by name within a layer.

    manifest: dbt's manifest.json.
    """
    layers = _layers()
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["contract"]["enforced"]
    ]
    return sorted(models, key=lambda model: (layers.index(model["schema"]), model["name"]))


def tables_text(manifest: dict[str, Any]) -> str:
    """The text of docs/tables.md for a manifest of dbt."""
    models = public_models(manifest)
    introduction = manifest["docs"][INTRODUCTION]["block_contents"]
    parts = [HEAD, f"\n{introduction}\n\n", _contents(models)]
    for schema, in_schema in groupby(models, key=lambda model: model["schema"]):
        parts.append(f"\n## {schema}\n")
        for columns, alike in groupby(in_schema, key=_columns):
            tables = list(alike)
            parts += [f"\n### {_name(table)}\n\n{_line(table)}\n" for table in tables]
            if len(tables) > 1:
                parts.append(f"\nThese {len(tables)} tables have the same columns:\n")
            parts.append("\n" + markdown.table(["column", "type", "meaning"], columns))
    return "".join(parts)


def _layers() -> list[str]:
    """The schemas in the order in which dbt_project.yml names their folders."""
    text = (project.ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    return [name for name in yaml.safe_load(text)["models"]["winrate"] if name[0] != "+"]


def _contents(models: list[dict[str, Any]]) -> str:
    rows = []
    for model in models:
        anchor = _name(model).replace(".", "")
        one_row = _line(model).removeprefix("One row ").split(". ")[0].rstrip(".")
        rows.append((f"[{_name(model)}](#{anchor})", one_row))
    return markdown.table(["table", "one row"], rows)


def _columns(model: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"`{column['name']}`", column["data_type"], _line(column))
        for column in model["columns"].values()
    ]


def _name(model: dict[str, Any]) -> str:
    return f"{model['schema']}.{model['name']}"


def _line(described: dict[str, Any]) -> str:
    """The description of a model or a column in one line."""
    return " ".join(described["description"].split())


def main(arguments: list[str] | None = None) -> int:
    """Write the file that the command line names."""
    parser = argparse.ArgumentParser(description="Write the list of public tables as Markdown.")
    parser.add_argument("path", type=Path, help="the file to write, such as docs/tables.md")
    parser.add_argument(
        "--manifest",
        type=Path,
        default=project.ROOT / "target" / "manifest.json",
        help="what `dbt parse` wrote; default: %(default)s",
    )
    options = parser.parse_args(arguments)
    if not options.manifest.exists():
        print(f"{options.manifest} is not there; run `dbt parse` first.", file=sys.stderr)
        return 1
    manifest = json.loads(options.manifest.read_text(encoding="utf-8"))
    options.path.write_text(tables_text(manifest), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
