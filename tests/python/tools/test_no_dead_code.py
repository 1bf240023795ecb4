"""Nothing is defined that nothing uses: macros, doc blocks, settings, Python functions and classes.

A name counts as used where it occurs as a word outside of its definition, so a few unused names can
go unnoticed, but no used name is reported. A use in a test does not count, except of a tool.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import yaml

from winrate import project

# Called by dbt in place of its own macros of the same name.
OVERRIDES = {
    "ref",
    "generate_schema_name",
    "duckdb__get_columns_in_relation",
}
# Called from the command line, by dbt, and by openpyxl in place of its own.
ENTRY_POINTS = {"main", "model", "read_chartsheet"}


def texts(folders: Iterable[str], suffixes: Iterable[str]) -> dict[Path, str]:
    """The files of some folders with one of the suffixes."""
    return {
        path: path.read_text(encoding="utf-8")
        for folder in folders
        for path in sorted((project.ROOT / folder).rglob("*"))
        if path.suffix in suffixes and path.is_file()
    }


def unused(names: Iterable[str], text: str) -> list[str]:
    """Names that occur in a text once, where they are defined."""
    n_times = Counter(re.findall(r"\w+", text))
    return [name for name in names if n_times[name] < 2]


def test_every_macro_is_used():
    macros = "".join(texts(["macros"], [".sql"]).values())
    used_in = "".join(
        texts(["models", "tests/singular", "tests/generic"], [".sql", ".yml"]).values()
    )
    defined = re.findall(r"\{%-? *macro (\w+)", macros)
    dispatched = {f"duckdb__{name}" for name in re.findall(r"dispatch\('(\w+)'", macros)}
    names = [name for name in defined if name not in OVERRIDES | dispatched]
    # Definitions and calls have parentheses, which tells them from columns of the same name.
    calls = " ".join(re.findall(r"\w+(?= *\()", macros + used_in))
    assert names and unused(names, calls) == []


def test_every_generic_test_is_used():
    definitions = "".join(texts(["tests/generic"], [".sql"]).values())
    properties = "".join(texts(["models", "seeds"], [".yml"]).values())
    names = re.findall(r"\{% test (\w+)", definitions)
    assert names and unused(names, "\n".join([*names, properties])) == []


def test_every_doc_block_is_used():
    blocks = "".join(texts(["models"], [".md"]).values())
    properties = "".join(texts(["models", "seeds"], [".yml"]).values())
    names = [name for name in re.findall(r"\{% docs (\w+)", blocks) if name != "__overview__"]
    used = re.findall(r"doc\('(\w+)'\)", properties)
    assert names and sorted(set(names) - set(used)) == []


def test_every_setting_is_read():
    settings = yaml.safe_load((project.ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    code = texts(["models", "macros", "python/winrate"], [".sql", ".yml", ".py"])
    assert unused(settings["vars"], "\n".join([*settings["vars"], *code.values()])) == []


def top_level_names(tree: ast.Module) -> list[str]:
    """Functions, classes and constants of a module."""
    names = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
    return [name for name in names if name not in ENTRY_POINTS and not name.startswith("__")]


def methods(tree: ast.Module) -> list[str]:
    """Methods and properties of the classes of a module, without those that Python calls."""
    return [
        node.name
        for parent in ast.walk(tree)
        if isinstance(parent, ast.ClassDef)
        for node in parent.body
        if isinstance(node, ast.FunctionDef)
        and node.name not in ENTRY_POINTS
        and not node.name.startswith("__")
    ]


def test_every_python_function_class_and_constant_is_used():
    modules = texts(["python", "models"], [".py"])
    code = modules | texts(["python/winrate"], [".html", ".js"])
    tests = texts(["tests/python"], [".py"])
    dead = {}
    for path, text in modules.items():
        name = path.relative_to(project.ROOT).as_posix()
        # Tests hold that what the tools write is up to date, so they may use the tools.
        users = code | tests if name.startswith("python/tools/") else code
        tree = ast.parse(text)
        names = unused([*top_level_names(tree), *methods(tree)], "\n".join(users.values()))
        if names:
            dead[name] = names
    assert dead == {}
