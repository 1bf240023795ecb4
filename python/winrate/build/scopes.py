"""Builds of several scopes of one export: a warehouse and a page each, and a page of links."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from winrate import wording
from winrate.build import build, publish, summary
from winrate.build.build import BuildRequest
from winrate.build.publish import BuildError
from winrate.ingest import provenance


def build_scopes(request: BuildRequest, scopes: Mapping[str, str]) -> Iterator[str]:
    """Build each scope and publish it; yields the summary of each.

    request: its warehouse and report are a file and a folder beside which those of the scopes are:
        `warehouse_<name>.duckdb` and `report/<name>/`.
    scopes: the scope of each name; see `config.scope`.
    The first build reads the export for all. The builds before one that fails stay published.
    Raises what `build.build` raises, with the name of the scope, and BuildError where the export
    changed between builds.
    """
    with TemporaryDirectory(prefix="winrate-") as folder:
        request = replace(request, kept=Path(folder))
        read_from = provenance.kept_sha256(folder, "deals", request.deals)
        for name, scope in scopes.items():
            try:
                yield build.build(of_scope(request, name, scope))
            except BuildError as error:
                raise BuildError(f"scope {name}: {error}") from error
    # The tables are of what the first build read; the texts of rejected rows are from the file.
    if provenance.file_sha256(request.deals) != read_from:
        raise BuildError(f"{request.deals} changed between the builds of its scopes.")
    publish.publish_files(request.report, lambda folder: _write_index(folder, request, scopes))


def of_scope(request: BuildRequest, name: str, scope: str) -> BuildRequest:
    """The request for one scope."""
    warehouse = request.warehouse.with_stem(f"{request.warehouse.stem}_{name}")
    return replace(request, scope=scope, warehouse=warehouse, report=request.report / name)


def _write_index(folder: Path, request: BuildRequest, scopes: Mapping[str, str]) -> None:
    """Write the page that links the pages of all scopes."""
    # Loaded here: only this page and the report need the templates.
    from winrate.report import page

    links = [
        page.ScopeLink(name, scope, _figures(of_scope(request, name, scope)))
        for name, scope in scopes.items()
    ]
    (folder / "index.html").write_text(page.scopes_html(links), encoding="utf-8", newline="\n")


def _figures(request: BuildRequest) -> str:
    """'as of 2026-06-30: 1,481 won, 2,307 lost, 312 open'."""
    facts = summary.read_facts(request.warehouse)
    n = wording.count
    return (
        f"as of {facts.as_of_date}: {n(facts.n_won)} won, {n(facts.n_lost)} lost, "
        f"{n(facts.n_open)} open. {facts.change or facts.verdict}"
    )
