"""The command under `make build` and its neighbours, such as init, check, report and export."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from winrate import project, wording
from winrate.build import build, check, csv_files, directory, freshness, init, publish, scopes
from winrate.config import folder, scope
from winrate.config.folder import Config
from winrate.ingest import records, warehouse_tables
from winrate.ingest.warehouse_tables import Source
from winrate.state import backup, store

DATE_FORMATS = ("dd/mm/yyyy", "mm/dd/yyyy")
DECIMAL_MARKS = (".", ",")
WAREHOUSE, REPORT, EXPORT = "warehouse.duckdb", "report", "export"  # in the user's folder, if any
SAMPLE = project.ROOT / "seeds" / "sample"  # the folder of the sample export
EXIT_FAILED = 1
EXIT_BUSY = 75  # EX_TEMPFAIL: try again later
EXIT_STOPPED = 130  # as shells say it of Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code and prints one clear sentence where it fails."""
    try:
        options = _parser().parse_args(arguments)
        with ExitStack() as options.until_end:
            return options.run(options)
    except directory.BuildRunningError as error:
        _say(f"winrate: {error}", sys.stderr)
        return EXIT_BUSY
    except (
        project.SettingsError,
        records.ExportError,
        publish.BuildError,
        csv_files.TablesError,
        freshness.StaleError,
        store.StateError,
    ) as error:
        _say(f"winrate: {error}", sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("winrate: Stopped; what is published is whole.", sys.stderr)
        return EXIT_STOPPED
    except BrokenPipeError:  # the reader of what is printed, such as `head`, has what it wants
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED


def _say(text: object, stream: TextIO | None = None) -> None:
    """Print text that may quote names and cells, none of which may command the terminal."""
    print(wording.printable(str(text)), file=stream, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="winrate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    config, source, warehouse, report, state = _shared_arguments()

    building = commands.add_parser(
        "build",
        help="a CRM export to warehouse and report",
        parents=[config, source, warehouse, report, state],
    )
    building.add_argument(
        "--as-of",
        type=lambda text: _as_of("AS_OF", text),
        default="",
        help="YYYY-MM-DD; default: from the data",
    )
    building.add_argument("--target", default="duckdb", help="a target of profiles.yml")
    building.add_argument("--threads", type=_threads, default="", help="default: one per core")
    building.set_defaults(run=_build)

    starting = commands.add_parser(
        "init",
        help="a folder of settings with what is known about an export",
        parents=[config, source],
    )
    starting.set_defaults(run=_init)

    checking = commands.add_parser(
        "check", help="how an export would be read; builds nothing", parents=[config, source]
    )
    checking.set_defaults(run=_check)

    reporting = commands.add_parser(
        "report",
        help="draw the report of a built warehouse again",
        parents=[config, warehouse, report],
    )
    reporting.set_defaults(run=_report)

    exporting = commands.add_parser(
        "export", help="every public table as a CSV file", parents=[config, warehouse]
    )
    exporting.add_argument("--folder", type=_path, default="", help="default: export")
    exporting.set_defaults(run=_export)

    ageing = commands.add_parser(
        "check-fresh",
        help="fail where the published build is old",
        parents=[config, warehouse],
    )
    ageing.add_argument(
        "--max-age", type=freshness.duration, default="26h", help="such as 90m, 26h or 7d"
    )
    ageing.set_defaults(run=_check_fresh)

    for name, text, run in (
        ("state-export", "what builds recorded, as one file", _state_export),
        ("state-import", "add what such a file has to the state", _state_import),
    ):
        moving = commands.add_parser(name, help=text, parents=[config, warehouse, state])
        moving.add_argument("--file", type=_path, default="", help="default: beside the state")
        moving.set_defaults(run=run)
    return parser


def _shared_arguments() -> list[argparse.ArgumentParser]:
    """Arguments of several commands: folder of settings, export, database, page, state."""
    config, source, warehouse, report, state = (
        argparse.ArgumentParser(add_help=False) for _ in range(5)
    )
    config.add_argument("--config", type=_path, default="", help="a folder that `init` wrote")
    source.add_argument("--deals", type=_path, default="", help="default: the sample export")
    source.add_argument("--source", type=_path, default="", help="a warehouse with the deals")
    source.add_argument("--stages", type=_path, default="", help="the history of the stages")
    source.add_argument("--mapping", type=_path, default="", help="a CSV of kind,found,means")
    source.add_argument(
        "--date-format",
        type=lambda text: _choice("DATE_FORMAT", text, DATE_FORMATS),
        default="",
        help=" or ".join(DATE_FORMATS),
    )
    source.add_argument(
        "--decimal-mark",
        type=lambda text: _choice("DECIMAL_MARK", text, DECIMAL_MARKS),
        default="",
        help=" or ".join(DECIMAL_MARKS),
    )
    source.add_argument("--scope", default="", help="such as 'deal_type=New Business'")
    warehouse.add_argument("--warehouse", type=_path, default="", help=f"default: {WAREHOUSE}")
    report.add_argument("--report", type=_path, default="", help=f"default: {REPORT}")
    state.add_argument("--state", type=_path, default="", help="default: beside the warehouse")
    return [config, source, warehouse, report, state]


def _build(options: argparse.Namespace) -> int:
    config = _config(options)
    request = build.BuildRequest(
        **_source(options, config),
        warehouse=_output(options, "warehouse", WAREHOUSE),
        report=_output(options, "report", REPORT),
        as_of=options.as_of or _as_of(config.named("as_of_date"), config.variables["as_of_date"]),
        target=options.target,
        threads=options.threads,
        state=options.state or config.state(),
    )
    named = _named_scopes(options, config)
    if named:
        _say(f"Building {', '.join(named)} from {request.deals} ...")
        for text in scopes.build_scopes(request, named):
            _say(text)
        return 0
    _say(f"Building {request.warehouse} from {request.deals} ...")
    _say(build.build(request))
    return 0


def _init(options: argparse.Namespace) -> int:
    if not (options.config and options.deals):
        raise project.SettingsError(
            "name an export and a folder to write: make init DEALS=export.csv CONFIG=my_crm"
        )
    config = folder.read(options.config if options.config.exists() else None)
    source = _source(options, config)
    source["stages"] = options.stages  # a history of SOURCE is a copy, which does not stay
    request = build.BuildRequest(**source, warehouse=Path(), report=Path())
    _say(init.init(request, options.config))
    return 0


def _check(options: argparse.Namespace) -> int:
    config = _config(options)
    request = build.BuildRequest(**_source(options, config), warehouse=Path(), report=Path())
    found = check.check(request, _named_scopes(options, config))
    _say(found.text)
    return 0 if found.is_usable else EXIT_FAILED


def _named_scopes(options: argparse.Namespace, config: Config) -> dict[str, str]:
    """The scopes of the settings, by name; none where the command line names one."""
    return {} if options.scope else scope.read_scopes(config.variables)


def _config(options: argparse.Namespace) -> Config:
    """The user's folder; that of the sample where the command line names no export either."""
    has_export = options.deals or options.source
    return folder.read(options.config or (None if has_export else SAMPLE))


def _source(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    """What to read and how: as the command line says, or else the user's folder."""
    variables = config.variables
    found = Source(options.deals, options.stages)
    source = options.source or (None if options.deals else config.source())
    if source:
        copies = options.until_end.enter_context(TemporaryDirectory(prefix="winrate-"))
        found = warehouse_tables.find(source, Path(copies))
    return {
        "config": config,
        "deals": found.deals or config.deals(),
        "stages": options.stages or found.stages or config.stages(),
        "mapping": options.mapping,
        "scope": options.scope or variables["scope"],
        "date_format": options.date_format
        or _choice(config.named("date_format"), variables["date_format"], DATE_FORMATS),
        "decimal_mark": options.decimal_mark
        or _choice(config.named("decimal_mark"), variables["decimal_mark"], DECIMAL_MARKS),
    }


def _output(options: argparse.Namespace, name: str, default: str) -> Path:
    """The file or folder that the command line names, or else the default in the user's folder."""
    return getattr(options, name) or (options.config or Path()) / default


def _report(options: argparse.Namespace) -> int:
    warehouse = _output(options, "warehouse", WAREHOUSE)
    if not warehouse.is_file():
        raise publish.BuildError(f"{warehouse} is not there; run `make build` first.")
    _say(publish.publish_report(warehouse, _output(options, "report", REPORT)))
    return 0


def _export(options: argparse.Namespace) -> int:
    warehouse = _output(options, "warehouse", WAREHOUSE)
    to_folder = _output(options, "folder", EXPORT)
    names = csv_files.export_tables(warehouse, to_folder)
    _say(f"{len(names)} public tables of {warehouse} are in {to_folder}.")
    return 0


def _check_fresh(options: argparse.Namespace) -> int:
    warehouse = _output(options, "warehouse", WAREHOUSE)
    _say(freshness.check_fresh(warehouse, options.max_age, datetime.now(UTC)))
    return 0


def _state_export(options: argparse.Namespace) -> int:
    state, file = _state_and_backup(options)
    n_records = _moved(lambda: backup.export_state(state, file))
    _say(f"{wording.count(n_records)} records of {state} are in {file}.")
    return 0


def _state_import(options: argparse.Namespace) -> int:
    state, file = _state_and_backup(options)
    n_records, n_before = _moved(lambda: backup.import_state(state, file))
    n_new = n_records - n_before
    _say(f"{state} has {wording.count(n_records)} records, {wording.count(n_new)} of them new.")
    return 0


def _state_and_backup(options: argparse.Namespace) -> tuple[Path, Path]:
    """The folder of the state, and the file of its backup."""
    warehouse = _output(options, "warehouse", WAREHOUSE).resolve()
    stated = options.state or folder.read(options.config).state()
    state = stated or store.default_folder(warehouse)
    return state, options.file or state.with_name(f"{state.name}.zip")


def _moved(move: Callable[[], Any]) -> Any:
    """What moving a state returns; raises StateError where a file or folder cannot be written."""
    try:
        return move()
    except OSError as error:
        raise store.StateError(f"{error.filename}: {error.strerror}.") from error


# ---- types of arguments; empty text, as make gives it, is no argument


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _choice(name: str, text: str, known: Sequence[str]) -> str:
    text = text.lower()
    if text and text not in known:
        raise publish.BuildError(
            f"{name} is '{text}'; expected {' or '.join(known)}. Nothing was built."
        )
    return text


def _threads(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and int(text)):
        raise publish.BuildError(
            f"THREADS is '{text}'; expected a whole number from 1 on. Nothing was built."
        )
    return int(text) if text else None


def _as_of(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise publish.BuildError(
            f"{name} is '{text}'; expected a date such as 2026-06-30. Nothing was built."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
