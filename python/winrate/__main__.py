"""The command under `make build` and its neighbours: check, report, export, check-fresh."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

from winrate import project, wording
from winrate.build import build, check, csv_files, directory, freshness, publish
from winrate.ingest import records

DATE_FORMATS = ("dd/mm/yyyy", "mm/dd/yyyy")
DECIMAL_MARKS = (".", ",")
EXIT_FAILED = 1
EXIT_BUSY = 75  # EX_TEMPFAIL: try again later
EXIT_STOPPED = 130  # as shells say it of Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code and prints one clear sentence where it fails."""
    try:
        options = _parser().parse_args(arguments)
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

    building = commands.add_parser("build", help="a CRM export to warehouse and report")
    _add_source(building)
    _add_published(building)
    building.add_argument(
        "--as-of", type=_as_of, default="", help="YYYY-MM-DD; default: from the data"
    )
    building.add_argument("--target", default="duckdb", help="a target of profiles.yml")
    building.add_argument("--threads", type=_threads, default="", help="default: one per core")
    building.set_defaults(run=_build)

    checking = commands.add_parser("check", help="how an export would be read; builds nothing")
    _add_source(checking)
    checking.set_defaults(run=_check)

    reporting = commands.add_parser("report", help="draw the report of a built warehouse again")
    _add_published(reporting)
    reporting.set_defaults(run=_report)

    exporting = commands.add_parser("export", help="every public table as a CSV file")
    _add_warehouse(exporting)
    exporting.add_argument("--folder", type=Path, default=Path("export"))
    exporting.set_defaults(run=_export)

    ageing = commands.add_parser("check-fresh", help="fail where the published build is old")
    _add_warehouse(ageing)
    ageing.add_argument(
        "--max-age", type=freshness.duration, default="26h", help="such as 90m, 26h or 7d"
    )
    ageing.set_defaults(run=_check_fresh)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    """What the export is and how it is to be read."""
    parser.add_argument("--deals", type=Path, default=project.ROOT / "seeds/deals.csv")
    parser.add_argument(
        "--mapping", type=_optional_path, default="", help="a CSV of kind,found,means"
    )
    parser.add_argument(
        "--date-format",
        type=lambda text: _choice("DATE_FORMAT", text.lower(), DATE_FORMATS),
        default="",
        help=" or ".join(DATE_FORMATS),
    )
    parser.add_argument(
        "--decimal-mark",
        type=lambda text: _choice("DECIMAL_MARK", text, DECIMAL_MARKS),
        default="",
        help=" or ".join(DECIMAL_MARKS),
    )


def _add_warehouse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--warehouse", type=Path, default=Path("warehouse.duckdb"))


def _add_published(parser: argparse.ArgumentParser) -> None:
    _add_warehouse(parser)
    parser.add_argument("--report", type=Path, default=Path("report"))


def _build(options: argparse.Namespace) -> int:
    _say(f"Building {options.warehouse} from {options.deals} ...")
    request = build.BuildRequest(
        **_source(options),
        warehouse=options.warehouse,
        report=options.report,
        as_of=options.as_of,
        target=options.target,
        threads=options.threads,
    )
    _say(build.build(request))
    return 0


def _check(options: argparse.Namespace) -> int:
    found = check.check(build.BuildRequest(**_source(options), warehouse=Path(), report=Path()))
    _say(found.text)
    return 0 if found.is_usable else EXIT_FAILED


def _source(options: argparse.Namespace) -> dict[str, Any]:
    names = ("deals", "mapping", "date_format", "decimal_mark")
    return {name: getattr(options, name) for name in names}


def _report(options: argparse.Namespace) -> int:
    if not options.warehouse.is_file():
        raise publish.BuildError(f"{options.warehouse} is not there; run `make build` first.")
    _say(publish.publish_report(options.warehouse, options.report))
    return 0


def _export(options: argparse.Namespace) -> int:
    names = csv_files.export_tables(options.warehouse, options.folder)
    _say(f"{len(names)} public tables of {options.warehouse} are in {options.folder}.")
    return 0


def _check_fresh(options: argparse.Namespace) -> int:
    _say(freshness.check_fresh(options.warehouse, options.max_age, datetime.now(UTC)))
    return 0


# ---- types of arguments; empty text, as make gives it, is no argument


def _optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def _choice(name: str, text: str, known: Sequence[str]) -> str:
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


def _as_of(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise publish.BuildError(
            f"AS_OF is '{text}'; expected a date such as 2026-06-30. Nothing was built."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
