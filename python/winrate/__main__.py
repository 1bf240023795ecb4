"""The command under `make build` and `make report`."""

import argparse
import sys
from datetime import date
from pathlib import Path
from typing import TextIO

from winrate import build, ingest, project, publish, wording

EXIT_FAILED = 1
EXIT_BUSY = 75  # EX_TEMPFAIL: try again later
EXIT_STOPPED = 130  # as shells say it of Ctrl-C


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code and prints one clear sentence where it fails."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except build.BuildRunningError as error:
        _say(f"winrate: {error}", sys.stderr)
        return EXIT_BUSY
    except (ingest.ExportError, build.BuildError) as error:
        _say(f"winrate: {error}", sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("winrate: Stopped; what is published is whole.", sys.stderr)
        return EXIT_STOPPED


def _say(text: object, stream: TextIO | None = None) -> None:
    """Print text that may quote names and cells, none of which may command the terminal."""
    print(wording.printable(str(text)), file=stream, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="winrate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    building = commands.add_parser("build", help="a CRM export to warehouse and report")
    building.add_argument("--deals", type=Path, default=project.ROOT / "seeds/deals.csv")
    _add_published(building)
    building.add_argument("--as-of", default="", help="YYYY-MM-DD; default: from the data")
    building.add_argument("--target", default="duckdb", help="a target of profiles.yml")
    building.set_defaults(run=_build)

    reporting = commands.add_parser("report", help="draw the report of a built warehouse again")
    _add_published(reporting)
    reporting.set_defaults(run=_report)
    return parser


def _add_published(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--warehouse", type=Path, default=Path("warehouse.duckdb"))
    parser.add_argument("--report", type=Path, default=Path("report"))


def _build(options: argparse.Namespace) -> int:
    _say(f"Building {options.warehouse} from {options.deals} ...")
    _say(
        build.build(
            build.BuildRequest(
                deals=options.deals,
                warehouse=options.warehouse,
                report=options.report,
                as_of=_as_of(options.as_of),
                target=options.target,
            )
        )
    )
    return 0


def _report(options: argparse.Namespace) -> int:
    if not options.warehouse.exists():
        raise build.BuildError(f"{options.warehouse} is not there; run `make build` first.")
    _say(publish.publish_report(options.warehouse, options.report))
    return 0


def _as_of(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise build.BuildError(
            f"AS_OF is '{text}'; expected a date such as 2026-06-30. Nothing was built."
        ) from error


if __name__ == "__main__":
    sys.exit(main())
